"""Fetch a GGUF from a hub, once: progress, resume, checksum, disk space first.

huggingface_hub (an optional dependency) knows where a file is, how large it should be, its SHA-256
and the user's token (`HF_ENDPOINT`, `HF_TOKEN`). The bytes are fetched here, because that library
(2.4) throws away what arrived when a download fails for good: we keep it, and go on from there, now
or the next time. A file whose checksum is wrong is removed. Of a model that was split into several
files, all are fetched; each has its own checksum, and the disk must have room for their sum.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..errors import EngineError
from ._parts import is_complete, models_among, parts_of, shown

if TYPE_CHECKING:
    import httpx2

SPARE_BYTES = 200 * 2**20
SLOW_SECONDS = 2.0
TRIES = 5  # break-offs in a row without a byte in between
MODEL = re.compile(r"^(?!.*mmproj).*\.gguf$", re.I)  # mmproj: only the eyes of one
SHA256 = re.compile(r"[0-9a-f]{64}")
USUAL = ("Q4_K_M", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file can be had.

    Attributes:
        hub: id of the repository, `owner/name`.
        file: its path there, or that of one part of a split model; empty to choose by the usual
            quantizations.
        kind: the quantization to choose where `file` is empty; empty for the usual ones.
        sha256: expected checksum of `file`, or of the first part; empty for what the hub names.
        endpoint: another hub; empty for the usual one.
    """

    hub: str
    file: str = ""
    sha256: str = ""
    endpoint: str = ""
    kind: str = ""


def models_folder() -> Path:
    """Where downloaded models are kept: `SAMPLER_BENCH_MODELS`, else `~/.cache/sampler-bench`."""
    chosen = os.environ.get("SAMPLER_BENCH_MODELS")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache/sampler-bench/models"


@dataclass(frozen=True, slots=True)
class _Known:
    """What a hub says about a file. `size` is 0 and `sha256` empty where it does not say."""

    file: str
    url: str
    size: int
    sha256: str
    etag: str
    headers: dict[str, str] = field(repr=False)

    def part(self, folder: Path) -> Path:
        """What has arrived of it."""
        return folder / f"{self.file}.{self.etag[:16]}.part"


def download(source: Source, folder: Path, say: Say, *, wait_seconds: float = 1.0) -> Path:
    """Bring a model from a hub into a folder, unless it is there already.

    Args:
        source: where it is.
        folder: where it goes; a repository gets a folder of its own.
        say: told what happens, a line at a time.
        wait_seconds: before a broken connection is tried again; it doubles from there.

    Returns:
        Its file; of a split model the first, which finds the others beside it.

    Raises:
        EngineError: the hub or a file cannot be reached, the disk is too small, a checksum is
            wrong, or huggingface_hub is not installed.
    """
    _check_installed()
    folder = folder / source.hub.replace("/", "--")
    parts = parts_of(source.file) if source.file else _choose(source)
    _check_inside(parts, source)
    with _on_disk(folder):
        missing = [file for file in parts if not (folder / file).is_file()]
    if missing:
        known = {source.file or parts[0]: source.sha256}
        wanted = [_ask(source, file, known.get(file, "")) for file in missing]
        with _on_disk(folder):
            _check_space(folder, wanted)
        if len(wanted) > 1:
            size = _sum_text(wanted)
            say(f"{parts[0]}: {len(wanted)} of {len(parts)} parts are to come, {size} in all")
        for one in wanted:
            _bring(one, source, folder, say, wait_seconds)
    return folder / parts[0]


def _bring(known: _Known, source: Source, folder: Path, say: Say, wait_seconds: float) -> None:
    part = known.part(folder)
    say(f"downloading {known.file} from {source.hub} ({_sum_text([known])}) to {folder}")
    with _Translation(source, known.file, "; what arrived is kept, start again to go on"):
        _fetch(known, part, say, wait_seconds)
    with _on_disk(folder):
        _check_whole(part, known, say)
        part.replace(folder / known.file)


def _check_inside(parts: Sequence[str], source: Source) -> None:
    """See that files stay in their folder: a hub's list of files is a stranger's word."""
    for file in parts:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts:
            raise EngineError(
                f"{source.hub}: expected a file inside the repository, found {file!r}"
            )


def _choose(source: Source) -> tuple[str, ...]:
    """Pick a model of a repository: of the kind that is asked for, the only one, or a usual one."""
    from huggingface_hub import HfApi

    with _Translation(source, "its list of files"):
        listed = HfApi(endpoint=source.endpoint or None).list_repo_files(source.hub)
    models = models_among(name for name in listed if MODEL.search(name))
    complete = [parts for parts in models if is_complete(parts)]
    if len(complete) == len(models) == 1 and not source.kind:
        return complete[0]
    for kind in (source.kind,) if source.kind else USUAL:
        for parts in complete:
            if re.search(rf"(?<![a-z0-9]){re.escape(kind)}(?![a-z0-9])", parts[0], re.I):
                return parts
    if not models:
        raise EngineError(
            f"{source.hub} has no GGUF file; name a repository that has (many end in -GGUF)"
        )
    asked = f"none of them is a whole {source.kind}." if source.kind else "which one?"
    raise EngineError(
        f"{source.hub} has {', '.join(sorted(map(shown, models)))}; {asked} Name one as "
        f"{source.hub}:FILE, or in models.yaml (`file:`)"
    )


def _ask(source: Source, file: str, sha256: str) -> _Known:
    from huggingface_hub import get_hf_file_metadata, get_token, hf_hub_url

    url = hf_hub_url(source.hub, file, endpoint=source.endpoint or None)
    with _Translation(source, file):
        told = get_hf_file_metadata(url)
    sha256 = sha256 or (told.etag if told.etag and SHA256.fullmatch(told.etag) else "")
    token = get_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return _Known(file, url, told.size or 0, sha256, told.etag or "", headers)


def _fetch(known: _Known, part: Path, say: Say, wait_seconds: float) -> None:
    """Append to `part` until it is whole; break-offs are tried again, longer apart each time.

    Raises:
        httpx2.HTTPError: it broke off too often without a byte in between.
    """
    import httpx2

    progress, lost = _Progress(known.size, say), 0
    with httpx2.Client(headers=known.headers, timeout=60.0, follow_redirects=True) as client:
        while True:
            had = _length(part)
            try:
                _append(client, known, part, progress)
                return
            except httpx2.TransportError:
                lost = 1 if _length(part) > had else lost + 1
                if lost > TRIES:
                    raise
                say(f"the connection broke after {size_text(_length(part))}; going on from there")
                time.sleep(wait_seconds * 2.0 ** (lost - 1))


def _append(client: httpx2.Client, known: _Known, part: Path, progress: _Progress) -> None:
    had = _length(part)
    if known.size and had >= known.size:
        return
    asked = {"Range": f"bytes={had}-"} if had else {}
    with client.stream("GET", known.url, headers=asked) as response:
        response.raise_for_status()
        whole = response.status_code != 206  # the server cannot send a part
        with _on_disk(part.parent), part.open("wb" if whole else "ab") as file:
            for block in response.iter_raw():
                file.write(block)
                progress.show(file.tell())


class _Progress:
    """Says a line for every tenth, with what is left to wait."""

    def __init__(self, size: int, say: Say) -> None:
        self._size, self._say, self._told = size, say, -1
        self._begin, self._had = time.monotonic(), -1

    def show(self, arrived: int) -> None:
        if self._had < 0:
            self._begin, self._had = time.monotonic(), arrived
        tenth = 10 * arrived // self._size if self._size else -1
        if tenth > self._told:
            self._told = tenth
            self._say(f"{10 * tenth} % ({size_text(arrived)}{self._left(arrived)})")

    def _left(self, arrived: int) -> str:
        seconds = time.monotonic() - self._begin
        if seconds < SLOW_SECONDS:  # too soon to tell, or too fast to matter
            return ""
        left = (self._size - arrived) * seconds / max(arrived - self._had, 1)
        return f", about {left / 60:.0f} min left" if left > 90 else f", about {left:.0f} s left"


def _check_space(folder: Path, wanted: Sequence[_Known]) -> None:
    for known in wanted:
        (folder / known.file).parent.mkdir(parents=True, exist_ok=True)
    needed = sum(max(0, known.size - _length(known.part(folder))) for known in wanted)
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise EngineError(
            f"{', '.join(known.file for known in wanted)}: what is to come needs "
            f"{size_text(needed)} and {size_text(SPARE_BYTES)} to spare, but only "
            f"{size_text(free)} are free in {folder}; make room, or name another folder with "
            "SAMPLER_BENCH_MODELS"
        )


def _check_whole(part: Path, known: _Known, say: Say) -> None:
    """Compare size and checksum with what the hub says; remove the file where they differ."""
    found = _length(part)
    if known.size and found != known.size:
        part.unlink()
        raise EngineError(
            f"{part.name}: {found} bytes arrived, expected {known.size}; the file was removed, "
            "start again to download it anew"
        )
    if not known.sha256:
        say(f"{part.name}: the hub names no checksum, so none was compared")
        return
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != known.sha256:
        part.unlink()
        raise EngineError(
            f"{part.name}: the checksum is {digest}, expected {known.sha256}; the file was "
            "removed, start again to download it anew"
        )
    say("checksum verified")


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _check_installed() -> None:
    try:
        import huggingface_hub  # noqa: F401
    except ImportError as error:
        raise EngineError(
            "downloading a model needs huggingface_hub: pip install 'sampler-bench[download]', or "
            "download the GGUF yourself and give its path"
        ) from error


class _Translation:
    """Turn what huggingface_hub and the network raise into one error."""

    def __init__(self, source: Source, what: str, then: str = "") -> None:
        self._source, self._what, self._then = source, what, then

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        from httpx2 import HTTPError
        from huggingface_hub.errors import HfHubHTTPError

        where = self._source.endpoint or os.environ.get("HF_ENDPOINT") or "the hub"
        if isinstance(error, HfHubHTTPError | HTTPError | OSError | ValueError):
            words = " ".join(str(error).split())[:300]
            raise EngineError(
                f"{self._source.hub}: {self._what} cannot be had from {where}: {words}; check the "
                f"name and the network{self._then}"
            ) from error


@contextmanager
def _on_disk(folder: Path) -> Iterator[None]:
    """Turn what the system says of a folder into our error."""
    try:
        yield
    except OSError as error:
        raise EngineError(
            f"{folder}: models cannot be kept there: {error.strerror or error}; see to it, or name "
            "another folder with SAMPLER_BENCH_MODELS"
        ) from error


def _sum_text(files: Sequence[_Known]) -> str:
    """The size of files together; one of which the hub tells none leaves it unknown."""
    sizes = [one.size for one in files]
    return size_text(sum(sizes)) if all(sizes) else "size unknown"


def size_text(count: int) -> str:
    """`4.6 GiB`."""
    if count < 2**10:
        return f"{count} bytes"
    if count < 2**20:
        return f"{count / 2**10:.0f} KiB"
    return f"{count / 2**20:.0f} MiB" if count < 2**30 else f"{count / 2**30:.1f} GiB"

"""What `search`, `demo` and `benchmark` share: from a request to a finished study on disk."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shlex
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BudgetReached, NotReachable, UsageError
from ._environment import environment
from ._files import free_name, write_atomically
from ._options import embedding_of
from ._output import can_show, say
from ._page import write_page

if TYPE_CHECKING:
    from ..records import Trial
    from ..reports._document import Document
    from ..spec import StudySpec
    from ..store import Store
    from ..tuning.request import Finished, Request

# Options of the command line and the keys of a study file that they override.
OVERRIDES = {
    "model": "model",
    "strategy": "search_strategy",
    "iterations": "n_iterations",
    "samples_per_config": "samples_per_config",
    "samplers": "sampler_types",
    "custom_prompts": "test_prompts",
    "judge": "judge",
    "judge_model": "judge_models",
    "seed": "seed",
    "server": "server",
    "engine": "engine",
    "baseline": "baseline",
    "slots": "slots",
    "raw": "raw",
    "max_samples": "max_samples",
    "max_cost": "max_cost",
    "max_minutes": "max_minutes",
    "objective": "objective",
    "diversity_weight": "diversity_weight",
    "embedding": "embedding",
}
# What may change when a study goes on; everything else is part of what it is.
CHANGEABLE = (
    "embedding",
    "judge",
    "judge_models",
    "server",
    "engine",
    "slots",
    "max_samples",
    "max_cost",
    "max_minutes",
)
STATED_ONCE = ("config", "config_section", "study")  # options that only begin a study
BEST = "best_configs.yaml"


def overrides_of(args: argparse.Namespace) -> dict[str, object]:
    """The study keys that the command line states."""
    stated = {option: getattr(args, option, None) for option in OVERRIDES}
    stated["embedding"] = embedding_of(stated["embedding"])
    return {OVERRIDES[option]: value for option, value in stated.items() if value is not None}


def search(args: argparse.Namespace) -> int:
    """Run a search as the arguments say, keep the results and print the report.

    Returns:
        The exit code.
    """
    from ..plugins import find
    from ..store.sqlite import open_store

    with open_store(args.output_dir) as store:
        request = make_request(args, store)
        finished, document = run_and_keep(request, store, args.quiet)
    show(document, args.json, find("reports", "terminal").report)
    return conclude(finished, document, args.quiet)


def make_request(args: argparse.Namespace, store: Store) -> Request:
    """A request for a new study, or for a kept one to go on with.

    Raises:
        SpecError: the study file or an option is wrong.
        UsageError, StoreError: there is no study to go on with, or it cannot be changed so.
    """
    from ..spec import load_study

    overrides = overrides_of(args)
    if args.resume is not None:
        return _resumed(args, overrides, store)
    spec = load_study(args.config, args.config_section, overrides)
    stem = f"hyper_search_{spec.search_strategy}_{time.strftime('%Y%m%d_%H%M%S')}"
    return new_request(args, spec, stem, store)


def new_request(args: argparse.Namespace, spec: StudySpec, stem: str, store: Store) -> Request:
    """A request for a new study that is named after its results file, unless it has a name.

    Raises:
        StoreError: a study has the name already, or the results file cannot be written.
    """
    from ..tuning.choices import resolved
    from ..tuning.request import Request

    spec = resolved(spec, lambda: secrets.randbelow(2**31))
    if named := getattr(args, "study", None):
        store.see_free(named)
    path = free_name(args.output_dir, stem, ".json")
    name = named or path.stem
    allow = getattr(args, "allow_unverified", False)
    return Request(
        spec,
        args.output_dir,
        name,
        path,
        environment(),
        allow_unverified=allow,
        words=args.words,
    )


def _resumed(args: argparse.Namespace, overrides: Mapping[str, object], store: Store) -> Request:
    from ..spec import StudySpec, read_overrides
    from ..tuning.request import Request

    fixed = [key for key in overrides if key not in CHANGEABLE]
    fixed += [key for key in STATED_ONCE if getattr(args, key, None) is not None]
    if fixed:
        raise UsageError(
            f"--resume goes on with a study as it is; {', '.join(fixed)} cannot change "
            f"(only {', '.join(CHANGEABLE)} can): start a new study for that"
        )
    row = store.chosen(args.resume or None)
    spec = replace(StudySpec.from_json(row.spec), **read_overrides(overrides))
    note = store.note(row.id, "results") or {}
    path = args.output_dir / str(note.get("file") or f"{row.name}.json")
    allow = getattr(args, "allow_unverified", False)
    return Request(
        spec,
        args.output_dir,
        row.name,
        path,
        environment(),
        resume=True,
        allow_unverified=allow,
        words=args.words,
    )


def run_and_keep(request: Request, store: Store, quiet: bool) -> tuple[Finished, Document]:
    """Run a study with progress on stderr; write its results, also after an outage.

    Raises:
        NotReachable: with how to go on, where texts are kept already.
    """
    from ..tuning.run import run
    from ._live import Progress

    with Progress(quiet) as progress:
        try:
            finished = _run(lambda stop: run(request, store, progress, stop), progress.pause)
        except NotReachable as error:
            if not kept(store, request.name):
                raise
            keep_what_is_there(request)
            raise type(error)(f"{error}; {how_to_go_on(request)}") from error
        finally:
            _give_back(request.results, store, request.name)
    document = finished.document()
    keep(request, document, finished.trials)
    return finished, document


def keep_what_is_there(request: Request) -> None:
    """Write the results of a run that broke off, from what the store has of it."""
    from ..tuning.kept import study_of_kept

    found = study_of_kept(request.folder, request.name)
    keep(request, found.document, found.trials)


def _give_back(reserved: Path, store: Store, name: str) -> None:
    """Remove an empty results file where no study came of it; what was written stays."""
    if store.study(name) is None and reserved.is_file() and not reserved.stat().st_size:
        reserved.unlink()


def kept(store: Store, name: str) -> bool:
    """Whether a study has texts already."""
    row = store.study(name)
    return row is not None and any(trial.written for trial in store.trials(row.id))


def how_to_go_on(request: Request) -> str:
    """What a user is told who wants to go on with a study."""
    return f"what is finished is kept; go on with: {resume_command(request)}"


def resume_command(request: Request) -> str:
    """The command that goes on with a study, of a search or of a benchmark."""
    words = ["sampler-bench", "search", "--resume", request.name]
    if request.folder != Path("results"):
        words += ["--output-dir", str(request.folder)]
    return shlex.join(words)


def keep(request: Request, document: Document, trials: Iterable[Trial]) -> None:
    """Write the results file and its page, and refresh best_configs.yaml beside them."""
    from ..exports.guide_yaml import write_best

    write_atomically(request.results, document.text())
    if document.best_configuration is not None:
        write_atomically(request.folder / BEST, write_best(document))
    write_page(page_of(request), document, trials)


def page_of(request: Request) -> Path:
    """Where the page of a run lies."""
    return request.results.with_suffix(".html")


def _run(
    main: Callable[[asyncio.Event], Coroutine[None, None, Finished]],
    on_signal: Callable[[str], None],
) -> Finished:
    """Run an async main; the first Ctrl-C sets `stop`, the second cancels."""

    async def supervised() -> Finished:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        task = asyncio.create_task(main(stop))

        def interrupt(*_: object) -> None:
            if stop.is_set():
                loop.call_soon_threadsafe(task.cancel)
                return
            on_signal("stopping: what is in flight is finished; Ctrl-C again stops at once")
            loop.call_soon_threadsafe(stop.set)

        before = {number: signal.signal(number, interrupt) for number in _signals()}
        try:
            return await task
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _signals() -> list[signal.Signals]:
    return [signal.SIGINT, signal.SIGTERM]


def show(document: Document, as_json: bool, report: Callable[..., str]) -> None:
    """Print the results to stdout: the report, or JSON."""
    if as_json:
        sys.stdout.write(document.text())
    else:
        sys.stdout.write(report(document, plain=not can_show(sys.stdout)))
    sys.stdout.flush()


def conclude(finished: Finished, document: Document, quiet: bool) -> int:
    """Say where the results are and how to go on; return the exit code.

    Raises:
        BudgetReached: the budget ended before any text was judged or failed.
    """
    request = finished.request
    say(f"results: {request.results}", quiet=quiet)
    say(f"report: {page_of(request)}", quiet=quiet)
    if document.best_configuration is not None:
        say(f"presets: {request.folder / BEST}", quiet=quiet)
    if finished.ended == "done":
        return 0
    if finished.ended == "interrupted":
        say(f"interrupted; {how_to_go_on(request)}")
        return 130
    if not document.search_metadata.texts:
        raise BudgetReached(
            f"the budget ended before there was a result: {finished.ended}; raise it and go on "
            f"with: {resume_command(request)}"
        )
    say(f"the budget ended the search: {finished.ended}; to go on, raise it and run:")
    say(f"   {resume_command(request)}")
    return 0

"""Embeddings of a study's texts: asked for when they are there, kept, never asked for twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from ..analysis.answers import Embedded, excerpt
from ..engines import EMBEDDING_KEY
from ..errors import EngineError
from ..records import Completion, JsonObject, Trial
from .folder import named

if TYPE_CHECKING:
    from ..engines._embeddings import Embeddings
    from ..spec import EmbeddingSpec
    from ..store import Store, StudyRow
    from .events import Watcher
    from .parts import Stop
    from .request import Request

NOTE = "embedding"
OPENAI = "api.openai.com"
AT_ONCE = 16  # texts in a request

Vectors: TypeAlias = dict[str, tuple[float, ...]]  # by digest


def asking(wanted: EmbeddingSpec, environment: Mapping[str, str]) -> Embeddings:
    """The embedding model that a study names; OpenAI's key is shown to OpenAI alone."""
    from ..engines._embeddings import Embeddings
    from ..spec.environment import JUDGE_KEY

    its_own = environment.get(EMBEDDING_KEY) or urlsplit(wanted.url).hostname != OPENAI
    name = EMBEDDING_KEY if its_own else JUDGE_KEY
    return Embeddings(wanted.url, wanted.model, environment.get(name, ""), key_name=name)


async def check(wanted: EmbeddingSpec, environment: Mapping[str, str]) -> str:
    """See that the embedding model answers, before anything is spent.

    Raises:
        EngineError: it does not.
    """
    async with asking(wanted, environment) as model:
        return await model.check()


async def embed_kept(
    store: Store,
    study: int,
    wanted: EmbeddingSpec,
    environment: Mapping[str, str],
    stop: Stop | None = None,
) -> int:
    """Embed the good texts of a study that have no embedding yet.

    Returns:
        How many texts were embedded now.

    Raises:
        EngineError: the model does not answer, is another one than before, or the user stops;
            what came is kept.
    """
    texts = _excerpts(store.trials(study))
    known = _of_one_length(store.vectors(wanted.model, list(texts)))
    absent = [digest for digest in texts if digest not in known]
    async with asking(wanted, environment) as model:
        for first in range(0, len(absent), AT_ONCE):
            if stop is not None and stop.is_set():
                raise EngineError(f"embedding was stopped after {first} of {len(absent)} texts")
            some = absent[first : first + AT_ONCE]
            vectors = await model.embed([texts[digest] for digest in some])
            known |= _fitting(dict(zip(some, map(tuple, vectors), strict=True)), known, wanted)
            store.save_vectors(wanted.model, {digest: known[digest] for digest in some})
    note: JsonObject = {"model": wanted.model, "threshold": wanted.threshold}
    store.set_note(study, NOTE, note)
    return len(absent)


async def embed_at_the_end(
    store: Store, study: StudyRow, request: Request, watch: Watcher, stop: Stop
) -> None:
    """Embed the texts of a run that has ended; a fault or a stop costs the measure alone."""
    from .events import Checked, Warned

    wanted = request.spec.embedding
    if wanted is None:
        return
    watch(Checked("embedding", "the texts, for distinct answers; Ctrl-C goes on without"))
    try:
        await embed_kept(store, study.id, wanted, request.environment, stop)
    except EngineError as error:
        again = _again(wanted, study.name, request.folder)
        watch(Warned(f"distinct answers are not known: {error}; try again with: {again}"))


def option(wanted: EmbeddingSpec) -> list[str]:
    """`--embedding` as it was stated, with a place for its login."""
    from .runs import without_login

    same = f"{wanted.threshold:g}"
    return ["--embedding", without_login(wanted.url), wanted.model, "--same-from", same]


def _again(wanted: EmbeddingSpec, study: str, folder: Path) -> str:
    """The command that embeds what is missing of a study."""
    from ..reports._words import command_line

    words = ["sampler-bench", "report", "--study", study, *option(wanted), *named(folder)]
    return command_line(words)


def recalled(store: Store, study: int, trials: Sequence[Trial]) -> Embedded | None:
    """The embeddings of a study's texts; None where nobody was asked."""
    import numpy as np

    note = store.note(study, NOTE)
    if note is None:
        return None
    model, texts = str(note["model"]), _excerpts(trials)
    kept = _of_one_length(store.vectors(model, list(texts)))
    vectors = {texts[digest]: np.asarray(vector) for digest, vector in kept.items()}
    return Embedded(model, float(str(note["threshold"])), vectors)


def _of_one_length(vectors: Vectors) -> Vectors:
    """Those of the commonest length: others are of another model that had the same name."""
    lengths = Counter(map(len, vectors.values()))
    most = max(lengths, key=lambda n: (lengths[n], n), default=0)
    return {digest: vector for digest, vector in vectors.items() if len(vector) == most}


def _fitting(new: Vectors, known: Vectors, wanted: EmbeddingSpec) -> Vectors:
    """New embeddings, which can be compared with those that are known.

    Raises:
        EngineError: they are of another length.
    """
    [length, *others] = {*map(len, known.values()), *map(len, new.values())}
    if others:
        raise EngineError(
            f"embedding {wanted.model}: expected as many numbers a text as are kept, found "
            f"{' and '.join(map(str, sorted([length, *others])))}: another model has this name "
            "now; name it otherwise"
        )
    return new


def _excerpts(trials: Iterable[Trial]) -> dict[str, str]:
    """What is looked at of the good texts, by digest, each once."""
    good = (t.written.text for t in trials if isinstance(t.written, Completion) and not t.failure)
    return {_digest(text): text for text in map(excerpt, good) if text}


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

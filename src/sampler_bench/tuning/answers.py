"""Embeddings of a study's texts: asked for when they are there, kept, never asked for twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..analysis.answers import Embedded, excerpt
from ..errors import EngineError
from ..records import Completion, JsonObject, Trial

if TYPE_CHECKING:
    from ..engines._embeddings import Embeddings
    from ..spec import EmbeddingSpec
    from ..store import Store
    from .events import Watcher

NOTE = "embedding"
KEY, OPENAI_KEY = "SAMPLER_BENCH_EMBEDDING_KEY", "OPENAI_API_KEY"
OPENAI = "api.openai.com"
AT_ONCE = 16  # texts in a request


def asking(wanted: EmbeddingSpec, environment: Mapping[str, str]) -> Embeddings:
    """The embedding model that a study names; OpenAI's key is shown to OpenAI alone."""
    from ..engines._embeddings import Embeddings

    key = environment.get(KEY, "")
    if not key and urlsplit(wanted.url).hostname == OPENAI:
        key = environment.get(OPENAI_KEY, "")
    return Embeddings(wanted.url, wanted.model, key)


async def check(wanted: EmbeddingSpec, environment: Mapping[str, str]) -> str:
    """See that the embedding model answers, before anything is spent.

    Raises:
        EngineError: it does not.
    """
    async with asking(wanted, environment) as model:
        return await model.check()


async def embed_kept(
    store: Store, study: int, wanted: EmbeddingSpec, environment: Mapping[str, str]
) -> int:
    """Embed the good texts of a study that have no embedding yet.

    Returns:
        How many texts were embedded now.

    Raises:
        EngineError: the model does not answer; what came is kept.
    """
    texts = _excerpts(store.trials(study))
    known = store.vectors(wanted.model, list(texts))
    absent = [digest for digest in texts if digest not in known]
    async with asking(wanted, environment) as model:
        for first in range(0, len(absent), AT_ONCE):
            some = absent[first : first + AT_ONCE]
            vectors = await model.embed([texts[digest] for digest in some])
            store.save_vectors(wanted.model, dict(zip(some, vectors, strict=True)))
    note: JsonObject = {"model": wanted.model, "threshold": wanted.threshold}
    store.set_note(study, NOTE, note)
    return len(absent)


async def embed_at_the_end(
    store: Store,
    study: int,
    wanted: EmbeddingSpec,
    environment: Mapping[str, str],
    watch: Watcher,
) -> None:
    """Embed the texts of a run that has ended; a fault costs the measure, not the study."""
    from ..engines._http import shown_url
    from .events import Warned

    try:
        await embed_kept(store, study, wanted, environment)
    except EngineError as error:
        again = (
            f"sampler-bench report --embedding {shown_url(wanted.url)} {wanted.model} "
            f"--same-from {wanted.threshold:g}"
        )
        watch(Warned(f"distinct answers are not known: {error}; try again with: {again}"))


def recalled(store: Store, study: int, trials: Sequence[Trial]) -> Embedded | None:
    """The embeddings of a study's texts; None where nobody was asked."""
    import numpy as np

    note = store.note(study, NOTE)
    if note is None:
        return None
    model, texts = str(note["model"]), _excerpts(trials)
    kept = store.vectors(model, list(texts))
    vectors = {texts[digest]: np.asarray(vector) for digest, vector in kept.items()}
    return Embedded(model, float(str(note["threshold"])), vectors)


def _excerpts(trials: Iterable[Trial]) -> dict[str, str]:
    """What is looked at of the good texts, by digest, each once."""
    good = (t.written.text for t in trials if isinstance(t.written, Completion) and not t.failure)
    return {_digest(text): text for text in map(excerpt, good) if text}


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Embeddings of texts, from a server that speaks OpenAI's `/v1/embeddings`.

Source of the API: OpenAI's reference (POST /embeddings with `model` and `input`; `data` holds
`index` and `embedding`), which llama.cpp's server, Ollama, LM Studio and vLLM speak as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Self

from ..errors import EngineError
from ..records import JsonObject
from . import EMBEDDING_KEY
from ._http import Http, base_url, mapping, objects
from ._retry import Fault, Patience, patiently

SECONDS = 120.0
SAMPLE = "Once upon a time."
PATH = "/v1/embeddings"


class Embeddings:
    """One embedding model. `async with` opens and closes it.

    Args:
        url: of the server, with or without `/v1`.
        model: its name there.
        key: empty where the server needs none.
        patience: how often and how long to try again.
        key_name: the environment variable that the key comes from, for messages.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        patience: Patience | None = None,
        key_name: str = EMBEDDING_KEY,
    ) -> None:
        self.model = model
        self._http = Http(base_url(url), api_key=key, timeout_seconds=SECONDS, key_name=key_name)
        self._patience = patience or Patience()

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._http.__aexit__(*error)

    async def check(self) -> str:
        """Embed one sentence; say who answers.

        Raises:
            EngineError: nobody does, or not with an embedding.
        """
        [vector] = await self.embed([SAMPLE])
        return f"{self.model} at {self._http.shown}: {len(vector)} numbers a text"

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts.

        Returns:
            One vector for each text, in their order, each of length 1.

        Raises:
            EngineError: it does not work, and trying again does not help.
        """
        body: JsonObject = {"model": self.model, "input": list(texts), "encoding_format": "float"}
        try:
            vectors, _ = await patiently(lambda: self._once(body, len(texts)), self._patience, 0)
        except Fault as fault:
            raise EngineError(
                f"embedding {self.model}: {fault.detail}; see that its server runs and that the "
                "texts fit its context"
            ) from fault
        return vectors

    async def _once(self, body: JsonObject, n: int) -> list[list[float]]:
        rows = objects(mapping(await self._http.post(PATH, body, seconds=SECONDS)).get("data"))
        if sorted(map(_index, rows)) != list(range(n)):
            raise Fault("protocol", f"{PATH}: expected {n} embeddings, found {len(rows)}")
        return [_unit(row.get("embedding")) for row in sorted(rows, key=_index)]


def _index(row: Mapping[str, object]) -> int:
    found = row.get("index")
    return found if isinstance(found, int) else -1


def _unit(value: object) -> list[float]:
    """A vector of length 1.

    Raises:
        Fault: it is none, or has no direction.
    """
    numbers = value if isinstance(value, list) else []
    vector = [float(x) for x in numbers if isinstance(x, int | float) and not isinstance(x, bool)]
    length = math.hypot(*vector)
    if not vector or len(vector) != len(numbers) or not math.isfinite(length) or not length:
        raise Fault("protocol", f"{PATH}: an embedding is no list of finite numbers")
    return [x / length for x in vector]

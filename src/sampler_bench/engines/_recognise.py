"""Find out which engine answers at an address, so that users need not say.

Several servers imitate others (Aphrodite and TabbyAPI answer KoboldCpp's paths, KoboldCpp answers
llama.cpp's and Ollama's), so the owner that a server writes into its list of models comes first: it
is each project's own name, read in their sources. Paths that only one project has come second.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..errors import EngineError
from ..records import Json
from . import SERVER_KEY
from ._http import Http, base_url, mapping, objects
from ._retry import Fault

PROBE_SECONDS = 10.0
HOSTED = {"api.openai.com": "openai", "openrouter.ai": "openrouter"}
OWNERS = {
    "koboldcpp": "koboldcpp",
    "llamacpp": "llamacpp",
    "lemonade": "lemonade",
    "vllm": "vllm",
    "sglang": "sglang",
    "pygmalionai": "aphrodite",
    "aphrodite": "aphrodite",
    "tabbyapi": "tabbyapi",
}
# What was said of a server before it had an engine of its own.
TAKEN_FOR = {
    "lemonade": "lmstudio",
    "mlx-lm": "openai-compatible",
    "transformers": "openai-compatible",
}
# (path, keys of the answer, one in the other, engine), the most particular first.
PATHS = (
    ("/v1/internal/model/info", "model_name", "textgen"),
    ("/api/v0/models", "data", "lmstudio"),
    ("/api/v1/models", "models", "lmstudio"),
    ("/api/extra/version", "result", "koboldcpp"),
    ("/get_model_info", "model_path", "sglang"),
    ("/model_info", "model_path", "sglang"),
    ("/api/version", "version", "ollama"),
    ("/props", "total_slots", "llamacpp"),
    ("/version", "version", "vllm"),
    ("/v1/models/not/one", "data", "mlx-lm"),  # it lists its models at any path under theirs
    ("/openapi.json", "paths /load_model", "transformers"),
    ("/v1/models", "data", "openai-compatible"),
)


async def recognise(url: str, api_key: str = "") -> str:
    """Name the engine that answers at `url`, as users write it.

    Args:
        url: address of a running server.
        api_key: sent along where the server asks for one.

    Raises:
        EngineError: nobody answers, we are turned away, or it is no server that we know.
    """
    address = base_url(url)
    host = urlsplit(address).hostname or ""
    if host in HOSTED:
        return HOSTED[host]
    async with Http(address, api_key=api_key, timeout_seconds=PROBE_SECONDS) as http:
        try:
            found = _owner(await http.maybe("/v1/models")) or await _by_paths(http)
        except Fault as fault:
            why = fault.detail.removeprefix(f"{http.shown}: ")
            raise EngineError(
                f"nothing answers at {http.shown} ({why}); start a model server there; "
                "sampler-bench serve NAME serves a model of models.yaml"
            ) from fault
        if not found:
            raise EngineError(await _why_unknown(http))
        return found


def as_before(engine: str, began: str) -> str:
    """The engine for a study to go on with: as what the server was taken when it began."""
    return began if TAKEN_FOR.get(engine) == began else engine


def _owner(listed: Json) -> str:
    for entry in objects(mapping(listed).get("data")):
        owner = entry.get("owned_by")
        if isinstance(owner, str) and owner.lower() in OWNERS:
            return OWNERS[owner.lower()]
    return ""


async def _by_paths(http: Http) -> str:
    for path, keys, engine in PATHS:
        found = await http.maybe(path)
        if _holds(found, *keys.split()):
            return engine
    return ""


def _holds(found: Json, key: str, *rest: str) -> bool:
    if not isinstance(found, Mapping) or key not in found:
        return False
    return not rest or _holds(found[key], *rest)


async def _why_unknown(http: Http) -> str:
    """What keeps a server from being known, as far as its list of models tells it."""
    try:
        await http.get("/v1/models")
    except EngineError as error:
        if "HTTP 401" in str(error) or "HTTP 403" in str(error):
            return f"{http.shown} asks for an API key; put the right one into {SERVER_KEY}, in .env"
    except Fault as fault:
        if fault.reason == "overload":
            return (
                f"{http.shown} is not ready ({fault.detail}); if it is still loading its model, "
                "try again in a while"
            )
        if "HTTP 5" in fault.detail:  # LiteLLM fails so where a key is missing
            return (
                f"{http.shown} answers, but fails ({fault.detail}); if it asks for an API key, put "
                f"it into {SERVER_KEY}, in .env"
            )
    return (
        f"{http.shown} answers, but like no model server that we know; check the address, or name "
        "the engine"
    )

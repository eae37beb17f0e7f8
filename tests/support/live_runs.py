"""Seeded runs of the live check against doubles: who serves, with which twist, and what is true.

A run draws an engine, a server of its kind, a twist, a model and one knob, checks the knob, and
compares the answer with what the server really made of the probe's two settings. The double's own
reader says that; the check never sees it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from support.double import Double, LlamaWriter, Quirks, orders, servers
from support.double.applied import Applied, Reader, Refusal
from support.double.quirks import OFF, Endpoint, Key

from sampler_bench.checks import check
from sampler_bench.checks._ask import HOTTEST, PROMPT, Ask
from sampler_bench.checks._contrasts import CONTRASTS, settings
from sampler_bench.engines import EngineOptions
from sampler_bench.engines._remote import RemoteEngine
from sampler_bench.errors import EngineError, SpecError
from sampler_bench.plugins import find
from sampler_bench.records import SamplerConfig, Value
from sampler_bench.samplers import parameter

# Engine, the way prompts go, and a server; also wrong words for a server.
PLACES = (
    *(("koboldcpp", way, name) for way in ("", "raw") for name in ("1_76", "1_102", "1_115")),
    *(("llamacpp", way, name) for way in ("", "raw") for name in ("LLAMACPP", "LLAMACPP_OLD")),
    *(("vllm", way, name) for way in ("", "raw") for name in ("VLLM", "VLLM_HIDDEN")),
    *(("sglang", "", name) for name in ("SGLANG", "SGLANG_DETERMINISTIC")),
    *(("aphrodite", way, "APHRODITE") for way in ("", "raw")),
    *(("tabbyapi", "", name) for name in ("TABBYAPI", "TABBYAPI_OLD", "TABBYAPI_FORCING")),
    *(("textgen", "", name) for name in ("TEXTGEN", "TEXTGEN_TRANSFORMERS")),
    *(("ollama", way, "OLLAMA") for way in ("", "raw")),
    *(("lmstudio", "", name) for name in ("LMSTUDIO", "LMSTUDIO_SETTING")),
    *(("mlx-lm", way, "MLX_LM") for way in ("", "raw")),
    *(("transformers", way, "TRANSFORMERS") for way in ("", "raw")),
    *(("lemonade", way, "LEMONADE") for way in ("", "raw")),
    ("openai", "", "OPENAI"),
    *(("openrouter", "", name) for name in ("OPENROUTER", "OPENROUTER_NARROW")),
    *(("openai-compatible", way, "OPENAI_COMPATIBLE") for way in ("", "raw")),
    *(("openai-compatible", "", name) for name in ("1_76", "LLAMACPP", "VLLM", "OLLAMA")),
    ("llamacpp", "", "KOBOLD_AS_LLAMACPP"),
)
TWISTS = {
    "as it is": 40,
    "not read": 16,
    "forced off": 8,
    "another forced": 8,
    "clamped": 8,
    "seed not read": 10,
    "noisy": 9,
    "seeds by the clock": 1,
}
OTHERS: tuple[tuple[str, Any], ...] = (
    *(("top_p", 0.9), ("min_p", 0.02), ("top_k", 60), ("rep_pen", 1.1), ("presence", 0.3)),
)
# What the double clamps a knob to, knob by knob: from low to high. Some leave all of the usual
# range as it is and move the probe's extreme only.
CLAMPS: Mapping[str, tuple[tuple[float, float], ...]] = {
    "temperature": ((0.4, 10.0), (0.0, 1.2)),
    "top_k": ((12, 1e6), (0, 60)),
    "top_p": ((0.4, 1.0), (0.0, 0.9)),
    "min_p": ((0.0, 0.2),),
    "sigma": ((1.2, 100.0), (-1.0, 1.0), (-1.0, 2.0)),
    "typical": ((0.4, 1.0), (0.0, 0.9)),
    "xtc_probability": ((0.0, 0.5), (0.0, 0.3)),
    "xtc_threshold": ((0.0, 0.1),),
    "rep_pen": ((0.5, 1.3), (0.5, 1.05)),
    "presence": ((-0.2, 0.2),),
    "frequency": ((-0.2, 0.2),),
    "dry_multiplier": ((0.0, 0.2), (0.0, 1.0)),
    "mirostat_tau": ((0.0, 3.0),),
    "smoothing_factor": ((0.0, 0.1), (0.0, 1.0)),
    "dynatemp_range": ((0.0, 0.3),),
}
NOISE = 0.04
BROKEN = "broken"  # the check raised an error
STEPS = {
    **{"temperature": "temperature", "dynatemp_range": "temperature"},
    **{"dynatemp_exponent": "temperature", "smoothing_factor": "smoothing"},
    **{"smoothing_curve": "smoothing", "xtc_probability": "xtc", "xtc_threshold": "xtc"},
    **{"adaptive_target": "adaptive", "adaptive_decay": "adaptive"},
    **dict.fromkeys(("rep_pen", "rep_range", "rep_slope", "presence", "frequency"), "penalties"),
    **{k: "dry" for k in OFF if k.startswith("dry_")},
    **{k: k for k in ("top_k", "top_p", "min_p", "sigma", "typical", "tfs", "top_a")},
    **{"epsilon": "epsilon", "eta": "eta"},
}
Asked: TypeAlias = "list[tuple[str, dict[str, Any]]]"
SKIPPED = ("repetition_slope",)  # the double has none


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: what was asked of whom, what is true, and what the check said.

    Attributes:
        acts: whether the server makes different settings of the probe's two.
        clamps: `inside` where values below the end of the usual range are made one, `outside`
            where only values beyond it are, else empty.
    """

    seed: int
    engine: str
    way: str
    server: str
    twist: str
    model: str
    knob: str
    acts: bool
    says: str
    evidence: str
    requests: int
    clamps: str = ""

    @property
    def kind(self) -> str:
        """`right`, `cannot tell`, `broken`, `clamp unseen`, or which mistake was made."""
        if self.says in ("cannot tell", BROKEN):
            return self.says
        if self.acts and self.says == "clamped" and not self.clamps:
            return "honoured called clamped"
        if self.acts and self.says == "honoured" and self.clamps == "inside":
            return "clamp unseen"
        if self.acts == (self.says != "ignored"):
            return "right"
        return "honoured called ignored" if self.acts else "ignored called honoured"


class Noisy(Reader):
    """A server whose texts come out otherwise now and then, as batching does."""

    def read(self, endpoint: Endpoint, body: Mapping[str, Any], room: int) -> Applied:
        applied = super().read(endpoint, body, room)
        if self.rng.random() < NOISE:
            return replace(applied, seed=applied.seed + 1_000_003)
        return applied


def quirks_of(name: str) -> Quirks:
    """A server by its name in `PLACES`."""
    if name == "KOBOLD_AS_LLAMACPP":
        kobold, llama = servers.KOBOLDCPP_1_115, servers.LLAMACPP
        return replace(kobold, asked={**llama.asked, **kobold.asked})
    found = getattr(servers, name, None) or getattr(servers, f"KOBOLDCPP_{name}")
    assert isinstance(found, Quirks)
    return found


def built(engine: str, way: str, url: str) -> RemoteEngine:
    """An engine for a double."""
    options = EngineOptions(
        server=url, template=way, model="" if engine != "openai" else "m", max_retries=1
    )
    if engine in ("openai", "openrouter"):
        options = replace(options, template="", model="demo-q8_0", api_key="k")
    found: RemoteEngine = find("engines", engine).build(options)
    return found


def place(seed: int) -> tuple[str, str, str]:
    """The engine, the way to ask and the server that a run draws."""
    return random.Random(seed).choice(PLACES)


async def run(seed: int, writers: Mapping[str, LlamaWriter]) -> Outcome:
    """One run, all of it drawn from the seed."""
    rng = random.Random(seed)
    engine, way, server = rng.choice(PLACES)  # as `place` does
    twist = rng.choices(list(TWISTS), list(TWISTS.values()))[0]
    model = rng.choice(sorted(writers))
    writer, quirks = writers[model], quirks_of(server)
    async with Double(quirks, writer, model="demo-q8_0", seed=seed) as double:
        async with built(engine, way, double.url) as shown:
            await shown.check()
            knob, asked = chosen(quirks, shown, rng, writer.context)
            ends = at_the_ends(shown, knob, hottest(quirks, Ask(shown), writer.context))
        double.quirks = quirks = twisted(quirks, twist, asked, rng, writer.context)
        double._reader = (Noisy if twist == "noisy" else Reader)(quirks, rng=random.Random(seed))
        async with built(engine, way, double.url) as live:
            said = await answer(live, knob)
    acts = truth(quirks, asked, writer.context)
    clamps = next((where for where, two in ends if not truth(quirks, two, writer.context)), "")
    drawn = (seed, engine, way, server, twist, model, knob)
    return Outcome(*drawn, acts, *said, clamps if acts else "")


async def answer(live: RemoteEngine, knob: str) -> tuple[str, str, int]:
    """What the check says, its evidence, and its requests, as before a search of usual range."""
    usual = parameter(knob).search
    try:
        ranges = {knob: usual} if usual else {}
        report = await check(live, [knob], ranges, thorough=False)
    except EngineError as error:
        return BROKEN, str(error), 0
    (finding,) = report.findings
    return finding.says, finding.evidence, report.requests


def chosen(
    quirks: Quirks, engine: RemoteEngine, rng: random.Random, room: int
) -> tuple[str, Asked]:
    """A knob that the engine can probe and the server does not turn down, with its two requests."""
    ask = Ask(engine)
    ask.hot = hottest(quirks, ask, room)
    knobs = [k for k in CONTRASTS if ask.speaks(k) and settings(ask, k) and k not in SKIPPED]
    while True:
        knob = rng.choice(knobs)
        asked = bodies(engine, ask, knob)
        if asked and not refuses(quirks, asked, room):
            return knob, asked


def bodies(engine: RemoteEngine, ask: Ask, knob: str) -> Asked:
    """Path and body of the probe's two settings."""
    found = settings(ask, knob)
    assert found is not None
    return bodies_of(engine, knob, found)


def bodies_of(engine: RemoteEngine, knob: str, found: Iterable[Mapping[str, Value]]) -> Asked:
    """Path and body of settings; none where the engine cannot say them."""
    made = []
    try:
        for values in found:
            config = SamplerConfig.of("probe", {**values, "max_tokens": CONTRASTS[knob].tokens})
            request = engine.request(config, PROMPT, 1)
            made.append((request.path, dict(request.body)))
    except SpecError:  # no provider of the model keeps it
        return []
    return made


def at_the_ends(engine: RemoteEngine, knob: str, hot: float) -> list[tuple[str, Asked]]:
    """Two settings near the end of the usual range, and two near the probe's extreme.

    Each two differ by a hundredth of the way between neutral and the end, or by 1.
    """
    ask = Ask(engine)
    ask.hot = hot
    found, usual, neutral = settings(ask, knob), parameter(knob).search, parameter(knob).neutral
    if found is None or usual is None or isinstance(neutral, str | tuple):
        return []
    bent = found[1]
    made = []
    for where, end in (("inside", usual[1]), ("outside", bent[knob])):
        assert isinstance(end, int | float)
        step = 1 if isinstance(neutral, int) else 0.01 * (usual[0] + usual[1]) / 2
        near = end - step if end > usual[0] else end + step
        two = bodies_of(engine, knob, [{**bent, knob: near}, {**bent, knob: end}])
        made += [(where, two)] if two else []
    return made


def hottest(quirks: Quirks, ask: Ask, room: int) -> float:
    """The highest temperature that the check would use there."""
    for hot in (t for t in HOTTEST if t <= ask.hot):
        ask.hot = hot
        if not refuses(quirks, bodies(ask.engine, ask, "temperature"), room):
            return hot
    raise AssertionError(f"{quirks.engine} takes no temperature")


def refuses(quirks: Quirks, asked: Asked, room: int) -> bool:
    """Whether the server turns one of the requests down, for all to see."""
    try:
        for path, body in asked:
            read(quirks, path, body, room)
    except Refusal:
        return True
    return False


def truth(quirks: Quirks, asked: Asked, room: int) -> bool:
    """Whether the server makes different settings of the two."""
    plain, bent = (acting(read(quirks, path, body, room)) for path, body in asked)
    return plain != bent


def read(quirks: Quirks, path: str, body: Mapping[str, Any], room: int) -> Applied:
    endpoint = next(e for e in quirks.endpoints if e.path == path)
    return Reader(quirks).read(endpoint, body, room)


def acting(applied: Applied) -> dict[str, Any]:
    """The settings that can matter: those whose step is in the chain and is on."""
    k, steps = applied.knobs, applied.steps
    if k["mirostat"]:  # replaces the chain
        named = ("mirostat", "mirostat_tau", "mirostat_eta", "temperature")
        return {name: k[name] for name in named}
    found = {name: k[name] for name, step in STEPS.items() if step in steps}
    if k["adaptive_target"] >= 0:
        found.update(adaptive_target=k["adaptive_target"], adaptive_decay=k["adaptive_decay"])
    for leader, followers in LED.items():
        if found.get(leader, OFF[leader]) == OFF[leader]:
            for name in (leader, *followers):
                found.pop(name, None)
    if k["temperature"] <= 0 and not k["xtc_probability"]:
        found = {"greedy": True, **{n: v for n, v in found.items() if STEPS.get(n) in FIRST}}
    cuts = [step for step in steps if step in CUTS and found.get(step, OFF.get(step)) != OFF[step]]
    if cuts:
        found["order"] = tuple(step for step in steps if step in ("temperature", *cuts))
    return found


LED = {
    "dynatemp_range": ("dynatemp_exponent",),
    "smoothing_factor": ("smoothing_curve",),
    "xtc_probability": ("xtc_threshold",),
    "dry_multiplier": ("dry_base", "dry_allowed_length", "dry_range", "dry_breakers"),
    "adaptive_target": ("adaptive_decay",),
    "rep_pen": ("rep_slope",),
}
FIRST = ("penalties", "dry")
CUTS = ("top_k", "top_p", "min_p", "typical", "tfs", "top_a", "epsilon", "eta")


def twisted(
    quirks: Quirks,
    twist: str,
    asked: Asked,
    rng: random.Random,
    room: int,
) -> Quirks:
    """The server with one more peculiarity, about the knob that is probed."""
    (path, plain), (_, bent) = asked
    moved = _differing(read(quirks, path, plain, room), read(quirks, path, bent, room))
    if twist == "not read":
        inside = next(e for e in quirks.endpoints if e.path == path).inside
        a, b = (body[inside] if inside else body for body in (plain, bent))
        return _without(quirks, {key for key in b if a.get(key) != b[key]}, a)
    if twist == "forced off":
        return replace(quirks, forced={**quirks.forced, **{k: OFF[k] for k in moved}})
    if twist == "another forced":
        name, value = rng.choice([pair for pair in OTHERS if pair[0] not in moved])
        return replace(quirks, forced={**quirks.forced, name: value})
    if twist == "clamped":
        return _clamping(quirks, moved, rng)
    if twist == "seed not read":
        return replace(quirks, seed="never", random="chance")
    if twist == "seeds by the clock":
        return replace(quirks, seed="never", random="second")
    return quirks


def _differing(plain: Applied, bent: Applied) -> list[str]:
    return [name for name in OFF if plain.knobs[name] != bent.knobs[name]]


def _without(quirks: Quirks, keys: set[str], plain: Mapping[str, Any]) -> Quirks:
    def less(endpoint: Endpoint) -> Endpoint:
        renamed = {a: b for a, b in endpoint.renamed.items() if a not in keys or a == "seed"}
        gone = keys | {endpoint.renamed[key] for key in keys if key in endpoint.renamed}
        kept = {name: key for name, key in endpoint.keys.items() if name not in gone}
        return replace(endpoint, keys=kept, renamed=renamed)

    order = orders.fixed(*quirks.order(plain))
    ends = tuple(map(less, quirks.endpoints))
    also = (*quirks.also, *keys)
    fixed = {"samplers", "sampler_order", "sampler_priority", "temperature_last"} & keys
    return replace(quirks, endpoints=ends, also=also, order=order if fixed else quirks.order)


def _clamping(quirks: Quirks, moved: list[str], rng: random.Random) -> Quirks:
    drawn = {knob: rng.choice(CLAMPS[knob]) for knob in moved if knob in CLAMPS}

    def tight(key: Key) -> Key:
        if key.knob not in drawn:
            return key
        low, high = drawn[key.knob]
        return replace(key, low=low, high=high, above=False, out="clamp")

    ends = tuple(
        replace(end, keys={name: tight(key) for name, key in end.keys.items()})
        for end in quirks.endpoints
    )
    return replace(quirks, endpoints=ends)

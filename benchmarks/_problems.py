"""Simulated studies with a known truth: seeded families of several shapes, calibrated to real runs.

The calibration (text SD by model, spread between sane settings, prompt SD) is measured on published
runs: six models, five samplers, five prompts, four repetitions. Only the family `physics` (and
`failing`, built on it) lives on the entropy and tail mass that the default strategy's features
measure, on a bank of its own; the others are there because nature need not be so kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sampler_bench.records import FAILED, JUDGED, Cell, SamplerConfig
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space
from sampler_bench.samplers.bank import Bank
from sampler_bench.samplers.effect import effects

# spread between six sane settings, prompt SD, text SD of seven real model and judge pairs
CALIBRATION = (
    (0.22, 0.08, 0.70),
    (0.23, 0.37, 0.83),
    (0.13, 0.03, 0.73),
    (0.10, 0.09, 0.37),
    (0.06, 0.11, 0.22),
    (0.22, 0.15, 0.50),
    (0.15, 0.51, 2.17),  # the noisy one
)
NOISY = 6
STANDARD = Space(
    (
        SamplerSpace("top_p", (("temperature", Range(0.6, 1.3)), ("top_p", Range(0.8, 0.99)))),
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace(
            "top_n_sigma", (("temperature", Range(0.8, 2.2)), ("top_n_sigma", Range(0.5, 3.0)))
        ),
    )
)
MORE = (
    SamplerSpace(
        "top_k", (("temperature", Range(0.6, 1.6)), ("top_k", Range(5, 200, "log", integer=True)))
    ),
    SamplerSpace("typical_p", (("temperature", Range(0.6, 1.4)), ("typical_p", Range(0.5, 0.99)))),
    SamplerSpace("temperature", (("temperature", Range(0.3, 1.5)),)),
)
BASELINE = SamplerConfig.of("temperature", {"temperature": 1})


@dataclass(frozen=True, eq=False)
class Study:
    """A simulated study.

    Attributes:
        quality: configurations -> (n,) expected score of texts that do not fail.
        failing: configurations -> (n,) failure rate.
        prompt: (n_prompts,) prompt effects, summing to zero.
        interaction: configuration -> (n_prompts,) effects, about zero on average.
        noise: configuration -> (SD, share of outliers, how many SDs low they are).
        best: the highest objective in the space.
        binary: whether scores are 0 or 10 with the expectation that `quality` says.
        features: the model's fingerprint, where one was measured.
        touchy: (n_prompts,) how much oftener than on average texts fail on each prompt, of mean 1.
    """

    name: str
    space: Space
    n_prompts: int
    temperature_last: bool
    quality: Callable[[Sequence[SamplerConfig]], np.ndarray]
    failing: Callable[[Sequence[SamplerConfig]], np.ndarray]
    prompt: np.ndarray
    interaction: Callable[[SamplerConfig], np.ndarray]
    noise: Callable[[SamplerConfig], tuple[float, float, float]]
    baseline: SamplerConfig | None = BASELINE
    failure_score: float = 1.0
    best: float = float("nan")
    binary: bool = False
    features: dict[str, np.ndarray] | None = None
    touchy: np.ndarray | None = None

    def truth(self, configs: Sequence[SamplerConfig]) -> np.ndarray:
        """The expected objective over the study's prompts."""
        rate = self.failing(configs)[:, None] * self._touchy
        moved = self.prompt + np.array([self.interaction(c) for c in configs])
        worth = self.quality(configs)[:, None] + moved
        return ((1 - rate) * worth + rate * self.failure_score).mean(axis=1)

    @property
    def _touchy(self) -> np.ndarray:
        return np.ones(self.n_prompts) if self.touchy is None else self.touchy

    def text(self, cell: Cell, rng: np.random.Generator) -> tuple[int, float]:
        """Write and judge one text: its state and score."""
        if rng.random() < self.failing([cell.config])[0] * self._touchy[cell.prompt]:
            return FAILED, 0.0
        mean = self.quality([cell.config])[0]
        mean += self.prompt[cell.prompt] + self.interaction(cell.config)[cell.prompt]
        if self.binary:
            return JUDGED, 10.0 * float(rng.random() < mean / 10)
        sd, share, low = self.noise(cell.config)
        return JUDGED, float(mean + sd * skewed(rng, share, low))


def skewed(rng: np.random.Generator, share: float, low: float) -> float:
    """Noise of mean 0 and SD 1, `share` of it outliers about `low` SDs down."""
    mean = -share * low
    variance = 1 + share * (1 - share) * low**2
    value = rng.normal() - (low if rng.random() < share else 0.0)
    return (value - mean) / np.sqrt(variance)


class Smooth:
    """A smooth random function on [0, 1]^d with mean 0 and SD 1 (random Fourier features)."""

    def __init__(self, rng: np.random.Generator, d: int, length: float, n: int = 60) -> None:
        self.w = rng.normal(0, 1 / length, (n, d))
        self.b = rng.uniform(0, 2 * np.pi, n)
        self.a = rng.normal(0, np.sqrt(2 / n), n)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.cos(x @ self.w.T + self.b) @ self.a


def fractions(part: SamplerSpace, config: SamplerConfig) -> np.ndarray:
    """Where a configuration lies in its sampler's space, 0 to 1 by knob."""
    found = []
    for name, dimension in part.dimensions:
        value = config.get(name)
        if isinstance(dimension, Range):
            found.append(dimension.fraction(float(value)))
        else:
            found.append(dimension.values.index(value) / max(1, len(dimension.values) - 1))
    return np.array(found)


class Remembered:
    """A function of configurations that is worked out once for each."""

    def __init__(self, work: Callable[[Sequence[SamplerConfig]], np.ndarray]) -> None:
        self.work, self.known = work, {}

    def __call__(self, configs: Sequence[SamplerConfig]) -> np.ndarray:
        new = [c for c in dict.fromkeys(configs) if c not in self.known]
        if new:
            self.known.update(zip(new, self.work(new), strict=True))
        return np.array([self.known[c] for c in configs])


def dense(space: Space, rng: np.random.Generator, levels: int = 15) -> list[SamplerConfig]:
    """A dense walk of a space, for the truth of the best."""
    if space.size() is not None:
        return list(space.grid())
    found = []
    for part in space.samplers:
        d = len(part.dimensions)
        if d <= 2:
            axes = np.meshgrid(*[np.linspace(0, 1, levels)] * d, indexing="ij")
            rows = np.stack(axes, -1).reshape(-1, d)
        else:
            rows = rng.random((1500, d))
        found += [at(part, row) for row in rows]
    return list(dict.fromkeys(found))


def at(part: SamplerSpace, row: np.ndarray) -> SamplerConfig:
    """The configuration at some fractions of a sampler's space."""
    values = {}
    for (name, dimension), f in zip(part.dimensions, row, strict=True):
        listed = dimension.listed()
        if listed is not None and not isinstance(dimension, Range):
            values[name] = listed[min(int(f * len(listed)), len(listed) - 1)]
        else:
            values[name] = dimension.at(float(f))
    return SamplerConfig.of(part.sampler, values)


def with_best(study: Study, rng: np.random.Generator) -> Study:
    """The study with the truth of its best configuration, by a dense walk and a climb."""
    configs = dense(study.space, rng)
    truth = study.truth(configs)
    best = float(truth.max())
    if study.space.size() is None:
        for i in np.argsort(-truth)[:3]:
            best = max(best, climb(study, configs[i], float(truth[i]), rng))
    return replace(study, best=best)


def climb(study: Study, config: SamplerConfig, value: float, rng: np.random.Generator) -> float:
    part = study.space.of(config.sampler)
    here = fractions(part, config)
    for width in (0.08, 0.04, 0.02):
        near = np.clip(here + rng.normal(0, width, (24, len(here))), 0, 1)
        truth = study.truth([at(part, row) for row in near])
        if truth.max() > value:
            value, here = float(truth.max()), near[int(truth.argmax())]
    return value


def knob_functions(
    space: Space, rng: np.random.Generator, length: tuple[float, float]
) -> Callable[[SamplerConfig], float]:
    """A smooth random function for each sampler over its own knobs."""
    parts = {
        part.sampler: (part, Smooth(rng, len(part.dimensions), rng.uniform(*length)))
        for part in space.samplers
    }

    def value(config: SamplerConfig) -> float:
        if config.sampler not in parts or config not in space:
            return 0.0
        part, function = parts[config.sampler]
        return float(function(fractions(part, config)[None, :])[0])

    return value


def interactions(
    space: Space, n_prompts: int, sd: float, rng: np.random.Generator
) -> Callable[[SamplerConfig], np.ndarray]:
    parts = {
        part.sampler: (part, [Smooth(rng, len(part.dimensions), 0.5) for _ in range(n_prompts)])
        for part in space.samplers
    }
    known: dict[SamplerConfig, np.ndarray] = {}

    def value(config: SamplerConfig) -> np.ndarray:
        if config not in known:
            if config in space:
                part, functions = parts[config.sampler]
                x = fractions(part, config)[None, :]
                known[config] = sd * np.array([f(x)[0] for f in functions])
            else:
                known[config] = np.zeros(n_prompts)
        return known[config]

    return value


def prompts(n: int, sd: float, rng: np.random.Generator) -> np.ndarray:
    effect = rng.normal(0, sd, n)
    return effect - effect.mean()


def sane(space: Space) -> list[SamplerConfig]:
    """Two moderate settings of each sampler."""
    return [
        at(part, np.full(len(part.dimensions), f)) for part in space.samplers for f in (0.35, 0.6)
    ]


def random_bank(rng: np.random.Generator) -> Bank:
    """48 contexts of 400 tokens, a third to a half of them peaked."""
    peaked = np.arange(48) < rng.integers(16, 25)
    slope = np.where(peaked, rng.uniform(2.5, 6, 48), rng.uniform(1, 2.2, 48))[:, None]
    shift = rng.uniform(0, 3, 48)[:, None]
    logits = -slope * np.log(np.arange(1, 401) + shift) + rng.normal(0, 0.4, (48, 400))
    logits = -np.sort(-logits, axis=1)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return Bank(logits, np.ones(400), nucleus=float(rng.choice([0.8, 0.9, 0.95])))


def physics(seed: int, failing: bool = False, noisy: bool | None = None) -> Study:
    """Quality lives on entropy and tail mass, with each sampler's own wrinkles on top.

    The family of the evidence: prompts, interactions, cliffs, and left-tailed noise that grows
    with the drop below the best.
    """
    rng = np.random.default_rng([11, seed])
    spread, prompt_sd, text_sd = CALIBRATION[_calibration(rng, noisy)]
    bank, last = random_bank(rng), bool(rng.random() < 0.5)
    measure = Remembered(lambda configs: effects(configs, last, bank))
    walk = measure(dense(STANDARD, rng, 9))
    low, q1, q3, high = np.quantile(walk[:, 0], [0.1, 0.25, 0.75, 0.9])
    centre, width = rng.uniform(q1, q3), rng.uniform(0.25, 0.5) * (high - low)
    r0, g = np.quantile(walk[:, 1], rng.uniform(0.75, 0.95)), rng.uniform(1.5, 3)
    depth, base = rng.uniform(0.6, 1.4), rng.uniform(6.2, 7.6)
    own = knob_functions(STANDARD, rng, (0.35, 0.7))
    offset = {part.sampler: rng.normal(0, spread / 2) for part in STANDARD.samplers}

    def hump(configs):
        return np.exp(-(((measure(configs)[:, 0] - centre) / width) ** 2) / 2)

    some = sane(STANDARD)
    amplitude = np.clip(spread / max(np.std(hump(some)), 1e-3), 1.5 * spread, 6 * spread)

    def collapse(configs):
        return 1 - np.exp(-((measure(configs)[:, 1] / max(r0, 1e-6)) ** g))

    def quality(configs):
        wrinkles = np.array([spread / 3 * own(c) + offset.get(c.sampler, 0.0) for c in configs])
        return base + amplitude * hump(configs) + wrinkles - depth * collapse(configs)

    known = Remembered(quality)
    top = float(known(dense(STANDARD, rng, 9)).max())
    share, down, kappa = rng.uniform(0.04, 0.12), rng.uniform(2, 3.5), rng.uniform(0.2, 0.6)

    def noise(config):
        return text_sd * np.exp(kappa * max(top - known([config])[0], 0.0)), share, down

    least, most = rng.uniform(0, 0.02), rng.uniform(0.5, 0.95)

    def rate(configs):
        return least + (most - least) * collapse(configs) if failing else np.zeros(len(configs))

    study = Study(
        "failing" if failing else "physics", STANDARD, 5, last, known, Remembered(rate),
        prompts(5, prompt_sd, rng), interactions(STANDARD, 5, rng.uniform(0, 0.08), rng), noise,
    )  # fmt: skip
    return with_best(study, rng)


def refusing(seed: int) -> Study:
    """As `physics`, with texts that fail as often at any setting; on some prompts oftener."""
    rng = np.random.default_rng([17, seed])
    rate = float(np.exp(rng.uniform(np.log(0.01), np.log(0.2))))
    touchy = np.ones(5) if rng.random() < 0.5 else rng.dirichlet(np.ones(5)) * 5
    return with_best(
        replace(
            physics(seed, noisy=False),
            name="refusing",
            failing=lambda configs: np.full(len(configs), rate),
            touchy=np.minimum(touchy, 1 / rate),
        ),
        rng,
    )


def _calibration(rng: np.random.Generator, noisy: bool | None) -> int:
    if noisy:
        return NOISY
    return int(rng.integers(NOISY if noisy is False else NOISY + 1))


def _plain(
    name: str, space: Space, n_prompts: int, quality, sds: tuple[float, float, float], rng
) -> Study:
    """A study with constant noise; `sds` are those of texts, prompts and interactions."""
    text_sd, prompt_sd, inter = sds
    known = Remembered(quality)
    share, down = rng.uniform(0.0, 0.12), rng.uniform(2, 3.5)
    study = Study(
        name, space, n_prompts, True, known, lambda configs: np.zeros(len(configs)),
        prompts(n_prompts, prompt_sd, rng), interactions(space, n_prompts, inter, rng),
        lambda config: (text_sd, share, down),
    )  # fmt: skip
    return with_best(study, rng)


def unshared(seed: int) -> Study:
    """No shared physics: each sampler is a smooth random function of its own knobs."""
    rng = np.random.default_rng([12, seed])
    spread, prompt_sd, text_sd = CALIBRATION[rng.integers(NOISY)]
    extra = rng.integers(0, 4)
    space = Space((*STANDARD.samplers, *MORE)[: 3 + int(extra)])
    own = knob_functions(space, rng, (0.3, 0.8))
    offset = {p.sampler: rng.normal(0, spread / 2) for p in space.samplers}

    def quality(configs):
        return 7 + np.array([1.3 * spread * own(c) + offset.get(c.sampler, 0.0) for c in configs])

    return _plain("unshared", space, 5, quality, (text_sd, prompt_sd, 0.05), rng)


def flat(seed: int) -> Study:
    """Nothing matters: every configuration, the baseline too, is worth the same."""
    rng = np.random.default_rng([13, seed])
    _, prompt_sd, text_sd = CALIBRATION[rng.integers(NOISY + 1)]
    return _plain(
        "flat", STANDARD, 5, lambda c: np.full(len(c), 7.0), (text_sd, prompt_sd, 0.0), rng
    )


def bump(seed: int) -> Study:
    """All alike but for one bump just above a margin of .1, in one sampler of a quiet model.

    In half of the studies the baseline lies in the space, away from the bump.
    """
    rng = np.random.default_rng([17, seed])
    part, other = (STANDARD.samplers[i] for i in rng.permutation(3)[:2])
    centre, width = rng.uniform(0.15, 0.85, 2), rng.uniform(0.1, 0.25)
    height = rng.uniform(0.12, 0.3)

    def quality(configs):
        near = [c in STANDARD and c.sampler == part.sampler for c in configs]
        away = [
            ((fractions(part, c) - centre) ** 2).sum() if inside else np.inf
            for c, inside in zip(configs, near, strict=True)
        ]
        return 7 + height * np.exp(-np.array(away) / (2 * width**2))

    study = _plain("bump", STANDARD, 5, quality, (0.2, 0.1, 0.02), rng)
    inside = at(other, np.full(2, 0.5))
    return replace(study, baseline=inside) if rng.random() < 0.5 else study


KNOBS = (
    ("temperature", Range(0.6, 1.6)),
    ("min_p", Range(0.005, 0.15, "log")),
    ("xtc_probability", Range(0.1, 0.8)),
    ("dry_multiplier", Range(0.2, 1.5)),
    ("repetition_penalty", Range(1.0, 1.2)),
)


def tangled(seed: int) -> Study:
    """One sampler with 1, 3, 4 or 5 knobs that interact: a tilted bowl and a smooth function."""
    rng = np.random.default_rng([14, seed])
    spread, prompt_sd, text_sd = CALIBRATION[rng.integers(NOISY)]
    d = int(rng.choice([1, 3, 4, 5]))
    families = ["min_p", "xtc", "dry", "repetition_penalty"][: max(1, d - 1)]
    sampler = "temperature" if d == 1 else "+".join(families)
    space = Space((SamplerSpace(sampler, tuple(KNOBS[:d])),))
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    stretch, peak = rng.uniform(0.5, 3.0, d), rng.uniform(0.15, 0.85, d)
    own = knob_functions(space, rng, (0.5, 1.0))
    part = space.samplers[0]

    def quality(configs):
        inside = [c if c in space else at(part, np.full(d, 0.5)) for c in configs]
        x = np.array([fractions(part, c) for c in inside]) - peak
        bowl = ((x @ turn) ** 2 * stretch).sum(axis=1) / d
        return 7 - 4 * spread * bowl + spread / 2 * np.array([own(c) for c in inside])

    return _plain("tangled", space, 5, quality, (text_sd, prompt_sd, 0.04), rng)


def crowded(seed: int) -> Study:
    """2, 20 or 40 prompts, six samplers, strong configuration x prompt interaction."""
    rng = np.random.default_rng([15, seed])
    spread, prompt_sd, text_sd = CALIBRATION[rng.integers(NOISY)]
    space = Space((*STANDARD.samplers, *MORE))
    own = knob_functions(space, rng, (0.4, 0.9))
    heat = {p.sampler: rng.uniform(-1, 1) for p in space.samplers}
    middle = rng.uniform(0.3, 0.7)

    def quality(configs):
        found = []
        for c in configs:
            f = fractions(space.of(c.sampler), c)[0] if c in space else 0.5
            found.append(
                -5 * spread * (f - middle) ** 2 + spread * (own(c) + 0.5 * heat.get(c.sampler, 0))
            )
        return 7 + np.array(found)

    n = int(rng.choice([2, 20, 40]))
    return _plain("crowded", space, n, quality, (text_sd, prompt_sd, 0.2), rng)


def listed(seed: int) -> Study:
    """Short lists of values, as study files have them; a step function of the place in the list."""
    rng = np.random.default_rng([16, seed])
    spread, prompt_sd, text_sd = CALIBRATION[rng.integers(NOISY)]
    heat = ("temperature", Listed((0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)))
    order = ("temperature_order", Listed(("first", "last")))
    space = Space(
        (
            SamplerSpace("min_p", (heat, ("min_p", Listed((0.01, 0.02, 0.03, 0.05, 0.08, 0.1))))),
            SamplerSpace("top_p", (heat, ("top_p", Listed((0.8, 0.85, 0.9, 0.95))))),
            SamplerSpace("xtc", (heat, ("xtc_probability", Listed((0.2, 0.5))), order)),
        )
    )
    table = {c: spread * rng.normal() * 0.5 for c in space.grid()}
    own = knob_functions(space, rng, (0.3, 0.9))

    def quality(configs):
        return 7 + np.array([table.get(c, 0.0) + spread * own(c) for c in configs])

    return _plain("listed", space, 5, quality, (text_sd, prompt_sd, 0.05), rng)


FAMILIES: dict[str, Callable[[int], Study]] = {
    "physics": lambda seed: physics(seed, noisy=False),
    "noisy": lambda seed: physics(seed, noisy=True),
    "failing": lambda seed: physics(seed, failing=True, noisy=False),
    "refusing": refusing,
    "unshared": unshared,
    "tangled": tangled,
    "crowded": crowded,
    "listed": listed,
    "flat": flat,
    "bump": bump,
}

"""The demo model's measured response surface as simulated studies with a known truth.

Means of some hundred texts still scatter by two hundredths of a point, as much as good settings of
the demo model differ, so the highest measured mean is not the truth of the best. The truth of each
study is therefore drawn anew from what the texts leave open: a Gaussian process for each sampler
over its own two knobs (Matern 5/2 on log(10 - score), with a part for each setting alone, its
hyperparameters at their likeliest) given the measured means and their errors. It knows nothing of
entropy or tails, so that it favours nobody. Failure rates are drawn from their beta posteriors.

Texts scatter about their setting's truth with its measured standard deviation and a left tail.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from _problems import Study
from _process import Process, place
from sweep import TABLE, Line, read

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers import Listed, SamplerSpace, Space
from sampler_bench.tasks.demo import PROMPTS
from sampler_bench.tuning.fingerprint import recalled

FINGERPRINT = Path(__file__).parent / "data" / "demo_fingerprint.json"
SKEW = (0.08, 2.5)  # share of outliers and how many SDs low they are, as in published runs
VARIETY = 4.0  # points for the whole of distinct-3, on the surface with variety


class Surface:
    """What the sweep says of one order of temperature: means, errors, and the process over them."""

    def __init__(self, order: str, variety: bool = False, table: Path = TABLE) -> None:
        self.order, self.variety = order, variety
        groups: dict[SamplerConfig, list[Line]] = defaultdict(list)
        for line in read(table):
            if line.texts - line.failed > 1:
                groups[plain(line.config)].append(line)
        self.lines = {c: _of_order(mine, order) for c, mine in groups.items()}
        self.configs = list(self.lines)
        self.space = _space(self.configs)
        seen = [self._moments(self.lines[c]) for c in self.configs]
        self.mean, self.error, self.sd = (np.array(v) for v in zip(*seen, strict=True))
        self.failed = np.array([sum(m.failed for m in self.lines[c]) for c in self.configs])
        self.texts = np.array([sum(m.texts for m in self.lines[c]) for c in self.configs])
        self.prompt, self.inter = self._prompts()
        self.process = {s: Process(*self._part(s)) for s in {c.sampler for c in self.configs}}

    def _moments(self, lines: list[Line]) -> tuple[float, float, float]:
        """Mean over prompts, its standard error, and the scatter of texts within prompts."""
        n = np.array([m.texts - m.failed for m in lines], dtype=float)
        mean = np.array([m.score for m in lines]) / n
        within = np.array([m.square for m in lines]) - n * mean**2
        sd = float(np.sqrt(max(within.sum() / max((n - 1).sum(), 1), 1e-4)))
        worth, variance = mean.mean(), (sd**2 / n).sum() / len(n) ** 2
        if self.variety:
            different = np.array([m.distinct / m.blocks for m in lines])
            worth += VARIETY * (different.mean() - 0.8)
            spread = np.array([max(m.distinct2 / m.blocks, 0) for m in lines]) - different**2
            blocks = np.array([m.blocks for m in lines])
            variance += VARIETY**2 * (np.maximum(spread, 0) / blocks).sum() / len(n) ** 2
        return float(worth), float(np.sqrt(variance)), sd

    def _prompts(self) -> tuple[np.ndarray, np.ndarray]:
        """Prompt effects (n_prompts,), and interactions (n_configs, n_prompts) shrunk by errors."""
        shape = (len(self.configs), len(PROMPTS))
        mean, variance = np.full(shape, np.nan), np.full(shape, np.inf)
        for i, config in enumerate(self.configs):
            for m in self.lines[config]:
                mean[i, m.prompt] = m.score / (m.texts - m.failed)
                variance[i, m.prompt] = self.sd[i] ** 2 / (m.texts - m.failed)
        good = self.mean > self.mean.max() - 1
        away = mean - np.nanmean(mean, axis=1, keepdims=True)
        effect = np.nanmean(away[good], axis=0)
        own = np.where(np.isnan(away), 0.0, away - effect)
        size = max(float(np.mean(own[good] ** 2 - variance[good])), 0.0)
        shrunk = own * size / (size + variance)
        return effect - effect.mean(), shrunk - shrunk.mean(axis=1, keepdims=True)

    def _part(self, sampler: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rows = [i for i, c in enumerate(self.configs) if c.sampler == sampler]
        x = np.array([place(self.configs[i]) for i in rows])
        short = 10 - self.mean[rows]
        return x, np.log(np.maximum(short, 0.05)), self.error[rows] / np.maximum(short, 0.05)

    def study(self, seed: int) -> Study:
        """One study: a truth that the texts leave possible."""
        rng = np.random.default_rng([21, seed, self.order == "first", self.variety])
        quality: dict[SamplerConfig, float] = {}
        for sampler in sorted(self.process):
            mine = [c for c in self.configs if c.sampler == sampler]
            drawn = 10 - np.exp(self.process[sampler].draw(rng))
            quality.update(zip(mine, drawn, strict=True))
        rates = rng.beta(self.failed + 0.05, self.texts - self.failed + 1.0)
        rate = dict(zip(self.configs, rates, strict=True))
        inter = dict(zip(self.configs, self.inter, strict=True))
        sd = dict(zip(self.configs, self.sd, strict=True))
        name = f"demo, temperature {self.order}" + (", with variety" if self.variety else "")
        study = Study(
            name, self.space, len(PROMPTS), self.order == "last",
            lambda configs: np.array([quality[c] for c in configs]),
            lambda configs: np.array([rate[c] for c in configs]),
            self.prompt, lambda c: inter[c], lambda c: (sd[c], *SKEW),
            baseline=SamplerConfig.of("temperature", {"temperature": 1}), features=fingerprint(),
        )  # fmt: skip
        return replace(study, best=float(study.truth(self.configs).max()))


def fingerprint() -> dict[str, np.ndarray] | None:
    """The demo model's own distributions, as a study keeps them."""
    found = recalled(json.loads(FINGERPRINT.read_text(encoding="utf-8")))
    return found.features if found else None


def plain(text: str) -> SamplerConfig:
    """The configuration as the sweep names it."""
    config = SamplerConfig.parse(text)
    values = {k: v for k, v in config.parameters if k not in ("max_tokens", "temperature_order")}
    return SamplerConfig.of(config.sampler, values)


def _of_order(lines: list[Line], order: str) -> list[Line]:
    """Lines of this order; where it makes no difference, of the one that was measured."""
    mine = [m for m in lines if f"temperature_order={order}" in m.config]
    return mine or lines


def _space(configs: list[SamplerConfig]) -> Space:
    parts = []
    for sampler in dict.fromkeys(c.sampler for c in configs):
        mine = [c for c in configs if c.sampler == sampler]
        names = [name for name, _ in mine[0].parameters]
        values = [(n, Listed(tuple(sorted({c.get(n) for c in mine})))) for n in names]
        parts.append(SamplerSpace(sampler, tuple(values)))
    return Space(tuple(parts))

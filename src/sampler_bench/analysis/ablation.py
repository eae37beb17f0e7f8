"""What each knob of a configuration contributes: the same configuration without it.

Each knob that acts is put back to neutral, alone; what the objective loses by that is the knob's
contribution, read from the posterior with its 95 % interval. Texts of such a configuration, where
there are any, are part of the evidence and make the interval narrow; without them it is what the
model expects from the neighbours, and wide where neutral lies far outside of what was searched.
Contributions need not add up to the gain over the baseline: knobs act together.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..posterior import Posterior
from ..records import Estimate, SamplerConfig, ScoreTable, Value
from ..samplers.acting import acting, knobs
from ..search import Problem
from .reading import difference, interval, posterior_of


@dataclass(frozen=True, slots=True)
class Contribution:
    """One knob of a configuration.

    Attributes:
        parameter, value, neutral: what it is set to, and where it would change nothing.
        without: the configuration with this knob at neutral.
        gain: objective with the knob minus that without it, in points.
        texts: how many texts `without` has of its own; 0: by the model alone.
    """

    parameter: str
    value: Value
    neutral: Value
    without: SamplerConfig
    gain: Estimate
    texts: int


def ablation(table: ScoreTable, problem: Problem, config: SamplerConfig) -> list[Contribution]:
    """What each knob of `config` contributes, the most useful first; empty without evidence."""
    if not len(table.evidence()):
        return []
    posterior = posterior_of(table, problem)
    found = [
        Contribution(name, value, neutral, known, _gain(posterior, config, known), texts)
        for name, value, neutral, known in _without_each(config, problem.baseline)
        for texts in [_texts(posterior, known)]
    ]
    return sorted(found, key=lambda row: -row.gain.mean)


def without_each(config: SamplerConfig, baseline: SamplerConfig | None) -> list[SamplerConfig]:
    """The configuration with each knob that acts at neutral in turn."""
    return [without for _, _, _, without in _without_each(config, baseline)]


def _without_each(
    config: SamplerConfig, baseline: SamplerConfig | None
) -> list[tuple[str, Value, Value, SamplerConfig]]:
    values = config.as_dict()
    return [
        (name, values[name], neutral, _by_its_other_name(without, baseline))
        for name, neutral in knobs(config).items()
        for without in [SamplerConfig.of(config.sampler, {**values, name: neutral})]
    ]


def _by_its_other_name(config: SamplerConfig, baseline: SamplerConfig | None) -> SamplerConfig:
    """The baseline, where a configuration does the same: min_p:temperature=1,min_p=0 is plain."""
    if baseline is not None and acting(config) == acting(baseline):
        return baseline
    return config


def _gain(posterior: Posterior, config: SamplerConfig, without: SamplerConfig) -> Estimate:
    return interval(*difference(posterior.believe([config, without]), 0, 1))


def _texts(posterior: Posterior, config: SamplerConfig) -> int:
    evidence = posterior.evidence
    if config not in evidence.configs:
        return 0
    return int(evidence.total[evidence.configs.index(config)])

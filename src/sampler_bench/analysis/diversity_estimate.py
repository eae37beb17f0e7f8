"""What the model of the whole study believes of every configuration's diversity.

Most searches write few texts twice on one prompt, so most configurations have no pair of their own.
Two things fill the gap. How open a configuration leaves the next token tells most of it
(`diversity_law`); the Gaussian process of `posterior`, which learns how scores run over the space,
learns how configurations lie above or below that. Each pair of texts of one configuration on one
prompt is one observation; pairs share no text, so that they are independent. The same shrinkage and
the same prompt effects hold.

Texts on different prompts are not paired: what they have in common is nearly the same however hot
they were drawn (on the demo model 9 to 16 %, where texts on one prompt share 10 to 52 %). They tell
the law's floor alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean

from .._arrays import Floats
from ..posterior import frame_of
from ..records import JUDGED, UNKNOWN, Cell, Estimate, SamplerConfig, ScoreTable
from ..samplers.effect import effects
from ..search import Problem
from .diversity import Texts, across_prompts, first_words, grams, overlap
from .diversity_law import fit
from .power import Z
from .summary import estimate

SCALE = 10.0  # the model's priors are for scores from 0 to 10
FEWEST_PAIRS = 3
USUAL_FLOOR = 0.1


def estimated_diversity(
    texts: Mapping[SamplerConfig, Texts],
    problem: Problem,
    configs: Sequence[SamplerConfig],
) -> list[Estimate]:
    """Estimate the diversity of each configuration, 0 to 1, with 95 % intervals.

    Args:
        texts: good texts of each configuration by prompt, in the order of their repeats.
        problem: space and prompts.
        configs: which are asked for; they need no texts.

    Returns:
        All NaN where there are fewer than three pairs to learn from.
    """
    table = pair_table(texts, problem.n_prompts)
    if len(table) < FEWEST_PAIRS:
        return [UNKNOWN] * len(configs)
    entropy = _entropies(table.configs, problem)[table.config]
    law = fit(entropy, table.score / SCALE, _floor(texts.values()))
    expected = law.at(entropy)
    middle = float(expected.mean())
    rest = replace(table, score=table.score - SCALE * (expected - middle))
    neutral = replace(problem, failure_score=float(rest.score.mean()))  # nothing fails here
    asked = _entropies(configs, problem)
    return [
        _added(found, float(shift), float(variance))
        for found, shift, variance in zip(
            estimate(rest, neutral, configs),
            law.at(asked) - middle,
            law.variance(asked),
            strict=True,
        )
    ]


def pair_table(texts: Mapping[SamplerConfig, Texts], n_prompts: int) -> ScoreTable:
    """One row for each pair of texts on one prompt, none in two pairs: 10 x (1 - overlap)."""
    rows = []
    for config, mine in texts.items():
        for prompt, found in mine.items():
            known = [grams(first_words(text)) for text in found]
            pairs = zip(known[::2], known[1::2], strict=False)
            for repeat, (one, other) in enumerate(pairs):
                value = SCALE * (1 - overlap(one, other))
                rows.append((Cell(config, prompt, repeat), JUDGED, value))
    return ScoreTable.of(rows, n_prompts)


def _entropies(configs: Sequence[SamplerConfig], problem: Problem) -> Floats:
    """The effective entropy of each configuration, in nats: (n,)."""
    frame = frame_of(problem.space, problem.temperature_last, problem.features, problem.chain)
    return effects(configs, problem.temperature_last, frame.bank, problem.chain)[:, 0]


def _floor(texts: Iterable[Texts]) -> float:
    """What texts of one configuration on different prompts have in common, 0 to 1."""
    shared: list[float] = []
    for mine in texts:
        told = {p: [grams(first_words(text)) for text in found] for p, found in mine.items()}
        shared += [overlap(one, other) for one, other in across_prompts(told)]
    return fmean(shared) if shared else USUAL_FLOOR


def _added(found: Estimate, shift: float, variance: float) -> Estimate:
    """What the process believes, moved by what the law says, on the scale from 0 to 1."""
    mean = found.mean / SCALE + shift
    sd = math.hypot((found.high - found.low) / (2 * Z * SCALE), math.sqrt(variance))
    ends = (mean, mean - Z * sd, mean + Z * sd)
    return Estimate(*(min(max(x, 0.0), 1.0) for x in ends))

"""Text statistics: finds broken and repetitive text, for free. It cannot rank good text.

The score is a linear function of seven statistics, fitted by `tools/calibrate_offline.py` to the
judgments of 1,200 public stories and checked on as many others: within-prompt correlation with the
judges .42 over all, from .04 to .74 by model (high for models that break, none for strong ones).
Use it to try things out, or to drop broken settings; never to choose between good ones. The same
statistics serve as covariates for every study: they are free, and where they go with the judge's
scores they save texts.
"""

from __future__ import annotations

import math
import re
from time import perf_counter

from ..records import Prompt, Score
from ..rules.loops import repeated_share
from ..tasks import Task
from . import Judge, JudgeOptions
from ._words import FUNCTION_WORDS, plausible, words

PANEL = False

COVARIATE_NAMES = (
    "log_words",
    "repeated_runs",
    "distinct_words",
    "odd_words",
    "function_words",
    "long_words",
    "ends_well",
)
CENTRE = (6.6125, 0.037, 0.6693, 0.0026, 0.4343, 0.1228, 0.8623)
WEIGHTS = (0.407, -3.108, -0.354, -8.262, -0.885, 0.838, -0.077)
BASE = 6.54
FIRST_WORDS = 200  # distinct words fall with length, so only the first ones are counted
_ENDS_WELL = re.compile(r"[.!?…][\"'”’)*_]*\s*$")


def covariates(text: str) -> tuple[float, ...]:
    """The statistics of a text, in the order of COVARIATE_NAMES; linear in its length."""
    found = words(text)
    count = max(len(found), 1)
    first = found[:FIRST_WORDS]
    return (
        math.log(count),
        repeated_share(found),
        len(set(first)) / max(len(first), 1),
        sum(not plausible(word) for word in found) / count,
        sum(word in FUNCTION_WORDS for word in found) / count,
        sum(len(word) > 7 for word in found) / count,
        float(bool(_ENDS_WELL.search(text[-200:]))),
    )


class OfflineJudge(Judge):
    """See the module. A panel of one."""

    IDENTITY = "offline:1"

    @property
    def identities(self) -> tuple[str, ...]:
        return (self.IDENTITY,)

    async def check(self) -> str:
        return "offline: text statistics; finds broken text, cannot rank good text"

    async def judge(self, identity: str, prompt: Prompt, text: str) -> Score:
        assert identity == self.IDENTITY, f"{identity} is not {self.IDENTITY}"
        began = perf_counter()
        values = covariates(text)
        terms = zip(WEIGHTS, values, CENTRE, strict=True)
        raw = BASE + sum(weight * (value - centre) for weight, value, centre in terms)
        return Score(
            judge=identity,
            value=min(10.0, max(0.0, raw)),
            criteria=tuple(zip(COVARIATE_NAMES, values, strict=True)),
            seconds=perf_counter() - began,
        )


def build(options: JudgeOptions, task: Task) -> Judge:
    """Build the judge; it has no options."""
    return OfflineJudge()

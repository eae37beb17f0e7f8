"""The offline judge does what its page says: broken and repetitive text falls."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampler_bench.judges import JudgeOptions
from sampler_bench.judges.offline import COVARIATE_NAMES, build, covariates
from sampler_bench.plugins import find
from sampler_bench.records import Prompt

STORY = (
    "Nora had steered the ferry for thirty years, and on the last morning the river was so low "
    "that the gulls stood in it. She let the boy from the ticket office hold the wheel. Past the "
    "bend, where the old mill had been, he asked whether she was sad. She said that she had been "
    "sad about it in April, when the letter came. On the far bank a woman with a bicycle waved, "
    "late as she had been every day. They turned back for her, and nobody on the boat complained."
)
LOOP = "She smiled at the gulls and the gulls smiled at her again and again. " * 25
SALAD = "xqv blorn ferrdy zzkt ungmo the wpril fnord qqil asdfg hjkle oiure mnbvc trewq " * 8


async def worth(text):
    async with build(JudgeOptions(), find("tasks", "creative-writing").build()) as judge:
        (identity,) = judge.identities
        return (await judge.judge(identity, Prompt(0, "Write."), text)).value


@pytest.mark.anyio
async def test_broken_text_falls_below_good_text():
    good, loop, salad = await worth(STORY), await worth(LOOP), await worth(SALAD)
    assert loop < good - 1.5
    assert salad < good - 1.5


@given(st.text(max_size=300))
def test_any_text_has_finite_statistics(text):
    values = covariates(text)
    assert len(values) == len(COVARIATE_NAMES)
    assert all(math.isfinite(value) for value in values)

"""A sample of the benchmark: the check is never wrong on servers with really wrong settings."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.double import LlamaWriter
from support.live_runs import Outcome, run
from support.tiny_gguf import write_tiny_gguf

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "live_check.py"


@pytest.mark.anyio
async def test_the_check_is_never_wrong(writer: LlamaWriter) -> None:
    outcomes = [await run(seed, {"demo": writer}) for seed in range(9001, 9021)]
    kinds = Counter(outcome.kind for outcome in outcomes)
    wrong = [o for o in outcomes if o.kind not in ("right", "cannot tell", "clamp unseen")]
    assert not wrong
    assert kinds["cannot tell"] <= 3
    assert {outcome.acts for outcome in outcomes} == {True, False}
    assert max(outcome.requests for outcome in outcomes) < 30


@pytest.mark.anyio
async def test_one_changed_text_is_no_proof_where_texts_may_not_repeat(tmp_path: Path) -> None:
    """A run of the benchmark: a server that now and then writes another text had one, twice."""
    async with LlamaWriter(write_tiny_gguf(tmp_path / "random.gguf"), slots=4) as other:
        outcome = await run(81549, {"random": other})
    assert (outcome.acts, outcome.says) == (False, "cannot tell"), outcome.evidence


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("seed", "acts", "says"),
    [
        # the plain text came out otherwise the second time, so it was itself the odd one
        pytest.param(111723, False, "cannot tell", id="odd plain text"),
        # top_k is forced, and at temperature 0 this TabbyAPI drops its penalties
        pytest.param(112089, True, "cannot tell", id="penalties dropped when greedy"),
        # a penalty is forced, so no words come again that DRY could punish
        pytest.param(161758, True, "cannot tell", id="nothing to punish"),
        # no limit above 0.1: of two tokens of a flat model both lie above it
        pytest.param(112256, True, "honoured", id="threshold clamped"),
    ],
)
async def test_runs_that_were_judged_wrongly(
    tmp_path: Path, seed: int, acts: bool, says: str
) -> None:
    async with LlamaWriter(write_tiny_gguf(tmp_path / "random.gguf"), slots=4) as other:
        outcome = await run(seed, {"demo": other, "random": other})
    assert (outcome.acts, outcome.says) == (acts, says), outcome.evidence


@pytest.mark.anyio
async def test_an_order_is_not_called_ignored_where_mild_heat_hides_it(writer: LlamaWriter) -> None:
    """A run of the benchmark: no seeds, and no temperature above 2."""
    outcome = await run(90924, {"demo": writer, "random": writer})
    assert (outcome.knob, outcome.acts) == ("temperature_order", True)
    assert outcome.says == "cannot tell", outcome.evidence


def test_an_outcome_is_judged_by_what_is_true() -> None:
    def kind(acts: bool, says: str, clamps: str = "") -> str:
        return Outcome(1, "e", "", "s", "t", "m", "k", acts, says, "", 1, clamps).kind

    assert kind(True, "honoured") == kind(False, "ignored") == "right"
    assert kind(True, "clamped", "inside") == kind(True, "clamped", "outside") == "right"
    assert kind(True, "honoured", "outside") == "right"
    assert kind(True, "clamped") == "honoured called clamped"
    assert kind(True, "honoured", "inside") == "clamp unseen"
    assert kind(True, "ignored") == "honoured called ignored"
    assert kind(False, "honoured differently") == "ignored called honoured"
    assert kind(False, "cannot tell") == "cannot tell"


def test_the_benchmark_prints_its_table(tmp_path: Path) -> None:
    words = [sys.executable, str(BENCHMARK), "--runs", "2", "--out", str(tmp_path / "runs.jsonl")]
    for _ in range(2):  # the second time, both runs are there already
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
        assert done.stdout.splitlines()[1].split()[:2] == ["all", "2"]
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == 2

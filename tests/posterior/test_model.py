"""The posterior as a whole: order, beliefs, failures, scales, odd tables."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sampler_bench.posterior import NEUTRAL, fit_posterior, frame_of, steering
from sampler_bench.records import FAILED, JUDGED, MISSING, PENDING, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Range, SamplerSpace, Space

SPACE = Space(
    (
        SamplerSpace(
            "min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.005, 0.15, "log")))
        ),
        SamplerSpace("top_p", (("temperature", Range(0.6, 1.3)), ("top_p", Range(0.8, 0.99)))),
    )
)
FRAME = frame_of(SPACE, True)


def rows_of(seed, n=40, fail=0.0, scale=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    configs = [SPACE.draw(rng) for _ in range(max(1, n // 3))]
    rows = []
    for k in range(n):
        config = configs[int(rng.integers(len(configs)))]
        worth = 7 - 3 * (float(config.get("temperature")) - 1) ** 2
        state = FAILED if rng.random() < fail else JUDGED
        score = shift + scale * (worth + 0.4 * rng.normal())
        rows.append((Cell(config, k % 3, k), state, score))
    return rows


def posterior(rows, n_prompts=3):
    return fit_posterior(ScoreTable.of(rows, n_prompts), FRAME, 1.0)


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_the_order_of_evidence_changes_nothing(random, seed):
    rows = rows_of(seed, 25, fail=0.1)
    shuffled = list(rows)
    random.shuffle(shuffled)
    a, b = posterior(rows), posterior(shuffled)
    assert a.evidence.configs == b.evidence.configs
    one, two = (p.believe(FRAME.pool[::50]) for p in (a, b))
    assert (one.mean == two.mean).all()
    assert (one.covariance == two.covariance).all()


def test_missing_and_pending_rows_are_no_evidence():
    rows = rows_of(1)
    more = [(Cell(SPACE.samplers[0].draw(np.random.default_rng(k)), 0, 0), s, 9.0)
            for k, s in enumerate([MISSING, PENDING])]  # fmt: skip
    one, two = (posterior(r).believe(FRAME.pool[:5]) for r in (rows, rows + more))
    assert (one.mean == two.mean).all()


def test_marginal_is_the_diagonal_of_the_joint():
    model = posterior(rows_of(2, 60, fail=0.1))
    points = FRAME.place(FRAME.pool[::40])
    mean, sd = model.marginal_at(points)
    belief = model.believe_at(points)
    np.testing.assert_allclose(mean, belief.mean, atol=1e-9)
    np.testing.assert_allclose(sd, belief.sd, rtol=0.15)
    assert np.linalg.eigvalsh(belief.covariance).min() > -1e-9


def test_covers_the_truth_of_what_it_has_seen():
    hits = total = 0
    for seed in range(12):
        rows = rows_of(seed, 60)
        model = posterior(rows)
        belief = model.believe(model.evidence.configs)
        truth = [7 - 3 * (float(c.get("temperature")) - 1) ** 2 for c in model.evidence.configs]
        hits += int((np.abs(belief.mean - truth) < 1.96 * belief.sd).sum())
        total += len(truth)
    assert hits / total >= 0.86, hits / total


def test_failures_count_and_are_learned_apart():
    hot, cold = (SamplerConfig.of("min_p", {"temperature": t, "min_p": 0.02}) for t in (1.6, 0.8))
    rows = [(Cell(c, k % 3, k), FAILED if c == hot and k % 2 else JUDGED, 7.0 + 0.1 * (k % 3))
            for c in (hot, cold) for k in range(40)]  # fmt: skip
    model = posterior(rows)
    rate, _ = model.failure_rate([hot, cold])
    assert rate[0] == pytest.approx(0.5, abs=0.1)
    assert rate[1] < 0.06
    quality, _ = model.quality([hot, cold])
    assert quality == pytest.approx([7.1, 7.1], abs=0.15)
    assert model.believe([hot]).mean[0] == pytest.approx(0.5 * 7.1 + 0.5 * 1.0, abs=0.6)


@pytest.mark.parametrize(("worth", "further"), [(1.0, "below"), (20.0, "above")])
def test_rare_failures_make_an_interval_reach_further_to_their_side(worth, further):
    config = SamplerConfig.of("min_p", {"temperature": 1.0, "min_p": 0.02})
    rows = [(Cell(config, k % 3, k), FAILED if k == 7 else JUDGED, 7.0 + 0.1 * (k % 2))
            for k in range(40)]  # fmt: skip
    model = fit_posterior(ScoreTable.of(rows, 3), FRAME, worth)
    (mean,), (below,), (above,) = model.sides([config])
    assert mean == pytest.approx(model.believe([config]).mean[0])
    longer, shorter = (below, above) if further == "below" else (above, below)
    assert longer > 1.3 * shorter > 0


def test_scores_on_another_scale_give_the_same_answer():
    plain = posterior(rows_of(3)).believe(FRAME.pool[::60])
    for scale, shift in ((100.0, -300.0), (0.001, 5.0)):
        other = fit_posterior(
            ScoreTable.of(rows_of(3, scale=scale, shift=shift), 3), FRAME, shift + scale
        ).believe(FRAME.pool[::60])
        order = np.corrcoef(plain.mean, other.mean)[0, 1]
        assert order > 0.98
        assert other.sd.mean() / scale == pytest.approx(plain.sd.mean(), rel=0.4)


@pytest.mark.parametrize(("shift", "unit"), [(3.5, 1.0), (4.5, 1.0), (20.0, 10.0)])
def test_scores_a_little_above_ten_are_still_points(shift, unit):
    """One score of 10.1 made them shares of a hundred."""
    rows = rows_of(3, scale=unit, shift=shift)
    assert max(score for _, _, score in rows) > 10
    assert posterior(rows).unit == unit


def test_few_texts_that_lie_close_do_not_make_the_scale_a_fine_one():
    few, more = rows_of(3, 11, scale=0.001), rows_of(3, 12, scale=0.001)
    assert posterior([(cell, state, 6 + score) for cell, state, score in few]).unit == 1.0
    assert posterior([(cell, state, 6 + score) for cell, state, score in more]).unit < 0.01


@pytest.mark.parametrize("n", [1, 2, 3])
def test_takes_tiny_tables(n):
    belief = posterior(rows_of(0, n)).believe(FRAME.pool[:3])
    assert np.isfinite(belief.mean).all()
    assert (belief.sd > 0.1).all()


def test_a_claim_leaves_more_failure_open_than_a_search_where_none_was_seen():
    table = ScoreTable.of(rows_of(0), 3)
    claim, search = (
        fit_posterior(table, FRAME, 1.0, expectation=it).failure_rate(table.configs[:1])
        for it in (NEUTRAL, steering(True, FRAME))
    )
    assert claim[0] == pytest.approx(2.5 * search[0])
    assert claim[1] > search[1]


def test_takes_tables_where_all_failed_and_where_all_scores_are_equal():
    cells = [Cell(SPACE.draw(np.random.default_rng(k)), 0, 0) for k in range(6)]
    failed = posterior([(c, FAILED, 0.0) for c in cells]).believe(FRAME.pool[:3])
    assert np.isfinite(failed.mean).all()
    for score in (5.0, 7.3, 0.1):  # the mean of the last two is not exact
        equal = posterior([(c, JUDGED, score) for c in cells]).believe(FRAME.pool[:3])
        assert equal.mean == pytest.approx(score, abs=0.25)
        assert (equal.sd > 0.05).all()


@pytest.mark.parametrize("sd", [0.2, 0.3])
def test_a_quiet_models_scatter_is_told_as_it_is(sd):
    """Where nothing failed, what is left open about failures is no scatter of the next text."""
    told = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        configs = [SPACE.draw(rng) for _ in range(12)]
        rows = [
            (Cell(config, prompt, 0), JUDGED, 7.0 + sd * rng.normal())
            for config in configs
            for prompt in range(3)
        ]
        told.append(np.sqrt(posterior(rows).believe(configs[:1]).text_variance[0]))
    assert np.mean(told) == pytest.approx(sd, rel=0.2)


def test_hyperparameters_are_used_in_the_unit_that_they_were_fitted_in():
    """Scores up to 15 may be points out of 20; of 65 they are of a scale to 100."""
    low = [(cell, state, 0.2 * score) for cell, state, score in rows_of(3, 40, scale=10.0)]
    fitted = posterior(low)
    high = [(cell, state, 65.0) for cell, state, _ in rows_of(4, 2)]
    table = ScoreTable.of(low + high, 3)
    afresh = fit_posterior(table, FRAME, 1.0)
    given = fit_posterior(table, FRAME, 1.0, draws=fitted.draws)
    assert afresh.unit > 2 * fitted.unit
    assert given.unit == given.draws.unit == fitted.unit


def test_the_prior_of_a_table_without_scores_holds_in_any_unit():
    failed = [(cell, FAILED, 0.0) for cell, _, _ in rows_of(5, 6)]
    draws = posterior(failed).draws
    high = ScoreTable.of(rows_of(6, 30, scale=10.0), 3)
    given, afresh = (fit_posterior(high, FRAME, 1.0, draws=d) for d in (draws, None))
    assert given.unit == afresh.unit == 10.0


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 2000))
def test_prompts_without_a_text_change_only_what_prompts_are_expected_to_add(seed, n_prompts):
    """Many more prompts that nobody asked for: the belief stays, but for the sum to zero."""
    rows = rows_of(seed, 30)
    few, many = (posterior(rows, n).believe(FRAME.pool[:40]) for n in (3, n_prompts))
    np.testing.assert_allclose(many.mean, few.mean, atol=0.15)
    assert (many.sd < 1.5 * few.sd + 0.1).all()


@pytest.mark.parametrize("factor", [0.1, 10.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_rounding_decides_what_is_drawn(seed, factor):
    """The same scores on another scale: only signs of eigenvectors may differ, and none count."""
    rows = rows_of(seed, 50, scale=0.05, shift=6.0)
    other = [(cell, state, factor * score) for cell, state, score in rows]
    one, two = (fit_posterior(ScoreTable.of(r, 3), FRAME, 0.0) for r in (rows, other))
    assert two.unit == pytest.approx(factor * one.unit)
    known = [model.believe(FRAME.pool[::40]) for model in (one, two)]
    np.testing.assert_allclose(known[1].mean, factor * known[0].mean, rtol=1e-5)
    np.testing.assert_allclose(known[1].sd, factor * known[0].sd, rtol=1e-4)


def test_equal_scores_are_equal_on_every_scale():
    cells = [cell for cell, _, _ in rows_of(1, 20)]
    tables = [ScoreTable.of([(c, JUDGED, score) for c in cells], 3) for score in (0.5, 5.0, 50.0)]
    models = [fit_posterior(table, FRAME, 0.0) for table in tables]
    sds = [m.believe(FRAME.pool[:9]).sd / f for m, f in zip(models, (1, 10, 100), strict=True)]
    np.testing.assert_allclose(sds[0], sds[1], rtol=1e-6)
    np.testing.assert_allclose(sds[2], sds[1], rtol=1e-6)


def test_covariates_leave_scores_on_the_scale_that_they_were_told_on():
    """Shares of success: what is left without chance may lie outside 0 to 1."""
    rng, rows, free = np.random.default_rng(0), [], []
    for k, (cell, state, _) in enumerate(rows_of(2, 200)):
        free.append((rng.normal(),))
        rows.append((replace(cell, repeat=k), state, float(rng.random() < 0.6 + 0.3 * free[-1][0])))
    units = []
    for factor in (1.0, 10.0):
        scores = [(cell, state, factor * score) for cell, state, score in rows]
        model = fit_posterior(ScoreTable.of(scores, 3, free), FRAME, 0.0)
        assert model.evidence.mean.min() < 0, "covariates are used"
        units.append(model.unit / factor)
    assert units[0] == pytest.approx(units[1])

"""Control variates: they sharpen where they can, and leave all as it was where they cannot."""

from dataclasses import replace

import numpy as np
import pytest

from sampler_bench.posterior import fit_posterior, frame_of
from sampler_bench.posterior.covariates import adjusted, coefficient
from sampler_bench.records import FAILED, JUDGED, Cell, SamplerConfig, ScoreTable
from sampler_bench.samplers import Listed, Range, SamplerSpace, Space

SPACE = Space(
    (SamplerSpace("min_p", (("temperature", Range(0.7, 1.6)), ("min_p", Range(0.01, 0.1)))),)
)
FRAME = frame_of(SPACE, True)


def table_of(seed, share, n=240, width=3, settings=25):
    """Texts whose noise is explained by the first covariate to a share (correlation squared)."""
    rng = np.random.default_rng(seed)
    configs = [SPACE.draw(rng) for _ in range(settings)]
    rows, free, truth = [], [], []
    for k in range(n):
        config = configs[k % settings]
        heat = float(config.get("temperature"))
        x = rng.normal(size=width)
        worth = 7 - (heat - 1) ** 2
        noise = np.sqrt(share) * x[0] + np.sqrt(1 - share) * rng.normal()
        rows.append((Cell(config, k % 2, k), JUDGED, worth + 0.8 * noise))
        free.append((*(x + 2.0 * heat),))  # what the configuration does to the covariate
        truth.append(worth)
    return ScoreTable.of(rows, 2, free), np.array(truth)


def test_a_good_covariate_takes_most_of_its_share_of_the_noise_and_nothing_else():
    table, truth = table_of(0, 0.5)
    before, after = table.score - truth, adjusted(table, FRAME).scores - truth
    assert 0.45 < after.var() / before.var() < 0.75
    heat = np.array([float(table.configs[i].get("temperature")) for i in table.config])
    assert abs(np.polyfit(heat, after, 1)[0]) < 0.35, "the configuration's effect stays"


def test_useless_covariates_change_next_to_nothing():
    changed = [
        np.abs(adjusted(t, FRAME).scores - t.score).mean()
        for t, _ in (table_of(s, 0.0) for s in range(6))
    ]
    assert np.mean(changed) < 0.05, changed


def test_the_posterior_gets_narrower():
    table, _ = table_of(1, 0.8, settings=80)
    bare = ScoreTable(table.configs, table.config, table.prompt, table.repeat, table.state,
                      table.score, table.fresh, table.covariates[:, :0], 2)  # fmt: skip
    with_free, without = (
        fit_posterior(t, FRAME, 1.0).believe(table.configs) for t in (table, bare)
    )
    assert with_free.sd.mean() < 0.9 * without.sd.mean()


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5])
@pytest.mark.parametrize("rough", [0.0, 0.2, 0.7])
def test_the_means_are_as_far_off_as_is_said(share, rough):
    """A score that covariates explain wholly had intervals a tenth as wide as they must be.

    `rough`: what each configuration does to the covariate, beside anything smooth.
    """
    found = []
    for seed in range(30):
        table, truth = table_of(seed, share)
        odd = rough * np.random.default_rng([seed, 1]).normal(size=len(table.configs))
        table = replace(table, covariates=table.covariates + odd[table.config][:, None])
        known, config = adjusted(table, FRAME), table.config
        count = np.bincount(config)
        left = known.scores - truth
        mean = np.bincount(config, weights=left) / count
        within = ((left - mean[config]) ** 2).sum() / (len(left) - len(count))
        said = np.diag(known.doubt + within / count) + known.shared @ known.shared.T
        found.append(mean @ np.linalg.solve(said, mean) / len(mean))
    assert 0.4 < np.mean(found) < 1.25, np.mean(found)


def test_the_units_of_covariates_change_nothing_and_constant_ones_do_nothing():
    table, _ = table_of(0, 0.6)
    units = np.array([1e-6, 1.0, 1e9])
    other = replace(table, covariates=table.covariates * units)
    there, here = adjusted(other, FRAME), adjusted(table, FRAME)
    assert there.scores == pytest.approx(here.scores, abs=1e-6)
    assert there.doubt == pytest.approx(here.doubt, abs=1e-6)
    same = replace(table, covariates=np.full((len(table), 2), 7.3))
    assert adjusted(same, FRAME).scores == pytest.approx(table.score, abs=1e-6)
    assert adjusted(same, FRAME).doubt == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("prompts", [2, 9])
def test_more_prompts_cost_a_covariate_little(prompts):
    table, truth = table_of(3, 0.8)
    table = replace(table, prompt=np.arange(len(table)) // 25 % prompts, n_prompts=prompts)
    assert (adjusted(table, FRAME).scores - truth).var() < 0.65 * (table.score - truth).var()


def test_few_texts_missing_covariates_and_failures_keep_their_scores():
    table, _ = table_of(2, 0.5, n=20)
    assert (adjusted(table, FRAME).scores == table.score).all()
    rows = [
        (Cell(SPACE.draw(np.random.default_rng(k)), 0, 0), [JUDGED, FAILED][k % 2], 5.0)
        for k in range(9)
    ]
    odd = ScoreTable.of(rows, 1, [(1.0,)] * 4 + [()] * 5)
    np.testing.assert_array_equal(adjusted(odd, FRAME).scores, odd.score)


def test_the_coefficient_is_that_of_least_squares_where_it_is_sure():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 2))
    y = x @ [0.7, -0.2] + 0.5 * rng.normal(size=4000)
    assert coefficient(x, y) == pytest.approx([0.7, -0.2], abs=0.03)
    assert coefficient(x, np.zeros(4000)) == pytest.approx([0, 0])


def test_settings_without_evidence_change_nothing():
    """A table keeps the names of settings that were asked for and are not known yet."""
    table, _ = table_of(4, 0.8, n=60)
    other = SPACE.samplers[0]
    rng = np.random.default_rng(9)
    more = tuple(other.draw(rng) for _ in range(9))
    wider = replace(table, configs=(*more[:4], *table.configs, *more[4:]), config=table.config + 4)
    one, two = adjusted(table, FRAME), adjusted(wider, FRAME)
    assert (one.scores == two.scores).all()
    assert (one.doubt == two.doubt[4:-5]).all()
    assert not two.doubt[:4].any()
    assert one.chance == two.chance > 0


@pytest.mark.parametrize(
    "part",
    [
        SamplerSpace("dry", (("dry_multiplier", Range(0.2, 1.5)),)),
        SamplerSpace(
            "temperature",
            (("temperature", Listed((0.7,))), ("max_tokens", Range(50, 500, integer=True))),
        ),
    ],
)
def test_a_baseline_far_outside_of_a_space_without_entropy_is_taken(part):
    """Its shared coordinates are a thousand million spans away, where nothing else moves them."""
    space = Space((part,))
    frame = frame_of(space, True)
    base = SamplerConfig.parse("temperature:temperature=1.3")
    rng = np.random.default_rng(0)
    rows, free = [], []
    for k in range(160):
        x = rng.normal()
        config = base if k % 8 == 0 else part.draw(np.random.default_rng(k % 16))
        rows.append((Cell(config, 0, k), JUDGED, 6 + 0.6 * x + 0.3 * rng.normal()))
        free.append((x,))
    belief = fit_posterior(ScoreTable.of(rows, 1, free), frame, 1.0).believe([base])
    assert 0 < belief.sd[0] < 0.5
    assert abs(belief.mean[0] - 6) < 0.6

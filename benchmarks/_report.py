"""The table of the search benchmark.

regret: truth of the best configuration minus truth of the recommended one, in points, with the 95 %
bootstrap interval of its mean over runs. claims: what a method says its winner is worth, minus the
truth. covers, width: of its 95 % interval. ms: its own thinking for each text.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

GOALS = (0.1, 0.05)
OURS = "bayesian"
RESAMPLES = 2000


def report(rows: list[dict]) -> None:
    """Print a table for each family, one for all of them, and where we lose."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    for family in families:
        _table(family, [row for row in rows if row["family"] == family])
    if len(families) > 1:
        _table("all families", rows)
        _losses(rows, families)


def _table(title: str, rows: list[dict]) -> None:
    runs = len({(row["family"], row["run"]) for row in rows})
    print(f"\n{title}: {runs} studies")
    print(
        f"{'method':14}{'texts':>6}{'runs':>5}{'regret':>8}{'95 % of mean':>17}{'median':>8}"
        f"{'claims':>8}{'covers':>8}{'width':>7}{'ms':>6}"
    )
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == method]
        for texts in sorted({row["texts"] for row in mine}):
            print(_line(method, texts, [row for row in mine if row["texts"] == texts]), flush=True)
    for method in dict.fromkeys(row["method"] for row in rows):
        curve = _curve([row for row in rows if row["method"] == method])
        goals = ", ".join(f"{goal:g}: {_reach(curve, goal)}" for goal in GOALS)
        print(f"{method:14} texts to a mean regret of {goals}")


def _line(method: str, texts: int, rows: list[dict]) -> str:
    regret, over, cover, width, ms = (
        np.array([row[k] for row in rows], dtype=float)
        for k in ("regret", "over", "covers", "width", "ms")
    )
    low, high = np.quantile(_means(regret), [0.025, 0.975])
    return (
        f"{method:14}{texts:6d}{len(rows):5d}{regret.mean():8.3f}   [{low:.3f}, {high:.3f}]"
        f"{np.median(regret):8.3f}{over.mean():+8.3f}{100 * cover.mean():7.0f}%"
        f"{np.median(width):7.2f}{ms.mean():6.1f}"
    )


def _means(values: np.ndarray) -> np.ndarray:
    """Means of bootstrap samples."""
    rng = np.random.default_rng(0)
    return rng.choice(values, (RESAMPLES, len(values))).mean(axis=1)


def _curve(rows: list[dict]) -> list[tuple[int, float]]:
    """(texts, mean regret), in order."""
    texts = sorted({row["texts"] for row in rows})
    return [(t, float(np.mean([r["regret"] for r in rows if r["texts"] == t]))) for t in texts]


def _reach(curve: list[tuple[int, float]], goal: float) -> str:
    """Texts at which the mean regret comes down to a goal, straight on a double log scale."""
    if curve[0][1] <= goal:
        return f"<= {curve[0][0]}"
    for (a, before), (b, after) in pairwise(curve):
        if after <= goal:
            share = np.log(before / goal) / np.log(before / max(after, 1e-9))
            return f"{a * (b / a) ** share:.0f}"
    return f"> {curve[-1][0]}"


def _losses(rows: list[dict], families: list[str]) -> None:
    """Name each family and budget where a peer's mean regret is lower, on the studies of both."""
    regret = {(r["family"], r["method"], r["texts"], r["run"]): r["regret"] for r in rows}
    methods = [m for m in dict.fromkeys(r["method"] for r in rows) if m != OURS]
    print(f"\nwhere {OURS} loses: its regret minus the peer's on the same studies, SE of that")
    for family in families:
        for texts in sorted({row["texts"] for row in rows}):
            for method in methods:
                gaps = np.array(
                    [
                        ours - regret[family, method, texts, run]
                        for (f, m, t, run), ours in regret.items()
                        if (f, m, t) == (family, OURS, texts)
                        and (family, method, texts, run) in regret
                    ]
                )
                if len(gaps) > 1 and gaps.mean() > 0:
                    print(
                        f"{family:10}{texts:6d} {method:14}{gaps.mean():+.3f} "
                        f"+-{gaps.std(ddof=1) / np.sqrt(len(gaps)):.3f} ({len(gaps)} studies)"
                    )

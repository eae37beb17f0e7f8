"""Fit the offline judge to judgments of public stories, and print how well it does.

    python tools/calibrate_offline.py --data FOLDER

Ridge regression of each text's mean score on the statistics, within source x model x prompt (so
that only differences between texts on the same prompt by the same model count), on half of the
texts; correlations are of the other half.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np
import pyarrow.parquet as pq

from sampler_bench.judges.offline import COVARIATE_NAMES, covariates

RIDGE = 5.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    scores: dict[str, list[float]] = {}
    where: dict[str, tuple[str, str, str]] = {}
    for row in pq.read_table(folder / "writing_scores.parquet").to_pylist():
        if row["score10"] is not None and not row["text_empty"]:
            scores.setdefault(row["text_id"], []).append(row["score10"])
            where[row["text_id"]] = (row["source"], row["model"], str(row["prompt_id"]))
    rows = [
        (where[r["text_id"]], covariates(r["text"]), mean(scores[r["text_id"]]))
        for r in pq.read_table(folder / "writing_texts.parquet").to_pylist()
        if r["text_id"] in scores
    ]
    keys = [row[0] for row in rows]
    x, y = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    own = np.array([key[0] == "sampler_bench" for key in keys])
    x_in, y_in = within(keys, x), within(keys, y[:, None])[:, 0]
    half = np.random.default_rng(0).random(len(rows)) < 0.5
    scale = x_in[half].std(axis=0) + 1e-9
    design = x_in / scale
    gram = design[half].T @ design[half] + RIDGE * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, design[half].T @ y_in[half]) / scale
    print("CENTRE =", tuple(round(float(v), 4) for v in x.mean(axis=0)))
    print("WEIGHTS =", tuple(round(float(v), 3) for v in weights))
    print("BASE =", round(float(y.mean()), 2))
    print("names", COVARIATE_NAMES)
    for name, some in (
        ("all", ~half),
        ("public sampler runs", ~half & own),
        ("other", ~half & ~own),
    ):
        r = np.corrcoef(x_in[some] @ weights, y_in[some])[0, 1]
        print(f"within-prompt correlation, {name}: {r:.2f} ({some.sum()} texts)")
    for model in sorted({key[1] for key, o in zip(keys, own, strict=True) if o}):
        some = ~half & own & np.array([key[1] == model for key in keys])
        r = np.corrcoef(x_in[some] @ weights, y_in[some])[0, 1]
        print(f"  {model}: {r:.2f} ({some.sum()} texts, SD {y_in[some].std():.2f})")


def within(keys: list[tuple[str, str, str]], values: np.ndarray) -> np.ndarray:
    """Values minus the mean of their group."""
    numbers = np.unique([" ".join(key) for key in keys], return_inverse=True)[1]
    sums = np.zeros((numbers.max() + 1, values.shape[1]))
    np.add.at(sums, numbers, values)
    return values - (sums / np.bincount(numbers)[:, None])[numbers]


if __name__ == "__main__":
    main()

"""Measured response surfaces as studies: published accuracies, and sweeps of a real model.

A surface is a table of configurations with their measured worth. Where the measured configurations
of a sampler are a full grid of a few values, the space lists these values; otherwise each knob is a
range. What was not measured is interpolated linearly (nearest outside the hull).

Accuracies (`--data`, a parquet file with sampler, value, temperature, accuracy, n, model, task): a
question a text, so a score is 0 or 10; greedy settings are left out. A setting's accuracy is known
to .1 to .2 points, so each study's truth is drawn from what that leaves open (`_process.py`).

Sweeps (`--surface`, JSON): {"n_prompts": 4, "temperature_last": true, "rows": [{"config":
"min_p:temperature=1,min_p=0.05", "mean": 7.1, "sd": 1.2, "failure_rate": 0.01}, ...],
"fingerprint": [[log-probabilities of one context], ...]}; `mean` and `sd` are of the texts that did
not fail.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from _problems import Remembered, Study, fractions
from _process import Process, place
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from sampler_bench.records import SamplerConfig
from sampler_bench.samplers import Dimension, Listed, Range, SamplerSpace, Space, parameter

FEWEST = 25  # settings that make a surface
KNOB = {"min_p": "min_p", "top_p": "top_p", "top_k": "top_k"}


@dataclass(frozen=True)
class Row:
    """One measured configuration."""

    config: SamplerConfig
    mean: float
    sd: float = 0.0
    failure_rate: float = 0.0


def accuracies(path: Path) -> dict[str, Callable[[int], Study]]:
    """A maker of studies for each model and task with enough settings."""
    import pyarrow.parquet as pq

    groups: dict[str, list[Row]] = defaultdict(list)
    for row in pq.read_table(path).to_pylist():
        known = row["sampler"] in (*KNOB, "none") and row["engine"] == "vllm"
        if known and not row["label_conflict"] and row["temperature"] > 0:
            values = {"temperature": row["temperature"]}
            if row["sampler"] in KNOB:
                values[KNOB[row["sampler"]]] = row["value"]
            sampler = row["sampler"].replace("none", "temperature")
            config = SamplerConfig.of(sampler, values)
            groups[f"{row['model']} {row['task']}"].append((config, row["accuracy"], row["n"]))
    return {name: _drawn(name, rows) for name, rows in groups.items() if len(rows) >= FEWEST}


def _drawn(name: str, rows: list[tuple[SamplerConfig, float, int]]) -> Callable[[int], Study]:
    """A maker of studies whose truth is drawn from what measured accuracies leave open."""
    by_sampler: dict[str, list] = defaultdict(list)
    for config, accuracy, n in rows:
        share = (accuracy * n + 0.5) / (n + 1)
        by_sampler[config.sampler].append(
            (config, 10 * accuracy, 10 * np.sqrt(share * (1 - share) / n))
        )
    known = {}

    def make(seed: int) -> Study:
        for sampler, mine in by_sampler.items():
            if sampler not in known:
                x = np.array([place(config) for config, _, _ in mine])
                known[sampler] = Process(x, *np.array([row[1:] for row in mine]).T)
        rng = np.random.default_rng([22, seed, crc32(name.encode())])
        truth = [
            Row(config, float(np.clip(value, 0.05, 9.95)))
            for sampler in sorted(by_sampler)
            for (config, _, _), value in zip(
                by_sampler[sampler], known[sampler].draw(rng), strict=True
            )
        ]
        return study_of(name, truth, 5, False, binary=True)

    return make


def sweep(path: Path) -> dict[str, Callable[[int], Study]]:
    """A maker of studies on a measured sweep, with the model's fingerprint if the file has one."""
    data = json.loads(path.read_text())
    rows = [
        Row(SamplerConfig.parse(r["config"]), r["mean"], r["sd"], r.get("failure_rate", 0.0))
        for r in data["rows"]
    ]
    prints = data.get("fingerprint")
    features = None if prints is None else {"logprobs": np.array(prints, dtype=float)}
    last, prompts = bool(data["temperature_last"]), int(data["n_prompts"])
    return {
        path.stem: lambda seed: replace(study_of(path.stem, rows, prompts, last), features=features)
    }


def study_of(
    name: str, rows: list[Row], n_prompts: int, temperature_last: bool, binary: bool = False
) -> Study:
    """A study whose truth is a measured surface."""
    parts = {part.sampler: (part, mine) for part, mine in _parts(rows)}
    space = Space(tuple(part for part, _ in parts.values()))
    fields = {s: _interpolator(part, mine) for s, (part, mine) in parts.items()}
    plain = fields.get("temperature")
    middle = np.median([(r.mean, r.sd, r.failure_rate) for r in rows], axis=0)

    def measure(configs):
        found = []
        for config in configs:
            if config.sampler in fields:
                part = parts[config.sampler][0]
                found.append(fields[config.sampler](fractions(part, config)))
            else:
                found.append(middle if plain is None else plain(np.array([0.5])))
        return np.array(found)

    known = Remembered(measure)
    walk = list(space.grid()) if space.size() is not None else [r.config for r in rows]
    baseline = SamplerConfig.of("temperature", {"temperature": 1})
    study = Study(
        name=name,
        space=space,
        n_prompts=n_prompts,
        temperature_last=temperature_last,
        quality=lambda configs: known(configs)[:, 0],
        failing=lambda configs: known(configs)[:, 2],
        prompt=np.zeros(n_prompts),
        interaction=lambda config: np.zeros(n_prompts),
        noise=lambda config: (float(known([config])[0, 1]), 0.0, 0.0),
        baseline=baseline if baseline in space else walk[0],
        binary=binary,
        failure_score=0.0 if binary else 1.0,
    )
    return replace(study, best=float(study.truth(walk).max()))


def _parts(rows: list[Row]) -> Iterable[tuple[SamplerSpace, list[Row]]]:
    by_sampler: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_sampler[row.config.sampler].append(row)
    for sampler, mine in sorted(by_sampler.items()):
        names = [n for n, _ in mine[0].config.parameters]
        values = {n: sorted({r.config.get(n) for r in mine}) for n in names}
        size = np.prod([len(v) for v in values.values()])
        dimensions = [(n, _dimension(n, values[n], size > 2.5 * len(mine))) for n in names]
        yield SamplerSpace(sampler, tuple(dimensions)), mine


def _dimension(name: str, values: list, scattered: bool) -> Dimension:
    if scattered and len(values) > 2 and not isinstance(values[0], str):
        log = parameter(name).scale == "log" and values[0] > 0
        return Range(values[0], values[-1], "log" if log else "linear")
    return Listed(tuple(values))


def _interpolator(part: SamplerSpace, rows: list[Row]) -> Callable[[np.ndarray], np.ndarray]:
    worth = defaultdict(list)
    for row in rows:
        worth[tuple(fractions(part, row.config))].append((row.mean, row.sd, row.failure_rate))
    x = np.array(list(worth))
    y = np.array([np.mean(v, axis=0) for v in worth.values()])
    moving = np.ptp(x, axis=0) > 0
    if moving.sum() == 0:
        return lambda point: y.mean(axis=0)
    x = x[:, moving]
    if x.shape[1] == 1:
        order = np.argsort(x[:, 0])
        return lambda point: np.array(
            [np.interp(point[moving][0], x[order, 0], y[order, k]) for k in range(3)]
        )
    linear, nearest = LinearNDInterpolator(x, y), NearestNDInterpolator(x, y)

    def value(point):
        found = linear(point[moving][None, :])[0]
        return nearest(point[moving][None, :])[0] if np.isnan(found).any() else found

    return value

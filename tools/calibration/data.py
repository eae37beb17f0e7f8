"""Judged stories as plain records, read from the parquet tables that --data names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median

FEWEST_WORDS = 20
FAMILIES = ("llama", "stral", "gemma", "muse", "claude", "gpt")


@dataclass(frozen=True, slots=True)
class Story:
    """One text with what judges thought of it.

    Attributes:
        family: who made the model; texts of one family are never learned from and tested together.
        score: mean of the judges, 0 to 10.
        upper: score in the upper half of its source; `upper_of_model`: of its model.
    """

    id: str
    text: str
    prompt_id: str
    prompt: str
    source: str
    model: str
    family: str
    sampler: str
    score: float
    upper: bool = False
    upper_of_model: bool = False


def load_stories(data: Path) -> list[Story]:
    """Read all judged texts of 20 words or more, in the order of the table."""
    import pyarrow.parquet as pq

    rows = pq.read_table(data / "writing_scores.parquet").to_pylist()
    prompts = pq.read_table(data / "prompts.parquet").to_pylist()
    asked = {row["prompt_id"]: row["prompt_text"] for row in prompts}
    scores: dict[str, list[float]] = defaultdict(list)
    about = {}
    for row in rows:
        about[row["text_id"]] = row
        if row["score10"] is not None:
            scores[row["text_id"]].append(row["score10"])
    stories = [
        _story(row, about[row["text_id"]], asked, scores[row["text_id"]])
        for row in pq.read_table(data / "writing_texts.parquet").to_pylist()
        if row["text_id"] in scores and len(row["text"].split()) >= FEWEST_WORDS
    ]
    return _halved(stories)


def load_hot(data: Path) -> dict[str, list[str]]:
    """Read the texts of the human study by arm and temperature, `none 3.0` being the hottest."""
    import pyarrow.parquet as pq

    samplers = {"A": "none", "B": "top_p", "C": "min_p"}
    found: dict[str, list[str]] = defaultdict(list)
    for row in pq.read_table(data / "human_texts.parquet").to_pylist():
        temperature = 1 + "ABCDEF".index(row["setting"]) % 3
        diversity = "low" if row["setting"] in "ABC" else "high"
        found[f"{samplers[row['arm']]} T={temperature} {diversity}"].append(row["text"])
    return dict(found)


def _story(row: dict, about: dict, asked: dict[str, str], scores: list[float]) -> Story:
    model = row["model"].lower()
    return Story(
        id=row["text_id"],
        text=row["text"],
        prompt_id=about["prompt_id"],
        prompt=asked.get(about["prompt_id"], ""),
        source=row["source"],
        model=row["model"],
        family=next((name for name in FAMILIES if name in model), "other"),
        sampler=about["sampler_name"] or "",
        score=mean(scores),
    )


def _halved(stories: list[Story]) -> list[Story]:
    by_source = _medians((s.source, s.score) for s in stories)
    by_model = _medians((s.source + s.model, s.score) for s in stories)
    return [
        replace(
            s,
            upper=s.score >= by_source[s.source],
            upper_of_model=s.score >= by_model[s.source + s.model],
        )
        for s in stories
    ]


def _medians(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    groups: dict[str, list[float]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: median(values) for key, values in groups.items()}

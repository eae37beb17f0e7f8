"""Outcomes by temperature: where texts begin to fail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ._document import Result


@dataclass(slots=True)
class Heat:
    """Outcomes of the texts at one temperature."""

    heat: str
    texts: int = 0
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, row: Result) -> None:
        """Count a configuration's texts."""
        self.texts += row.sample_count
        for reason, n in row.failures.items():
            self.failed += n
            self.reasons[reason] = self.reasons.get(reason, 0) + n


def by_heat(rows: Iterable[Result]) -> list[Heat]:
    """Outcomes by temperature, the coldest first; without temperature last."""
    found: dict[float | None, Heat] = {}
    for row in rows:
        value = row.parameters.get("temperature")
        key = float(value) if isinstance(value, int | float) else None
        heat = found.setdefault(key, Heat("none" if key is None else f"{key:g}"))
        heat.add(row)
    return [found[key] for key in sorted(found, key=lambda k: (k is None, k or 0.0))]

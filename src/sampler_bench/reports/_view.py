"""What the templates of a study's page ask about its document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _words
from ._advice import advice
from ._document import (
    CheckedServer,
    CurveResult,
    Document,
    FindingResult,
    Interval,
    LiveCheckResult,
    Result,
)
from ._figures import Scale, scale_of
from ._heat import Heat, by_heat
from ._minimal import NOT_SHRUNK

SHOWN_ROWS = 20
SHOWN_MEMBERS = 60


@dataclass(frozen=True, slots=True)
class Preset:
    """One configuration in one export format, and what that format loses of it."""

    config: str
    format: str
    about: str
    suffix: str
    text: str
    losses: tuple[str, ...] = ()


class View:
    """What the templates ask about a document.

    Args:
        document: the study.
        inside, beside: texts in the page, and those for which it has no room.
        file: the name of the file with the latter.
        presets: configurations in other tools' formats.
        applied: what was sent for the recommended configuration, as JSON; empty if not known.
    """

    def __init__(
        self,
        document: Document,
        inside: int,
        beside: int,
        file: str,
        presets: Sequence[Preset],
        applied: str,
    ) -> None:
        self.document = document
        self.meta, self.verdict = document.search_metadata, document.verdict
        self.inside, self.beside, self.file = inside, beside, file
        self.formats = list(dict.fromkeys((p.format, p.about) for p in presets))
        self.exported = list(dict.fromkeys(p.config for p in presets))
        self.named = {result.config: result for result in document.all_results}
        self.best = document.best_configuration
        self.baseline = self._baseline()
        self.applied = applied
        self.measured = bool(document.search_metadata.server.get("fingerprint"))
        self.advice = advice(document)
        self.not_shrunk = NOT_SHRUNK if document.verdict is None and self.best is not None else ""

    def _baseline(self) -> Result | None:
        if self.verdict is None or self.verdict.baseline is None:
            return None
        return self.named.get(self.verdict.baseline)

    @property
    def sentence(self) -> str:
        """The verdict, as the terminal says it."""
        return _words.sentence(self.document)

    @property
    def reached(self) -> str:
        """One word for the answer: `better`, `good`, `open`, or `none` without any."""
        if self.best is None or self.verdict is None:
            return "none"
        return {"better": "better", "as good": "good"}.get(self.verdict.sentence, "open")

    @property
    def estimate(self) -> Interval:
        """The worth of the recommended configuration."""
        if self.verdict is not None and self.verdict.objective.mean is not None:
            return self.verdict.objective
        return self.best.estimate if self.best is not None else Interval()

    @property
    def pair(self) -> list[tuple[str, Result, Interval]]:
        """Winner and baseline with their worth, each once."""
        rows = [("Recommended", self.best, self.estimate)] if self.best else []
        if self.baseline and self.best and self.baseline.config != self.best.config:
            rows.append(("Your baseline", self.baseline, self.baseline.estimate))
        return [(title, row, worth) for title, row, worth in rows if row is not None]

    @property
    def pair_scale(self) -> Scale:
        """The scale of winner and baseline."""
        return scale_of([worth for _, _, worth in self.pair], least=0.5)

    @property
    def others(self) -> list[str]:
        """The tried configurations that may be as good as the best, without the winner."""
        if self.verdict is None:
            return []
        return self.verdict.others

    def sampler(self, config: str) -> str:
        """The sampler of a configuration."""
        return config.partition(":")[0]

    def colour(self, sampler: str) -> int:
        """Which of the page's eight colours a sampler has everywhere."""
        known = list(dict.fromkeys(r.sampler_type for r in self.document.all_results))
        order = list(self.meta.spec.get("space", {}))
        order += [name for name in sorted(known) if name not in order]
        return order.index(sampler) % 8 if sampler in order else 7

    @property
    def rows(self) -> list[Result]:
        """The leaders of the ranking, and the baseline."""
        told = [r for r in self.document.all_results if r.estimate.mean is not None]
        rows = told[:SHOWN_ROWS]
        if self.baseline is not None and self.baseline not in rows and self.baseline in told:
            rows.append(self.baseline)
        return rows

    @property
    def rank(self) -> Mapping[str, int]:
        """The place of each configuration, from 1."""
        return {r.config: i for i, r in enumerate(self.document.all_results, start=1)}

    @property
    def rows_scale(self) -> Scale:
        """The scale of the ranking's intervals."""
        return scale_of([row.estimate for row in self.rows])

    @property
    def surfaces(self) -> list[tuple[int, Any]]:
        """The surfaces with their places among the slices."""
        return [(i, s) for i, s in enumerate(self.document.slices) if len(s.axes) == 2]

    @property
    def curves(self) -> list[tuple[int, Any]]:
        """The curves with their places among the slices."""
        return [(i, s) for i, s in enumerate(self.document.slices) if len(s.axes) == 1]

    @property
    def reasons(self) -> dict[str, int]:
        """How many texts failed for each reason, the most frequent first."""
        found: dict[str, int] = {}
        for result in self.document.all_results:
            for reason, n in result.failures.items():
                found[reason] = found.get(reason, 0) + n
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def prompts(self) -> list[tuple[str, list[Any]]]:
        """Each prompt with what winner and baseline made of it."""
        found = []
        for i, text in enumerate(self.meta.prompts):
            seen = [
                next((p for p in row.by_prompt if p.prompt == i), None) for _, row, _ in self.pair
            ]
            found.append((text, seen))
        return found

    @property
    def prompt_scale(self) -> Scale:
        """The scale of the objectives by prompt."""
        found = [p.objective for _, row, _ in self.pair for p in row.by_prompt]
        return scale_of([Interval(mean=x, low=x, high=x) for x in found], least=1.0)

    @property
    def gain(self) -> Interval | None:
        """What the winner gains over the baseline; None where there is nothing to compare."""
        found = self.verdict
        if found is None or found.best == found.baseline or found.gain is None:
            return None
        return found.gain if found.gain.mean is not None else None

    @property
    def quick(self) -> bool:
        """Whether the recommended configuration can be copied at once."""
        return self.best is not None and self.best.config in self.exported

    @property
    def members(self) -> list[str]:
        """The leading members of the set that may be as good."""
        return self.others[:SHOWN_MEMBERS]

    @property
    def whole(self) -> Scale:
        """From nothing to all."""
        return Scale(0.0, 1.0)

    @property
    def importance(self) -> list[Any]:
        """Knobs, the most important first."""
        return sorted(self.document.importance, key=lambda row: -(row.share.mean or 0.0))

    @property
    def entropies(self) -> bool:
        """Whether effective entropies are known."""
        return any(row.entropy is not None for row in self.document.all_results)

    @property
    def any_below(self) -> bool:
        """Whether a setting may leave the pictures of worth below."""
        known = [r.estimate.mean for r in self.document.all_results]
        means = [mean for mean in known if mean is not None]
        return bool(means) and max(means) - min(means) > 1.0

    @property
    def varieties(self) -> bool:
        """Whether diversity is known of any configuration."""
        return any(
            row.diversity is not None and row.diversity.estimate.mean is not None
            for row in self.document.all_results
        )

    @property
    def front(self) -> list[Result]:
        """The configurations that no other beats in both quality and diversity."""
        front = self.document.diversity.front if self.document.diversity else []
        found = [self.named[config] for config in front if config in self.named]
        return [row for row in found if row.diversity is not None]

    @property
    def sizes(self) -> list[int]:
        """A few of the budgets at which samplers are compared."""
        known = sorted({n for curve in self.document.best_of_n for n in curve.sizes})
        return [n for n in known if n in (1, 2, 3, 5, 8, 13, 21)] or known[:7]

    def at_sizes(self, curve: CurveResult) -> list[Interval | None]:
        """A sampler's best of N at these budgets; None where it has too few settings."""
        found = dict(zip(curve.sizes, curve.best, strict=True))
        return [found.get(n) for n in self.sizes]

    @property
    def ablation_scale(self) -> Scale:
        """The scale of what knobs contribute, with nothing on it."""
        return scale_of([*(row.gain for row in self.document.ablation), Interval(mean=0.0)])

    @property
    def scatter(self) -> list[tuple[str, Interval]]:
        """Where the scatter of scores comes from."""
        found = self.document.variance
        if found is None:
            return []
        rows = [
            ("settings of the space", found.settings),
            ("of this, between samplers", found.sampler),
            ("prompts", found.prompt),
            ("settings that suit some prompts better", found.interaction),
            ("single texts of one setting on one prompt", found.text),
            ("judging one text again", found.judge),
        ]
        return [(title, part) for title, part in rows if part.mean is not None]

    @property
    def scatter_scale(self) -> Scale:
        """From nothing to the widest scatter."""
        return Scale(0.0, scale_of([part for _, part in self.scatter]).high)

    @property
    def live(self) -> LiveCheckResult | None:
        """What the live check of the server found; None where there was none."""
        found = self.document.knobs
        return found if found is not None and found.servers else None

    def findings(self, server: CheckedServer) -> list[FindingResult]:
        """What was found of each knob, the troubles first."""
        seed = [server.seed] if server.seed is not None else []
        return sorted([*server.findings, *seed], key=lambda f: f.says == "honoured")

    @property
    def speeds(self) -> bool:
        """Whether it is known how fast texts were written."""
        return any(row.writing_seconds and row.tokens for row in self.document.all_results)

    @property
    def by_heat(self) -> list[Heat]:
        """Outcomes by temperature, the coldest first; without temperature last."""
        return by_heat(self.document.all_results)

    @property
    def failure_words(self) -> str:
        """The picture of failures for those who do not see it."""
        parts = [f"{heat.failed} of {heat.texts} at {heat.heat}" for heat in self.by_heat]
        return f"Failed texts by temperature: {', '.join(parts)}."

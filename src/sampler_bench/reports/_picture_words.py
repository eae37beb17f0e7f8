"""The pictures of the page in words: what they show, for everybody and for those who see none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from . import _depth_words
from ._document import (
    DiversityResult,
    Document,
    ImportanceResult,
    Interval,
    JudgeResult,
    Result,
    SliceResult,
)

HEATS = 3  # settings of temperature alone that show what heat does
FEWEST = 12  # texts of a judge before its highest score tells of its scale
SATURATED = 0.25  # of the texts with a judge's highest score: it runs out of scale


class PictureWords:
    """What the pictures of a document show, in words."""

    def __init__(self, document: Document) -> None:
        self.document, self.meta = document, document.search_metadata

    @property
    def no_slices(self) -> str:
        """Why there are no pictures of the response."""
        if not self.meta.texts:
            return "No text was judged yet, so there is nothing to draw."
        if not self.document.slices and self.document.verdict is not None:
            return "No knob of this study takes more than one value."
        if not self.document.slices:
            return "This results file holds no model of the study; a kept study can be drawn."
        return "No sampler of this study moves two knobs at once."

    def held(self, found: SliceResult) -> str:
        """Where the other knobs are held, but for the length of answers."""
        held = [f"{k} {v}" for k, v in found.held.items() if k != "max_tokens"]
        return f"with {', '.join(held)}" if held else ""

    def surface_words(self, found: SliceResult) -> str:
        """A surface for those who do not see it."""
        x, y = found.axes
        best = max(range(len(found.mean)), key=found.mean.__getitem__)
        at = (
            f"{x.name} {x.values[best % len(x.values)]}, {y.name} {y.values[best // len(x.values)]}"
        )
        return (
            f"Expected worth of {found.sampler} over {x.name} and {y.name}: from "
            f"{min(found.mean):.2f} to {max(found.mean):.2f}, highest at {at}."
        )

    def curve_words(self, found: SliceResult) -> str:
        """A curve for those who do not see it."""
        axis = found.axes[0]
        best = max(range(len(found.mean)), key=found.mean.__getitem__)
        return (
            f"Expected worth of {found.sampler} over {axis.name}: {found.mean[0]:.2f} at "
            f"{axis.values[0]}, highest {found.mean[best]:.2f} at {axis.values[best]}, "
            f"{found.mean[-1]:.2f} at {axis.values[-1]}."
        )

    @property
    def importance_sentence(self) -> str:
        """Which knobs matter."""
        rows = self.document.importance
        told = [row for row in rows if row.told and not _alone(row, rows)]
        if not told:
            return "The data cannot tell which knob matters."
        return f"Surely matters: {', '.join(map(_knob, told))}. Of the rest the data cannot tell."

    @property
    def best_of_words(self) -> str:
        """Best of N for those who do not see it."""
        parts = [
            f"{curve.sampler} from {curve.best[0].mean:.2f} with {curve.sizes[0]} to "
            f"{curve.best[-1].mean:.2f} with {curve.sizes[-1]}"
            for curve in self.document.best_of_n
            if curve.best and curve.best[0].mean is not None and curve.best[-1].mean is not None
        ]
        return f"Worth of the best of N random settings by sampler: {'; '.join(parts)}."

    @property
    def entropy_words(self) -> str:
        """Worth over entropy for those who do not see it."""
        known = [r for r in self.document.all_results if None not in (r.entropy, r.estimate.mean)]
        if not known:
            return "Worth over effective entropy."
        cold, hot = min(known, key=_entropy), max(known, key=_entropy)
        return (
            f"Worth over effective entropy: {cold.estimate.mean:.2f} at {cold.entropy:.2f} nats "
            f"({cold.config}), {hot.estimate.mean:.2f} at {hot.entropy:.2f} nats ({hot.config})."
        )

    @property
    def no_variety(self) -> str:
        """Why diversity is not shown."""
        if not self.meta.texts:
            return "No text was written yet."
        return (
            "How varied the texts are is not known: it takes two good texts of one setting on one "
            "prompt, and a study whose texts are at hand."
        )

    @property
    def variety_sentence(self) -> str:
        """What variety costs: the two ends of the front."""
        front = self._front()
        if len(front) < 2:
            return "No setting buys more variety for less quality, as far as these texts show."
        best, varied = front[0], front[-1]
        return (
            f"Along the front, diversity rises from {best.estimate.mean:.2f} to "
            f"{varied.estimate.mean:.2f} while quality falls from {best.quality.mean:.2f} to "
            f"{varied.quality.mean:.2f}."
        )

    @property
    def heat_sentence(self) -> str:
        """What heat buys and costs, from the two ends of temperature alone; empty without three."""
        known = [
            (float(heat), part.estimate, part.quality)
            for row in self.document.all_results
            if row.sampler_type == "temperature"
            and isinstance(heat := row.parameters.get("temperature"), int | float)
            and (part := row.diversity) is not None
            and None not in (part.estimate.mean, part.quality.mean)
        ]
        known.sort(key=lambda found: found[0])
        if len(known) < HEATS:
            return ""
        (cold, alike, good), (hot, varied, bad) = known[0], known[-1]
        said = (
            f"from {cold:g} to {hot:g}, diversity goes from {alike.mean:.2f} to {varied.mean:.2f}, "
            f"and quality from {good.mean:.2f} to {bad.mean:.2f}."
        )
        if _above(varied, alike) and _above(good, bad):
            return f"Heat buys variety and costs quality: with temperature alone, {said}"
        return f"With temperature alone, {said}"

    def _front(self) -> list[DiversityResult]:
        """The front from the best end to the most varied."""
        front = self.document.diversity.front if self.document.diversity else []
        named = {row.config: row.diversity for row in self.document.all_results}
        found = [part for config in front if (part := named.get(config)) is not None]
        return [p for p in found if p.estimate.mean is not None and p.quality.mean is not None]

    @property
    def variety_words(self) -> str:
        """Quality against diversity for those who do not see it."""
        return f"Quality against diversity, one dot a setting. {self.variety_sentence}"

    @property
    def settled_sentence(self) -> str:
        """Since when the answer has been the same, as the terminal says it."""
        return " ".join(_depth_words.settled(self.document)).strip()

    @property
    def settled_words(self) -> str:
        """How the answer settled for those who do not see it."""
        return f"Worth of what would have been recommended, over texts. {self.settled_sentence}"

    @property
    def panel_sentence(self) -> str:
        """Whether the judges are to be trusted less than they look."""
        panel = self.document.panel
        judges = panel.judges if panel else []
        found = [line for judge in judges for line in _strange(judge)]
        if found:
            return f"Mind this: {'; '.join(found)}."
        if all(judge.texts < FEWEST for judge in judges):
            return "Whether anything is strange of the judges is not known after so few texts."
        return "Nothing strange was seen of the judges: no saturation, no love of length, no drift."


def _above(one: Interval, other: Interval) -> bool:
    """Whether an interval lies above another as a whole."""
    return one.low is not None and other.high is not None and one.low > other.high


def _strange(judge: JudgeResult) -> Iterator[str]:
    """What is strange of one judge."""
    share = judge.at_top if judge.texts >= FEWEST else None
    if share is not None and share > SATURATED:
        yield (
            f"{judge.judge} gave its highest score to {share:.0%} of the texts, so it "
            "cannot tell good from better"
        )
    if (side := _side(judge.length)) != 0:
        yield f"{judge.judge} likes {'longer' if side > 0 else 'shorter'} texts better"
    if (side := _side(judge.drift)) != 0:
        yield f"scores of {judge.judge} went {'up' if side > 0 else 'down'} while it judged"


def _side(found: Interval) -> int:
    """1 where an interval lies above nothing, -1 below, 0 where it does not tell."""
    if found.low is None or found.high is None:
        return 0
    return (found.low > 0) - (found.high < 0)


def _entropy(row: Result) -> float:
    return row.entropy or 0.0


def _alone(row: ImportanceResult, rows: Sequence[ImportanceResult]) -> bool:
    """Whether a knob is the only one that moves in its sampler, and so has all of the variance."""
    beside = [other for other in rows if other.sampler == row.sampler]
    return row.parameter != "sampler" and len(beside) == 1


def _knob(row: ImportanceResult) -> str:
    if row.parameter == "sampler":
        return "the choice of sampler"
    share = f"{row.share.mean:.0%}" if row.share.mean is not None else "unknown"
    where = "" if row.sampler == row.parameter else f" of {row.sampler}"
    return f"{row.parameter}{where} ({share} of the variance)"

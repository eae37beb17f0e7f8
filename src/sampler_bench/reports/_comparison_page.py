"""The page of a comparison: several studies side by side, in one file that needs no network.

Same parts, style and rules as the page of a study; its pictures are plain HTML, so nothing is drawn
by scripts. Names of files, models and settings come from outside and are shown as text.
"""

from __future__ import annotations

from collections.abc import Sequence

from .. import __version__
from ._comparison import Across, ComparedStudy, Comparison, Pair, Ranked
from ._comparison_words import drift_words
from ._document import Interval
from ._figures import Scale, scale_of
from ._rendering import rendered
from ._saying import label, title_of
from ._words import command_line

SCRIPTS = ("base.js",)
SECTIONS = {
    "studies": "The studies",
    "differences": "What differs",
    "winners": "Winner against winner",
    "across": "The same settings in each",
    "prompts": "Prompt by prompt",
    "ranking": "One ranking",
    "limits": "What this cannot tell",
    "repeat": "How to repeat it",
}
SHOWN_ACROSS, SHOWN_ROWS = 12, 40


def comparison_page(found: Comparison) -> str:
    """Write the page of a comparison of two or more studies."""
    view = ComparisonView(found)
    return rendered(
        SCRIPTS,
        SECTIONS,
        rooms="comparison",
        hero="comparison/hero.html",
        about="Comparison",
        version=__version__,
        view=view,
        say=view,
    )


class ComparisonView:
    """What the templates ask about a comparison."""

    def __init__(self, found: Comparison) -> None:
        self.found, self.studies = found, found.studies
        self.places = {study.letter: i for i, study in enumerate(found.studies)}
        self.told = [study for study in found.studies if study.best is not None]

    @property
    def leader(self) -> ComparedStudy | None:
        """The study whose best setting is estimated highest; None without a common ranking."""
        known = [study for study in self.told if study.estimate.mean is not None]
        if self.found.no_ranking or len(self.told) < 2 or not known:
            return None
        return max(known, key=lambda study: study.estimate.mean or 0.0)

    @property
    def leads(self) -> list[tuple[ComparedStudy, Interval]]:
        """What the leader is ahead of every other answer, the closest first.

        The leader's own setting, found for the same model once more, is no other answer.
        """
        if (leader := self.leader) is None:
            return []
        found = [
            (other, gain)
            for other in self.told
            if (other.best, other.model) != (leader.best, leader.model)
            and (gain := self._lead(leader.letter, other.letter)).mean is not None
        ]
        return sorted(found, key=lambda row: row[1].mean or 0.0)

    def _lead(self, first: str, second: str) -> Interval:
        """The estimated difference of two winners, first minus second."""
        for pair in self.found.winners:
            if (pair.first, pair.second) == (first, second):
                return pair.estimated
            if (pair.first, pair.second) == (second, first):
                return turned(pair.estimated)
        return Interval()

    @property
    def beaten(self) -> list[str]:
        """The studies whose best the leader surely beats."""
        return [s.letter for s, gain in self.leads if gain.low is not None and gain.low > 0]

    @property
    def agreed(self) -> bool:
        """Whether every study recommends the same setting."""
        return len(self.told) > 1 and len({study.best for study in self.told}) == 1

    @property
    def reached(self) -> str:
        """One word for the answer, as on the page of a study."""
        if self.leader is None:
            return "none"
        if self.agreed:
            return "good"
        return "better" if self.leads and len(self.beaten) == len(self.leads) else "open"

    @property
    def badge(self) -> str:
        """The answer in two or three words."""
        if self.leader is None:
            return "No common ranking"
        if self.agreed:
            return "The same answer"
        return "A clear lead" if self.reached == "better" else "Too close to call"

    @property
    def title(self) -> str:
        """The headline."""
        if len(self.told) < 2:
            return "Fewer than two studies have an answer"
        if self.leader is not None:
            known = self.agreed or self.reached == "better"
            return title_of(self.leader.best or "") if known else "No setting is clearly ahead"
        if not self.found.winners:
            return "These scores do not compare"
        return f"{self.found.shared_prompts} of {self.found.prompts} prompts are shared"

    @property
    def verdict_line(self) -> str:
        """The answer in one or two sentences."""
        if (leader := self.leader) is None:
            if not self.found.no_ranking:
                return "There is nothing to compare yet."
            rest = (
                "winners are compared on the shared prompts alone, as seen there"
                if self.found.winners
                else "each study stands for itself"
            )
            return f"{self._capital(self.found.no_ranking)}: {rest}."
        if self.agreed:
            return f"{self._letters(self.told)} recommend this same setting. {self.models_line}"
        if self.reached == "better":
            others = self._letters([s for s in self.told if s.letter in self.beaten])
            return f"What {leader.letter} recommends beats the best of {others}. {self.models_line}"
        beaten, leads = self.beaten, [study.letter for study, _ in self.leads]
        level = [s for s in self.told if s.letter in leads and s.letter not in beaten]
        return (
            f"The highest estimate is that of {leader.letter} ({title_of(leader.best or '')}); it "
            f"cannot be told apart from the best of {self._letters(level)}. {self.models_line}"
        )

    @property
    def models_line(self) -> str:
        """Whether the settings alone differ."""
        apart = [d.what for d in self.found.differences]
        if not apart:
            return "Model, judge, server and prompts are the same."
        return f"Not only settings differ: {', '.join(apart)} too."

    def _capital(self, words: str) -> str:
        return words[:1].upper() + words[1:]

    def _letters(self, studies: Sequence[ComparedStudy]) -> str:
        letters = [study.letter for study in studies]
        return " and ".join(filter(None, [", ".join(letters[:-1]), letters[-1]]))

    def colour(self, letter: str) -> int:
        """Which of the page's eight colours a study has."""
        return self.places[letter] % 8

    def label(self, config: str) -> str:
        """A configuration in few words, its sampler first."""
        return f"{config.partition(':')[0]} {label(config)}"

    @property
    def comparable(self) -> bool:
        """Whether scores may stand on one scale."""
        return bool(self.found.across)

    @property
    def winners_scale(self) -> Scale:
        """The scale of the winners' estimates."""
        return scale_of([study.estimate for study in self.told], least=0.5)

    @property
    def across(self) -> list[Across]:
        """The winners, and the best of what several studies tried."""
        return self.found.across[:SHOWN_ACROSS]

    @property
    def across_scale(self) -> Scale:
        """The scale of these."""
        return scale_of([e for row in self.across for e in row.estimates.values()], least=0.5)

    @property
    def pairs_scale(self) -> Scale:
        """The scale of the winners' differences, with nothing in its middle."""
        found = [part for p in self.found.winners for part in (p.estimated, p.seen)]
        ends = [abs(x) for i in found for x in (i.low, i.mean, i.high) if x is not None]
        far = 1.06 * max([0.1, *ends])
        return Scale(-far, far)

    def said(self, pair: Pair) -> str:
        """What a difference of winners tells; as seen alone it flatters, so it decides nothing."""
        gain = pair.estimated
        if gain.low is None or gain.high is None:
            return "cannot tell"
        if gain.low > 0:
            return f"{pair.first} is better"
        return f"{pair.second} is better" if gain.high < 0 else "cannot tell"

    @property
    def prompts_scale(self) -> Scale:
        """The scale of what the winners made of the shared prompts."""
        worth = [x for row in self.found.by_prompt for x in row.objectives.values()]
        return scale_of([Interval(mean=x) for x in worth], least=1.0)

    @property
    def drift(self) -> list[str]:
        """The check on judge and server by settings that two studies share."""
        return [drift_words(row) for row in self.found.drift]

    @property
    def rows(self) -> list[Ranked]:
        """The head of the common ranking."""
        return self.found.ranking[:SHOWN_ROWS]

    @property
    def rows_scale(self) -> Scale:
        """The scale of these."""
        return scale_of([row.estimate for row in self.rows])

    @property
    def limits(self) -> list[str]:
        """What the comparison cannot tell."""
        lines = [
            "Each study's best was chosen on the very texts that are compared, so differences as "
            "seen flatter whoever searched longer; estimates correct for that, as far as each "
            "study's model is right.",
            "Estimates of two studies are taken to be independent. What prompts, judge and server "
            "do to both alike is not counted twice, and is not taken off either.",
        ]
        if len(self.found.winners) > 1:
            lines.append(
                f"{len(self.found.winners)} pairs are compared, each at 95 %: that one of them "
                "looks decided by chance is likelier than 1 in 20."
            )
        if any(difference.what == "model" for difference in self.found.differences):
            lines.append(
                "The models differ. A lead is one of model and setting together; whether it is the "
                "setting, only a study of both settings on one model can tell."
            )
        return lines

    @property
    def command(self) -> str:
        """The command that writes this page again."""
        return command_line(
            ["sampler-bench", "report", "--compare", *(s.name for s in self.studies)]
        )


def turned(gain: Interval) -> Interval:
    """A difference the other way round."""
    flipped = [None if x is None else -x for x in (gain.mean, gain.high, gain.low)]
    return Interval(mean=flipped[0], low=flipped[1], high=flipped[2])

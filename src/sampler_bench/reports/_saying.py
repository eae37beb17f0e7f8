"""The sentences of the page: each follows from a number of the document, and says it plainly."""

from __future__ import annotations

import json
import re

from ..samplers import parameter, parameter_names
from . import _words
from ._document import Document
from ._knobs import warnings

CERTAIN = 0.995  # from here on "more than 99 in 100"
VERSION = re.compile(r":[0-9a-f]{8,}$")
GOES_ON = re.compile(r"\s--resume(\s|=|$)")
SPELLED = 3  # knobs that a title names


def label(config: str) -> str:
    """A configuration in few words: its knobs, without the length of answers."""
    knobs = [f"{name} {value}" for name, value in knobs_of(config) if name != "max_tokens"]
    return " · ".join(knobs) or config


def knobs_of(config: str) -> list[tuple[str, str]]:
    """The knobs of a text form, as they are set."""
    _, _, rest = config.partition(":")
    pairs = [item.partition("=") for item in rest.split(",") if item]
    return [(name, value) for name, _, value in pairs]


def meaning_of(knob: str) -> str:
    """What a knob does, in one line; empty for a stranger."""
    return parameter(knob).meaning if knob in parameter_names() else ""


def title_of(config: str) -> str:
    """A configuration as a headline: `top_p 0.9 at temperature 0.8`."""
    knobs = dict(knobs_of(config))
    knobs.pop("max_tokens", None)
    heat = knobs.pop("temperature", None)
    if not knobs:
        return f"Temperature {heat}, nothing else" if heat is not None else config
    own = [f"{name} {value}" for name, value in knobs.items()]
    named = ", ".join(own) if len(own) <= SPELLED else config.partition(":")[0]
    return f"{named} at temperature {heat}" if heat is not None else named


class Sayings:
    """What the page says about a document in words."""

    def __init__(self, document: Document) -> None:
        self.document, self.verdict = document, document.verdict
        self.meta, self.best = document.search_metadata, document.best_configuration

    @property
    def title(self) -> str:
        """The headline."""
        if self.best is not None:
            return title_of(self.best.config)
        if not self.meta.texts:
            return "Nothing was judged yet"
        open_ones = self.meta.missing or self.meta.pending
        return "No score yet" if open_ones else "Every text failed"

    @property
    def judged_by(self) -> str:
        """The judges, without what tells their versions apart."""
        return ", ".join(VERSION.sub("", judge) for judge in self.meta.judges)

    @property
    def badge(self) -> str:
        """The answer in two or three words."""
        if self.verdict is None:
            return "Highest mean"
        if self.verdict.best == self.verdict.baseline:
            known = self.verdict.sentence == "as good"
            return "Your baseline is as good" if known else "Your baseline leads"
        if self.verdict.baseline is None:
            return "Best found"
        words = {"better": "Better than your baseline", "as good": "Your baseline is as good"}
        return words.get(self.verdict.sentence, "Cannot tell yet")

    @property
    def verdict_line(self) -> str:
        """The answer in one or two sentences."""
        found = self.verdict
        if found is None:
            return "No model of this study is at hand: the highest mean may be the luckiest one."
        if found.baseline is None:
            return "There was no baseline to compare with."
        enough = (
            f"With 95 % probability nothing in the space is more than {found.margin:g} points "
            "better than your baseline"
        )
        if found.best == found.baseline:
            if found.sentence == "as good":
                return f"{enough}: what you have is the best guess."
            return (
                "What you have is the best guess; this budget does not show that nothing in the "
                f"space is more than {found.margin:g} points better."
            )
        base = f"your baseline ({label(found.baseline)})"
        if found.sentence == "better":
            return f"It writes better than {base}, for this model, these prompts and this judge."
        if found.sentence == "as good":
            return f"{enough} ({label(found.baseline)}): there is no need to change."
        return f"The best guess; this budget does not show whether it beats {base}."

    @property
    def sure(self) -> str:
        """How sure it is that the winner beats the baseline."""
        chance = self.verdict.probability_better if self.verdict else None
        if chance is None:
            return ""
        if chance > CERTAIN:
            return "More than 99 in 100 sure that it is better."
        if chance < 1 - CERTAIN:
            return "Less than 1 in 100 sure that it is better."
        return f"{chance * 100:.0f} in 100 sure that it is better."

    @property
    def warning(self) -> str:
        """What takes the ground from under the answer; empty where nothing does."""
        return " ".join(warnings(self.document))

    @property
    def nothing(self) -> str:
        """Why there is no answer."""
        why = _words.no_score(self.document)
        below = " The reader below shows them with their reasons." if self.meta.failed else ""
        return f"{why[0].upper()}{why[1:]}.{below}"

    @property
    def no_pair(self) -> str:
        """Why winner and baseline are not compared."""
        if self.best is None:
            return "There is nothing to compare yet."
        if self.verdict is not None and self.verdict.best == self.verdict.baseline:
            return "The best that was found is your baseline itself."
        if self.verdict is None or self.verdict.baseline is None:
            return "There is no baseline in this study to compare with."
        return "No text of the baseline was judged."

    @property
    def set_sentence(self) -> str:
        """The set that cannot be told apart, and its simplest member."""
        found = self.verdict
        if found is None:
            return "Take the settings into your own tool."
        others = found.others
        if not others:
            return "No other setting that was tried may be as good."
        one = len(others) == 1
        n = f"{len(others)} other {'setting that was' if one else 'settings that were'} tried"
        said = f"{n} may be within {found.margin:g} points of the best as well"
        if found.simplest and found.simplest != found.best:
            return f"{said}. The simplest that is shown to be no worse: {label(found.simplest)}."
        return f"{said}; none that is simpler is shown to be no worse."

    def role(self, config: str) -> str:
        """What a configuration is in this study, before its name."""
        if self.best is not None and config == self.best.config:
            return "Recommended: "
        if self.verdict is not None and config == self.verdict.simplest:
            return "Simplest: "
        return "Baseline: " if self.verdict and config == self.verdict.baseline else ""

    @property
    def limits(self) -> list[str]:
        """What the study cannot tell."""
        meta, notes = self.meta, list(self.verdict.notes) if self.verdict else []
        judges = ", ".join(meta.judges) or "nobody"
        lines = [
            f"It speaks of one model ({meta.model or 'unknown'}), of {len(meta.prompts)} prompts "
            f"and of what judges them ({judges}). What they do not see, this page does not see."
        ]
        if any(judge.startswith("demo") for judge in meta.judges):
            lines.append(
                "This is the demo: a tiny model of a toy language, scored by that language's own "
                "grammar. Its best settings do not carry over to another model."
            )
        if meta.judges and all(judge.startswith("offline") for judge in meta.judges):
            lines.append(
                "Its judge is text statistics: they find broken texts, and cannot tell a good text "
                "from a better one. What is best by them need not read best."
            )
        if meta.pending:
            lines.append(f"{meta.pending} texts are still open: the study is not finished.")
        return [*lines, *warnings(self.document), *notes]

    @property
    def circumstances(self) -> list[tuple[str, str]]:
        """How it came about, as (title, value) pairs; only what is known."""
        meta, server = self.meta, self.meta.server
        pairs = [
            ("Study", meta.study),
            ("Strategy", meta.strategy),
            ("Seed", "" if meta.seed is None else str(meta.seed)),
            ("Model", ", ".join(meta.models) or meta.model),
            ("Server", " ".join(str(server.get(k) or "") for k in ("engine", "version", "url"))),
            ("Prompts wrapped by", ", ".join(meta.templates)),
            ("Temperature applied", _words.heat_order(server)),
            ("Judges", ", ".join(meta.judges)),
            ("Began", meta.started),
            ("Ended", meta.timestamp),
            ("Texts", f"{meta.judged} judged, {meta.failed} failed, {meta.missing} missing"),
            ("Tokens written", str(meta.tokens) if meta.tokens else ""),
            ("Judging cost", f"${meta.cost:.4f}" if meta.cost else ""),
            ("sampler-bench", meta.version),
        ]
        return [(title, value.strip()) for title, value in pairs if value.strip()]

    @property
    def asked(self) -> str:
        """The study as it was asked."""
        return json.dumps(self.meta.spec, indent=2, ensure_ascii=False)

    @property
    def commands(self) -> list[str]:
        """The commands that ask for the same again, with the seed; none where not known."""
        found = [run.command for run in self.meta.runs]
        if found and GOES_ON.search(found[0]):
            return []  # in another folder there is nothing to go on with
        if found and self.meta.seed is not None and "--seed" not in found[0]:
            found[0] += f" --seed {self.meta.seed}"
        return found

    @property
    def commands_note(self) -> str:
        """What to mind of the commands."""
        if not self.commands:
            return "It was run from Python, or before commands were kept: which one is not known."
        notes = ["In the same folder, with the study file as it was then."]
        if "--seed" not in self.meta.runs[0].command:
            notes.append("The seed that was used is stated.")
        if "--study" in self.meta.runs[0].command:
            notes.append("The study's name must be free: choose another --output-dir.")
        if len(self.meta.runs) > 1:
            notes.append("The later ones went on where the one before ended.")
        return " ".join(notes)

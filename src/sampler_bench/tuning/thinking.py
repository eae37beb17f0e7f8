"""Thoughts that nobody asked for: said at once, and held against no setting.

Requests switch thinking off where the server has a word for it. Where thoughts come all the same,
they use up `max_tokens`: a text may end before its answer has begun. As with any text that the
token limit ends, the limit is to blame and not the setting; and a server that takes whole answers
for thoughts does so under every setting. So a text that is thoughts and nothing else is missing.
A blank text alone is none: a setting may make a model write white space, and that is its failure.
Where nearly all are thoughts, under several settings, the run ends with what to do, before its
budget is spent on nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..engines._thoughts import REMEDY, hides
from ..errors import EngineError
from ..records import THOUGHTS, Completion, SamplerConfig, Trial, Unwritten
from .events import Warned, Watcher

LEAST, SETTINGS = 6, 3  # texts that were thoughts alone, and of so many settings, end a run ...
MANY = 20  # ... or so many of any; a few may come of a setting under which thoughts run on
ANSWERED = 0.2  # of all texts that came in this run: with fewer answers it is


class Thinking:
    """What a run has seen of thoughts.

    Args:
        watch: is told, once for each server that thinks aloud.
    """

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._told: set[str] = set()
        self._shown: set[str] = set()  # servers of which more came than an answer
        self._alone: list[SamplerConfig] = []
        self._answered = 0
        self._detail = ""

    @property
    def against_the_limit(self) -> str:
        """What to do where the token limit ends many texts."""
        return f"thoughts count towards it: {REMEDY}" if self._told else "raise max_tokens"

    def hear(self, written: Completion) -> None:
        """Say that a server's model thinks aloud, or seems to, the first time it does."""
        if not (seen := _seen(written)):
            return
        if written.thoughts.strip() or written.text.strip():
            self._shown.add(written.server)
        if written.server in self._told:
            return
        self._told.add(written.server)
        thinks = "thinks aloud" if written.thoughts.strip() else "seems to think unseen"
        self._watch(
            Warned(
                f"thinking on {written.server}: the model {thinks}, although nobody asks for "
                f"thoughts ({seen}); they cost time and count towards max_tokens, and a text "
                f"without room for its answer is missing; {REMEDY}"
            )
        )

    def compare(self, kept: Iterable[Trial], written: Completion) -> None:
        """Say that the kept texts of a study came with thoughts and new ones without, or the like.

        Args:
            kept: the study's trials.
            written: a first text of this run.
        """
        texts = [t.written for t in kept if isinstance(t.written, Completion)]
        before = sum(bool(text.thoughts.strip()) for text in texts)
        if not texts or (2 * before > len(texts)) == bool(written.thoughts.strip()):
            return
        now = "with" if written.thoughts.strip() else "without"
        self._watch(
            Warned(
                f"{before} of {len(texts)} kept texts came with thoughts, and a first one now "
                f"{now}: new texts may not compare with them; have the server think as it did, or "
                "start a new study"
            )
        )

    def sorted_out(
        self, config: SamplerConfig, written: Completion | Unwritten
    ) -> Completion | Unwritten:
        """What is kept of a setting's answer: as it is, or missing where it is thoughts alone."""
        if isinstance(written, Unwritten):
            return written
        self.hear(written)
        if not (why := _alone(written, written.server in self._shown)):
            self._answered += 1
            return written
        self._alone.append(config)
        self._detail = why
        return Unwritten(THOUGHTS, why, written.retries)

    def outage(self) -> EngineError | None:
        """Why a run must end: hardly anything but thoughts came in it."""
        alone, settings = len(self._alone), len(set(self._alone))
        enough = alone >= MANY or (alone >= LEAST and settings >= SETTINGS)
        texts = alone + self._answered
        if not enough or self._answered >= ANSWERED * texts:
            return None
        return EngineError(
            f"{alone} of {texts} texts are thoughts without an answer, the last one: {self._detail}"
        )


def _seen(written: Completion) -> str:
    """What of a text are thoughts, in words; empty where none are."""
    if written.thoughts.strip():
        whole = len(written.thoughts) + len(written.text)
        return f"{len(written.thoughts)} of the first {whole} characters"
    if hides(written.text, written.tokens):
        return f"{written.tokens} tokens were counted for {len(written.text)} characters"
    return ""


def _alone(written: Completion, shown: bool) -> str:
    """Why a text is thoughts alone, and what to do; empty where it is not.

    Args:
        written: what came.
        shown: whether its server has written thoughts beside an answer, or counted them.
    """
    if written.text.strip():
        return ""
    hidden = shown and hides(written.text, written.tokens)
    if written.cut_off and (written.thoughts.strip() or hidden):
        return f"thoughts took all {written.tokens} tokens, and no answer began; {REMEDY}"
    if written.thoughts.strip():
        return (
            f"the text ended with its thoughts ({written.tokens} tokens), or the server takes the "
            f"answer for thoughts (a reasoning parser that is none of this model's); {REMEDY}"
        )
    return ""

"""Thoughts that nobody asked for: said at once, and held against no setting.

Requests switch thinking off where the server has a word for it. Where thoughts come all the same,
they use up `max_tokens`: a text may end before its answer has begun. As with any text that the
token limit ends, the limit is to blame and not the setting; and a server that takes whole answers
for thoughts does so under every setting. So a text that is thoughts and nothing else is missing.
Where nearly all are, under several settings, the run ends with what to do, before its budget is
spent on nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..engines._thoughts import REMEDY, hides
from ..errors import EngineError
from ..records import THOUGHTS, Completion, SamplerConfig, Trial, Unwritten
from .events import Warned, Watcher

LEAST, SETTINGS = 6, 3  # texts that were thoughts alone, and of so many settings, end a run ...
MANY = 20  # ... or so many of any; a few may come of a setting under which thoughts run on
ANSWERED = 0.2  # of all texts that came: with fewer answers it is


class Thinking:
    """What a run has seen of thoughts.

    Args:
        watch: is told, once for each server that thinks aloud.
    """

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch
        self._told: set[str] = set()
        self._alone: list[SamplerConfig] = []
        self._detail = ""

    @property
    def against_the_limit(self) -> str:
        """What to do where the token limit ends many texts."""
        return f"thoughts count towards it: {REMEDY}" if self._told else "raise max_tokens"

    def hear(self, written: Completion) -> None:
        """Say that a server's model thinks aloud, the first time it does."""
        if written.server in self._told or not (seen := _seen(written)):
            return
        self._told.add(written.server)
        self._watch(
            Warned(
                f"thinking on {written.server}: the model thinks aloud, although nobody asks for "
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
        if not (why := _alone(written)):
            return written
        self._alone.append(config)
        self._detail = why
        return Unwritten(THOUGHTS, why, written.retries)

    def outage(self, answered: int) -> EngineError | None:
        """Why a run must end: hardly anything but thoughts came.

        Args:
            answered: texts of the study that have an answer.
        """
        alone, settings = len(self._alone), len(set(self._alone))
        enough = alone >= MANY or (alone >= LEAST and settings >= SETTINGS)
        texts = alone + answered
        if not enough or answered >= ANSWERED * texts:
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


def _alone(written: Completion) -> str:
    """Why a text is thoughts alone, and what to do; empty where it is not."""
    if written.text.strip():
        return ""
    if written.cut_off and (written.thoughts.strip() or hides("", written.tokens)):
        return f"thoughts took all {written.tokens} tokens, and no answer began; {REMEDY}"
    if written.thoughts.strip():
        return (
            f"the text ended with its thoughts ({written.tokens} tokens), or the server takes the "
            f"answer for thoughts (a reasoning parser that is none of this model's); {REMEDY}"
        )
    return ""

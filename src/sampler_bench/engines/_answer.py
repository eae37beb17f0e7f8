"""What came back for one request, put together piece by piece, and how it becomes a record."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..records import JsonObject
from ._retry import Fault
from ._thoughts import split_thoughts

CUT = ("length", "max_tokens", "limit")
NEARLY = 0.85  # of a limit: a text counted again may have fewer tokens than were drawn for it
DONE = ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_str", "word")


@dataclass(slots=True)
class Answer:
    """One answer in the making.

    Attributes:
        text, thoughts: the pieces so far.
        finish: why it ended, in the server's word; None while it has not.
        tokens, prompt_tokens: as the server counts; None where it does not.
        counted: False where `tokens` is a recount of the text and may be a little off.
        pieces: how many pieces of text came.
        seconds: that the server says it wrote, without what the text waited in line; None where it
            does not say.
        echoed: settings that the server says it used.
        model: who the server says wrote it.
        logprobs: for each token, those of the most probable ones in its place; where asked for.
    """

    text: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    finish: str | None = None
    tokens: int | None = None
    prompt_tokens: int | None = None
    counted: bool = True
    seconds: float | None = None
    echoed: JsonObject | None = None
    model: str = ""
    logprobs: list[list[float]] = field(default_factory=list)

    @property
    def pieces(self) -> int:
        return len(self.text) + len(self.thoughts)

    def split(self) -> tuple[str, str]:
        """Return the text and the thoughts, taking marked thoughts out of the text."""
        thoughts, text = split_thoughts("".join(self.text))
        return text, "".join(self.thoughts) + thoughts

    def check_ended(self) -> None:
        """Raise Fault where the answer did not end as a text ends."""
        if self.finish is None:
            got = sum(map(len, self.text))
            raise Fault("protocol", f"the answer broke off after {got} characters")
        if self.finish not in (*CUT, *DONE):
            raise Fault("protocol", f"the server ended the answer with {self.finish!r}")

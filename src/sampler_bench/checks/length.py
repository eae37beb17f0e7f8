"""Does the token limit hold? Every text of the check has one, so nothing more is asked.

KoboldCpp's native endpoint ignores `max_tokens` (it says `max_length`): a wrong word there makes
every text as long as the server likes.

Error rates: none by chance; a server that counts a text anew may be a few tokens off, so only
texts of more than twice the limit count as too long.
"""

from __future__ import annotations

from ._ask import Ask
from ._findings import Finding

KNOB = "max_tokens"
SLACK = 8  # tokens, beyond twice the limit


def finding(ask: Ask) -> Finding:
    """Say whether the texts so far kept their limits."""
    too_long = [(limit, tokens) for limit, tokens, _ in ask.lengths if tokens > 2 * limit + SLACK]
    if too_long:
        limit, tokens = too_long[0]
        told = f"a text of {tokens} tokens came where {limit} were allowed"
        remedy = "texts are as long as the server likes; name the engine whose words it knows"
        return Finding(KNOB, "ignored", told, "length", remedy=remedy)
    if any(cut for _, _, cut in ask.lengths):
        return Finding(KNOB, "honoured", "texts end at their limit", "length")
    return Finding(KNOB, "cannot tell", "no text reached its limit")

"""How reports say numbers and names: the same words and digits in every kind of report."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ..samplers.order import PLACES
from ._document import Document, Interval, Result, VerdictResult

LOPSIDED = 0.1  # by more of its width an interval reaches further to one side
SIGNS = {
    **{"🎨": "##", "“": '"', "”": '"'},
    **{"🔍": "##", "📊": "##", "🎯": "##", "💡": "##", "🏆": "*", "⚖️": "*", "⚠️": "!", "🔧": "##"},
    **{"±": "+/-", "–": "-", "…": "...", "●": "o", "─": "-", "·": "."},
}
SENTENCES = {
    "better": "Better: the recommended configuration beats your baseline.",
    "as good": "As good: with 95 % probability nothing in the space is more than {margin:g} points "
    "better than your baseline.",
    "cannot tell": "Cannot tell: this budget does not show whether it beats your baseline.",
}


def shown(text: str) -> str:
    """A name from outside, on one line, without characters that steer a terminal or turn text."""
    line = " ".join(text.splitlines()) if "\n" in text else text
    return "".join("?" if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in line)


def setting(value: object) -> str:
    """A knob's value: numbers short, a list of texts as JSON."""
    if isinstance(value, int | float):
        return f"{value:g}"
    return shown(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def command_line(words: Sequence[str]) -> str:
    """A command as it is typed here: Windows takes single quotes for letters."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def command_words(command: str) -> list[str]:
    """The words of a kept command, quoted here or on Windows.

    Raises:
        ValueError: a quotation does not end.
    """
    reader = shlex.shlex(command, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters, reader.escape = True, "", ""
    return list(reader)


def moment(seconds: float) -> str:
    """A moment in seconds since the epoch, as results tell it: ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def heat_order(server: Mapping[str, object]) -> str:
    """Where temperature acted, and how that is known; empty where nothing was noted."""
    order, by = (str(server.get(f"temperature_order{end}") or "") for end in ("", "_by"))
    if order not in PLACES:
        return shown(by)
    return f"{order} ({shown(by)})" if by else order


def plain_text(text: str) -> str:
    """Replace what old consoles lack: known signs by words, anything else by `?`."""
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    return text.encode("ascii", "replace").decode()


def interval(found: Interval | None, digits: int = 3) -> str:
    """`8.234 [7.9 to 8.5]`, or `not known`."""
    if found is None or found.mean is None:
        return "not known"
    if found.low is None or found.high is None:
        return f"{found.mean:.{digits}f}"
    return f"{found.mean:.{digits}f} [{found.low:.{digits}f} to {found.high:.{digits}f}]"


def signed(gain: Interval) -> str:
    """`+0.300 points [+0.100 to +0.500]`."""
    if gain.mean is None or gain.low is None or gain.high is None:
        return "not known"
    return f"{gain.mean:+.3f} points [{gain.low:+.3f} to {gain.high:+.3f}]"


def plus_minus(estimate: Interval) -> str:
    """`8.234 ± 0.156`, where ± is half of the 95 % interval, which is told where it is lopsided."""
    if estimate.mean is None:
        return "not known"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.mean:.3f} (one text: no interval)"
    below, above = estimate.mean - estimate.low, estimate.high - estimate.mean
    told = "half of the 95 % interval"
    if abs(below - above) > LOPSIDED * (below + above):
        told += f", {estimate.low:.3f} to {estimate.high:.3f}"
    return f"{estimate.mean:.3f} ± {(below + above) / 2:.3f} ({told})"


def seen(result: Result) -> str:
    """What a configuration's own texts showed."""
    if not result.sample_count:
        return "no text of its own"
    texts = "1 text" if result.sample_count == 1 else f"{result.sample_count} texts"
    if result.mean is None:
        return f"{texts}, all failed"
    spread = f" (SD of single texts {result.std:.2f})" if result.std is not None else ""
    rate = f", {result.failure_rate:.0%} failed" if result.failure_rate else ""
    return f"mean {result.mean:.3f} of {texts}{spread}{rate}"


def sentence(document: Document) -> str:
    """The verdict in one sentence, with the gain."""
    verdict = document.verdict
    if verdict is None or verdict.baseline is None:
        return "There is no baseline to compare with."
    if verdict.best == verdict.baseline:
        return _leading(verdict)
    said = SENTENCES.get(verdict.sentence, verdict.sentence).format(margin=verdict.margin)
    gain = verdict.gain
    if gain is None or gain.mean is None:
        return said
    return f"{said} Gain over {shown(verdict.baseline)}: {signed(gain)}."


def _leading(verdict: VerdictResult) -> str:
    """The verdict where the baseline is itself the best guess."""
    if verdict.sentence == "as good":
        said = SENTENCES["as good"].format(margin=verdict.margin)
        return f"{said} It is itself the best that was found."
    said = (
        "Cannot tell: your baseline is itself the best guess; this budget does not show that "
        f"nothing in the space is more than {verdict.margin:g} points better."
    )
    gain = verdict.gain
    if gain is None or gain.mean is None or not verdict.compared:
        return said
    return f"{said} Gain of {shown(verdict.compared)}, the likeliest to be: {signed(gain)}."


def letters(n: int) -> list[str]:
    """Short names: A, B, ..., Z, A2, ..."""
    return [chr(65 + i % 26) + (str(i // 26 + 1) if i >= 26 else "") for i in range(n)]


def amount(texts: str, minutes: float | None, dollars: float | None) -> str:
    """`240 more texts, 35 minutes, $0.40`."""
    parts = [texts]
    if minutes is not None:
        parts.append(f"{minutes:.0f} minutes" if minutes >= 2 else f"{60 * minutes:.0f} seconds")
    if dollars:
        parts.append(f"${dollars:.2f}")
    return ", ".join(parts)


def reasons(counts: dict[str, int]) -> str:
    """`loops 3, too_short 1`."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{shown(reason)} {n}" for reason, n in ranked)


def no_score(document: Document) -> str:
    """Why a study has no answer, without a capital and a full stop."""
    meta = document.search_metadata
    if not document.all_results and not meta.pending:
        return "nothing was tried"
    if meta.missing:
        failed = f"{meta.failed} failed by rule, " if meta.failed else ""
        return (
            f"no text has a score: {failed}{meta.missing} missing ({reasons(meta.missing_reasons)})"
        )
    if meta.failed and not meta.pending:
        return f"all {meta.failed} texts failed by rule, so none was sent to a judge"
    return "no text has a score yet"

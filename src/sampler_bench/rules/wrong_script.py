"""wrong_script: written in letters that the prompt does not lead to expect.

Expected are the scripts of the prompt, and those of languages that it names ("in Japanese"). A word
or a line in other letters is style; a fifth of the text, or a passage of 60 letters without a word
between, is a model that has fallen into another language.
"""

from __future__ import annotations

import re

from ..records import Prompt
from ..tasks import Task
from ._reading import read
from ._scripts import script, scripts

FALSE_ALARMS = (0, 1209)

MOST_FOREIGN = 0.2
LONGEST_PASSAGE = 60  # letters
FEWEST_LETTERS = 20
LEAST_IN_PROMPT = 0.1

_CJK = frozenset({"Han", "Kana"})
_NAMED = {
    "Han": "chinese mandarin cantonese kanji hanzi",
    "Kana": "japanese kana hiragana katakana",
    "Hangul": "korean hangul",
    "Cyrillic": "russian ukrainian bulgarian serbian belarusian kazakh mongolian cyrillic",
    "Greek": "greek",
    "Arabic": "arabic persian farsi urdu",
    "Hebrew": "hebrew yiddish",
    "Devanagari": "hindi sanskrit nepali marathi",
    "Bengali": "bengali bangla",
    "Tamil": "tamil",
    "Telugu": "telugu",
    "Thai": "thai",
    "Georgian": "georgian",
    "Armenian": "armenian",
    "Ethiopic": "amharic",
    "Latin": "english german french spanish italian portuguese dutch polish turkish latin",
}
_BY_NAME = {name: kind for kind, names in _NAMED.items() for name in names.split()}
_PASSAGE = re.compile(f"f{{{LONGEST_PASSAGE},}}")


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Name the foreign script, or None."""
    if text.isascii() and prompt.text.isascii():
        return None
    wanted = expected(f"{task.instructions}\n{prompt.text}")
    found = scripts(read(text).text)
    letters = sum(found.values())
    foreign = {name: number for name, number in found.items() if name not in wanted}
    if not wanted or letters < FEWEST_LETTERS or not foreign:
        return None
    most = max(foreign, key=lambda name: foreign[name])
    if foreign[most] > MOST_FOREIGN * letters:
        return f"{foreign[most] / letters:.0%} of the letters are {most}"
    return f"a passage in {most} letters" if _long_passage(text, wanted) else None


def expected(prompt: str) -> frozenset[str]:
    """The scripts that a prompt leads to expect; empty where it has no letters."""
    found = scripts(prompt)
    letters = sum(found.values())
    wanted = {name for name, number in found.items() if number >= LEAST_IN_PROMPT * letters}
    wanted |= {_BY_NAME[word] for word in read(prompt).words if word in _BY_NAME}
    if "Kana" in wanted or (wanted & _CJK and "japanese" in read(prompt).words):
        wanted |= _CJK
    return frozenset(wanted | ({"Han"} if "Hangul" in wanted else set()))


def _long_passage(text: str, wanted: frozenset[str]) -> bool:
    """Look for letters of other scripts with nothing but marks and spaces between them."""
    kinds = {c: script(c) for c in set(text)}
    table = str.maketrans({c: ("e" if k in wanted else "f" if k else "") for c, k in kinds.items()})
    return bool(_PASSAGE.search(text.translate(table)))

"""word_salad: words in no order, words that are no words, pieces of several languages and of code.

What too much heat writes. Two kinds of sign. For any language: letters of many scripts, words
that mix scripts, characters that could not be decoded, endless words, more marks than letters. For
English: stretches of about 100 tokens that stand nearer to shuffled words than to prose (see
`_english`), on the average of the text or in a part of it. English is expected where the text has
English small words, or no known language at all although the prompt has one; a text in another
language is left to the first kind of sign.
Does not see nonsense in good grammar, nor a few broken words in good prose (one word in ten).
"""

from __future__ import annotations

from ..records import Prompt
from ..tasks import Task
from ._english import English, english
from ._languages import language
from ._reading import Reading, read
from ._scripts import script, scripts

FALSE_ALARMS = (8, 1209)

BROKEN = 1.0  # log-odds of a stretch
MOST_BROKEN = 0.25  # of the stretches, at least two
ON_AVERAGE = 0.7
SHORT = 40.0  # a text of n tokens needs SHORT / n more: few words prove little
FEWEST_TOKENS = 25
MOST_SCRIPTS = 3
MOST_MIXED = 0.03
MOST_UNDECODED = 0.005
MOST_MARKS = 0.5
LONGEST_WORD = 100  # letters
_JOINED = frozenset({"Han", "Kana", "Hangul", "other", "Latin"})  # these stand together lawfully


def check(text: str, prompt: Prompt, task: Task) -> str | None:
    """Say what is broken, or None."""
    return find_salad(read(text), prompt.text, english())


def find_salad(reading: Reading, prompt: str, learned: English) -> str | None:
    """Say what is broken by these learned numbers, or None."""
    problem = _characters(reading) or _words(reading)
    if problem or len(reading.tokens) < FEWEST_TOKENS:
        return problem
    return _stretches(reading, learned) if english_expected(reading, prompt, learned) else None


def english_expected(reading: Reading, prompt: str, learned: English) -> bool:
    """Say whether a text ought to read like English."""
    found = language(reading.words)
    if found is not None:
        return found == "english"
    if _latin_share(reading.text) < 0.5:
        return False
    asked = read(prompt).words
    known = sum(learned.knows(word) or word in learned.common for word in asked)
    return language(asked) is not None or 2 * known > len(asked)


def _stretches(reading: Reading, learned: English) -> str | None:
    salad = learned.salad(reading.tokens)
    doubt = SHORT / len(reading.tokens)
    broken = int((salad > BROKEN).sum())
    if broken >= 2 and broken >= MOST_BROKEN * len(salad):
        return f"{broken} of {len(salad)} stretches read like shuffled words"
    if salad.mean() > ON_AVERAGE + doubt:
        return "reads like shuffled words or pieces of words"
    return None


def _characters(reading: Reading) -> str | None:
    text = reading.text
    undecoded = text.count("\ufffd")
    if undecoded >= 3 and undecoded > MOST_UNDECODED * len(text):
        return f"{undecoded} characters could not be decoded"
    if text.isascii():
        found = 1
    else:
        several = {
            ("Han" if name == "Kana" else name) for name, n in scripts(text).items() if n > 1
        }
        found = len(several - {"other"})
    if found > MOST_SCRIPTS:
        return f"letters of {found} scripts"
    return None


def _words(reading: Reading) -> str | None:
    longest = max(map(len, reading.words), default=0)
    if longest > LONGEST_WORD:
        return f"a word of {longest} letters"
    mixed = 0 if reading.text.isascii() else sum(map(_mixes, reading.words))
    if mixed >= 3 and mixed > MOST_MIXED * len(reading.words):
        return f"{mixed} words mix letters of two scripts"
    marks = sum(not token[0].isalnum() and token[0] != "\n" for token in reading.tokens)
    if marks > MOST_MARKS * len(reading.tokens) and len(reading.tokens) >= FEWEST_TOKENS:
        return f"{marks} of {len(reading.tokens)} words and marks are marks"
    return None


def _mixes(word: str) -> bool:
    if word.isascii():
        return False
    kinds = {script(character) for character in word} - {""}
    return len(kinds) > 1 and bool(kinds - _JOINED)


def _latin_share(text: str) -> float:
    if text.isascii():
        return 1.0
    found = scripts(text)
    return found["Latin"] / max(1, sum(found.values()))

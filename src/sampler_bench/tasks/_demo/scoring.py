"""From a reading to a score of 0 to 10. The weights are ours, stated, and not fitted to anything.

    score = 10 x sum of weight x criterion

Criteria are shares (0 to 1). Everything but the ending is multiplied by the share of grammatical
words or is itself one, so a text of noise has 0. `colour` is the mean information of the story's
choices divided by `COLOUR_BITS`, at most 1: a text made of the commonest words alone is dull, which
is how one text shows the sameness of a cold sampler.

What it cannot see: sameness between texts, interest, style, or anything outside the demo language.
"""

from __future__ import annotations

from math import isnan

from .reader import Reading

COLOUR_BITS = 3.0
WEIGHTS = {
    "grammar": 0.25,
    "consistency": 0.20,
    "colour": 0.20,
    "order": 0.10,
    "novelty": 0.10,
    "ending": 0.075,
    "topic": 0.075,
}
MEANINGS = {
    "grammar": "words in sentences that the demo language can make",
    "consistency": "words in sentences that agree with the rest of the story",
    "colour": "information of the choices, compared with the language's own stories",
    "order": "words in sentences at their place; needed beats are told",
    "novelty": "words in sentences of a kind not used before",
    "ending": "the story ends with an ending",
    "topic": "the story tells of what was asked for",
}


def rate(reading: Reading) -> tuple[float, dict[str, float]]:
    """Return the score (0 to 10) and its criteria (each 0 to 10), in the order of `WEIGHTS`."""
    colour = 0.0 if isnan(reading.bits) else min(1.0, reading.bits / COLOUR_BITS)
    shares = {
        "grammar": reading.grammar,
        "consistency": reading.consistency,
        "colour": colour * reading.grammar,
        "order": reading.order,
        "novelty": reading.novelty,
        "ending": float(reading.ended),
        "topic": reading.topic * reading.grammar,
    }
    assert shares.keys() == WEIGHTS.keys()
    total = sum(WEIGHTS[name] * share for name, share in shares.items())
    return 10 * total, {name: 10 * shares[name] for name in WEIGHTS}

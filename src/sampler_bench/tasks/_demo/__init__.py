"""The demo language: a small world of stories in which right and wrong can be decided exactly.

One set of templates (`beats`, `worlds`, `words`) is compiled twice: `writer` draws stories from it,
which the demo model learns, and `reader` recognises them, which is what the `demo` judge does.
`prompts` says what a prompt asks for, `scoring` turns a reading into a score from 0 to 10.

It measures how well a text keeps to this toy language, and nothing about any other model: a good
sentence outside the templates counts as wrong. The texts are our own; the shape of the language
(ordered beats, lexical slots, a world state) is that of controlled stories for small models.
"""

from .prompts import read_prompt
from .reader import Reading, read
from .scoring import COLOUR_BITS, MEANINGS, WEIGHTS, rate
from .writer import write

__all__ = [
    "COLOUR_BITS",
    "MEANINGS",
    "WEIGHTS",
    "Reading",
    "rate",
    "read",
    "read_prompt",
    "write",
]

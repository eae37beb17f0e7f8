"""Thoughts: how thinking models mark them in a text, and what is to be done where nobody wants any.

Most servers set thoughts apart. One without a parser for its model leaves them in the text, between
the marks of the model's family: `<think>` (DeepSeek, Qwen, ...), `<seed:think>` (Seed-OSS),
`[THINK]` (Magistral, Ministral), `<|channel>thought` (Gemma 4), or the channels of OpenAI's Harmony
format (gpt-oss), of which `final` is the answer. A server that leaves out special tokens makes
`analysisWe need ...assistantfinalOnce ...` of the last, as SGLang did (its issue 9244). Without
`assistantfinal` that may be a text that begins with the word, and is left as it is.
"""

from __future__ import annotations

import re

MARKS = (
    (r"<think>", r"</think>"),
    (r"<thinking>", r"</thinking>"),
    (r"<seed:think>", r"</seed:think>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<\|channel>thought\b", r"<channel\|>"),
)
BLOCKS = tuple(
    re.compile(rf"\s*{opened}(.*?)(?:{closed}|\Z)", re.DOTALL) for opened, closed in MARKS
)
CLOSED = ("</think>", "</seed:think>")  # their openings may stand in the prompt

HARMONY = re.compile(r"\s*(?:<\|start\|>assistant\s*)?<\|channel\|>")
MESSAGE = re.compile(
    r"<\|channel\|>\s*(\w+)(?:(?!<\|message\|>).)*<\|message\|>"
    r"(.*?)(?=<\|(?:end|return|call|start|channel)\|>|\Z)",
    re.DOTALL,
)
FINAL = "final"
BARE_HARMONY = re.compile(r"\s*analysis(?=[A-Z\"'“])(.*?)assistantfinal(.*)", re.DOTALL)

HIDDEN = 24  # more tokens than bytes, and then some
REMEDY = (
    "switch thinking off at the server (llama.cpp: --reasoning-budget 0), serve a model that does "
    "not think, or raise max_tokens until thoughts and answer fit"
)


def split_thoughts(text: str) -> tuple[str, str]:
    """Split what a thinking model wrote into thoughts and answer.

    A block in front counts; so does everything before a closing mark whose opening one stood in the
    prompt. A block that never closes is all thoughts.
    """
    if HARMONY.match(text):
        return _by_channel(text)
    if bare := BARE_HARMONY.match(text):
        return bare[1].strip(), bare[2].lstrip()
    for block in BLOCKS:
        if opened := block.match(text):
            return opened[1].strip(), text[opened.end() :].lstrip()
    for mark in CLOSED:
        before, found, after = text.partition(mark)
        if found:
            return before.strip(), after.lstrip()
    return "", text


def hides(text: str, tokens: int) -> bool:
    """Whether many more tokens were counted than a text can have: thoughts that are not shown."""
    return tokens > len(text.encode()) + HIDDEN


def _by_channel(text: str) -> tuple[str, str]:
    """Thoughts and answer of a text in OpenAI's Harmony format, whole or cut off anywhere."""
    messages = MESSAGE.findall(text)
    answer = "".join(said for channel, said in messages if channel == FINAL)
    if not messages:  # cut off within the first header
        return text.strip(), ""
    return "".join(said for channel, said in messages if channel != FINAL).strip(), answer.lstrip()

"""Write the table of parameters and engines into docs/engines.md, from the engines' own statements.

Run as `python tools/engine_table.py`; a test checks that the page is up to date.
"""

from __future__ import annotations

from pathlib import Path

from sampler_bench.engines import koboldcpp
from sampler_bench.engines._dialect import Dialect, Spoken, Word
from sampler_bench.plugins import find, names
from sampler_bench.samplers import parameter, parameter_names

PAGE = Path(__file__).parent.parent / "docs" / "engines.md"
BEGIN = "<!-- begin of the generated table -->"
END = "<!-- end of the generated table -->"
SAME = {"embedded": "llamacpp", "lemonade": "llamacpp"}  # one server, one column


def main() -> None:
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PAGE} is up to date")


def updated(page: str) -> str:
    """The page with a fresh table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{render()}\n\n{END}{after}"


def render() -> str:
    """The table of keys, and what differs, engine by engine."""
    dialects = columns()
    heads = ["parameter", *dialects]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for name in parameter_names():
        lines.append(_row([f"`{name}`", *(_cell(d.words[name], d) for d in dialects.values())]))
    lines.append(_row(["seed", *(f"`{d.seed}`" if d.seed else "–" for d in dialects.values())]))
    lines.append(_row(["temperature acts", *(d.order for d in dialects.values())]))
    parts = ["\n".join(lines)]
    parts += [_details(title, dialect) for title, dialect in dialects.items()]
    return "\n\n".join(parts)


def columns() -> dict[str, Dialect]:
    """The dialects by the heads of their columns."""
    found: dict[str, Dialect] = {}
    for name in names("engines"):
        if name not in SAME:
            found[name] = find("engines", name).DIALECT
    found["koboldcpp, native"] = koboldcpp.NATIVE
    return dict(sorted(found.items()))


def _cell(word: Word, dialect: Dialect) -> str:
    if not isinstance(word, Spoken):
        return "–"
    inside = f"{dialect.inside}." if dialect.inside else ""
    keys = ", ".join(f"`{inside}{key}`" for key in word.key.split(", "))
    return keys + ("\\*" if word.differs or _limits(word) or word.neutral is not None else "")


def _details(title: str, dialect: Dialect) -> str:
    lines = [f"**{title}**" + (f" (and {_twins(title)})" if _twins(title) else "")]
    for name, word in sorted(dialect.words.items()):
        if isinstance(word, Spoken):
            said = [word.differs, _limits(word), _off(name, word)]
            told = "; ".join(part for part in said if part)
        else:
            told = "" if word.why == "not spoken there" else word.why
        lines += [f"- `{name}`: {told}."] if told else []
    always = ", ".join(f"`{key}: {value}`" for key, value in sorted(dialect.always.items()))
    lines += [f"- sent with every request: {always}."] if always else []
    return "\n".join([*lines, *(f"- {note}" for note in dialect.notes)])


def _limits(word: Spoken) -> str:
    if word.only:
        return f"takes only {', '.join(map(str, word.only))}"
    low = None if word.low is None else f"{'above' if word.above else 'from'} {word.low:g}"
    high = None if word.high is None else f"up to {word.high:g}"
    gap = f"not between {word.gap[0]:g} and {word.gap[1]:g}" if word.gap else None
    return " ".join(part for part in (low, high, gap) if part)


def _off(name: str, word: Spoken) -> str:
    if word.neutral is None:
        return ""
    return f"off is {word.neutral} there, not {parameter(name).neutral}"


def _twins(title: str) -> str:
    return ", ".join(twin for twin, of in SAME.items() if of == title)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

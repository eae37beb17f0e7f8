"""What people give an Optimizer, checked: what cannot be used is refused in plain words.

Numbers of any kind will do, numpy's too, and whole ones that are written as floats.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

from .errors import UsageError
from .records import Cell, SamplerConfig

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .samplers import Space

LARGEST = 1e50  # of scores, margins and covariates, in size: powers of them must not overflow
MOST, MOST_PROMPTS = 10**9, 10**5  # texts and repeats; prompts take memory
ROUNDING = 1e-3  # by so much may a log-probability be above 0


def whole(what: str, value: object, least: int = 1, most: float = MOST) -> int:
    """A whole number from `least` to `most`.

    Raises:
        UsageError: it is none.
    """
    try:
        is_whole = getattr(value, "is_integer", lambda: False)()  # numpy's floats have it too
        found = operator.index(int(value) if is_whole else value)  # type: ignore[call-overload,arg-type]
    except TypeError:
        raise UsageError(f"{what} is {_shown(value)}, expected a whole number") from None
    if found < least:
        raise UsageError(f"{what} is {_shown(value)}, expected at least {least}")
    if found > most:
        raise UsageError(f"{what} is {_shown(value)}, expected at most {most}")
    return int(found)


def number(what: str, value: object) -> float:
    """A finite number of a size that can be reckoned with.

    Raises:
        UsageError: it is none.
    """
    try:
        found = math.nan if isinstance(value, str | bytes) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: of a tensor of many
        found = math.nan
    except OverflowError:
        found = 2 * LARGEST
    if not math.isfinite(found):
        raise UsageError(f"{what} is {_shown(value)}, expected a finite number")
    if abs(found) > LARGEST:
        raise UsageError(f"{what} is {_shown(value)}, expected no more than {LARGEST:g} in size")
    return found


def yes_or_no(what: str, value: object) -> bool:
    """True or False.

    Raises:
        UsageError: it is neither.
    """
    if not isinstance(value, Hashable) or value not in (True, False):  # unlike arrays
        raise UsageError(f"{what} is {_shown(value)}, expected True or False")
    return bool(value)


def configuration(what: str, value: object) -> SamplerConfig:
    """A configuration, or its text form.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(value, str):
        return SamplerConfig.parse(value)
    if not isinstance(value, SamplerConfig):
        raise UsageError(
            f"{what} is {_shown(value)}, expected a configuration or its text form, like "
            "'min_p:temperature=1.2,min_p=0.02'"
        )
    return value


def cell(value: object, n_prompts: int) -> Cell:
    """A cell on one of the prompts.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(value, Cell):
        raise UsageError(f"Optimizer: {_shown(value)} is no cell; give what `ask` returned")
    return Cell(
        configuration("Optimizer: the cell's config", value.config),
        whole("Optimizer: the cell's prompt", value.prompt, 0, n_prompts - 1),
        whole("Optimizer: the cell's repeat", value.repeat, 0, MOST - 1),
        yes_or_no("Optimizer: the cell's fresh", value.fresh),
    )


def covariates(value: object, known: tuple[str, ...]) -> dict[str, float]:
    """Covariates by name, so that a column of the evidence is one and the same number.

    Args:
        value: what was given; NaN where a text has none of that name.
        known: the names of earlier ones; empty where there were none.

    Raises:
        UsageError: not numbers by name, or other names than before.
    """
    given = _mapping("Optimizer.tell: covariates", value, "numbers by name, like {'words': 210}")
    names = tuple(sorted(given))
    if names and known and names != known:
        raise UsageError(
            f"Optimizer.tell: covariates {', '.join(names)}; they were {', '.join(known)}: give "
            "the same each time"
        )
    return {name: _covariate(name, given[name]) for name in names}


def _covariate(name: str, value: object) -> float:
    none_was_given = isinstance(value, Real) and value != value
    return math.nan if none_was_given else number(f"Optimizer.tell: covariate {name}", value)


def fingerprint(value: object) -> dict[str, NDArray[np.float64]]:
    """A model's fingerprint, as numbers.

    Raises:
        UsageError: other names, shapes that do not fit each other, or no log-probabilities.
    """
    import numpy as np

    where = "Optimizer: features"
    features = _mapping(where, value, "{'logprobs': numbers, (n_contexts, n_tokens)}")
    if "logprobs" not in features or not set(features) <= {"logprobs", "count"}:
        names = ", ".join(map(repr, features)) or "nothing"
        raise UsageError(f"{where} has {names}, expected 'logprobs' and maybe 'count'")
    found = {name: _array(f"{where}' {name}", array) for name, array in features.items()}
    logprobs = found["logprobs"]
    if logprobs.ndim != 2 or not logprobs.size:
        raise UsageError(
            f"{where}' logprobs has the shape {logprobs.shape}, expected (n_contexts, n_tokens)"
        )
    count = found.get("count", np.ones(logprobs.shape[1]))
    if count.shape != logprobs.shape[1:]:
        raise UsageError(
            f"{where}' count has the shape {count.shape}, expected {logprobs.shape[1:]}, one for "
            "each column of logprobs"
        )
    if not ((count > 0) & (count <= MOST)).all():
        raise UsageError(
            f"{where}' count has {_shown(float(count.min()))} to {_shown(float(count.max()))}, "
            "expected how many tokens each column stands for: more than 0, at most 1e9"
        )
    _see_probabilities(where, logprobs, bool((count == 1).all()))
    return found


def _see_probabilities(where: str, logprobs: NDArray[np.float64], single: bool) -> None:
    """See that these are logarithms of probabilities, with some in every row."""
    import numpy as np

    missing = np.isnan(logprobs)
    if missing.any() and not single:
        raise UsageError(f"{where}' logprobs has NaN, which only single tokens may have, no blocks")
    known = np.where(missing, -np.inf, logprobs)
    if known.max() > ROUNDING:
        raise UsageError(
            f"{where}' logprobs has {known.max():g}, expected natural logarithms of probabilities, "
            "at most 0"
        )
    empty = np.flatnonzero(np.exp(known.max(axis=1)) <= 0)
    if len(empty):
        raise UsageError(
            f"{where}' logprobs has no token of any probability in row {empty[0]}: leave it out"
        )


def see_walkable(strategy: str, space: Space) -> None:
    """See that a strategy that tries a whole space can.

    Raises:
        UsageError: a range is continuous.
    """
    for part in space.samplers:
        for name, dimension in part.dimensions:
            if dimension.listed() is None:
                raise UsageError(
                    f"Optimizer: {strategy} tries every setting, and space.{part.sampler}.{name} "
                    "is a continuous range; give it a step or list its values"
                )


def _mapping(what: str, value: object, expected: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise UsageError(f"{what}: found {_shown(value)}, expected {expected}")
    return value


def _array(what: str, value: object) -> NDArray[np.float64]:
    """A copy, so that what its owner does to it changes nothing here."""
    import numpy as np

    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{what} is {_shown(value)}, expected numbers") from None


def _shown(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:  # Python writes no number of thousands of digits
        return "a number of thousands of digits"

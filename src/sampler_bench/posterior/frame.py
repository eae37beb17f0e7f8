"""Where configurations lie: the coordinates on which the model's kernels measure distance.

Each configuration has two coordinates that all samplers share (mean entropy and the square root of
the tail mass, from `samplers.effect`, scaled to 0-1 over the space), and its sampler's own knobs,
scaled to 0-1 over their dimension on its scale. A knob with words is one coordinate for each word.
A configuration outside the space (a baseline) is placed by the same rules; a sampler of which the
space knows nothing has no own knobs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from .._arrays import Floats, Indices, Mask
from ..records import SamplerConfig, Value
from ..samplers import Dimension, Listed, Range, SamplerSpace, Space, parameter, parameter_names
from ..samplers.bank import Bank
from ..samplers.effect import effects
from ..samplers.order import LLAMACPP, Chain

LEVELS = {1: 41, 2: 13, 3: 7}  # steps of a continuous knob on the reference grid, by knobs
APART = math.sqrt(0.5)  # so that two words are at distance 1
_SEED = 20_240_229  # of the reference points in spaces too large for a grid


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Configurations as coordinates.

    Attributes:
        common: (n, 2) scaled entropy and root tail mass.
        sampler: (n,) which sampler, -1 and below for strangers, one number each.
        own: (n, width) the sampler's own knobs, divided by the root of half their number.
        listed: (n,) whether all of the sampler's values are listed one by one.
    """

    common: Floats
    sampler: Indices
    own: Floats
    listed: Mask

    def __len__(self) -> int:
        return len(self.sampler)

    def take(self, index: Indices) -> Points:
        """Some of the points."""
        return Points(self.common[index], self.sampler[index], self.own[index], self.listed[index])

    def and_more(self, more: Points) -> Points:
        """These points, then `more`."""
        return Points(
            np.concatenate([self.common, more.common]),
            np.concatenate([self.sampler, more.sampler]),
            np.concatenate([self.own, more.own]),
            np.concatenate([self.listed, more.listed]),
        )


class Frame:
    """The coordinates of one space. Remembers what it has placed.

    Attributes:
        pool: the reference configurations.
        width: (2,) how much entropy (nats) and root tail mass vary over the pool with the built-in
            bank, whatever bank the coordinates are made with.

    Args:
        space: what may vary.
        temperature_last: where the server applies temperature.
        bank: the model's own distributions; None for the built-in ones.
        chain: in which order its samplers act.
        pool_size: about how many reference configurations.
    """

    def __init__(
        self,
        space: Space,
        temperature_last: bool,
        bank: Bank | None,
        chain: Chain = LLAMACPP,
        pool_size: int = 520,
    ) -> None:
        self.space, self.temperature_last, self.bank = space, temperature_last, bank
        self.chain = chain
        self._columns = {part.sampler: _columns(part) for part in space.samplers}
        self._width = max([len(c) for c in self._columns.values()], default=0)
        self._listed = {part.sampler for part in space.samplers if _all_listed(part)}
        self._numbers = {part.sampler: i for i, part in enumerate(space.samplers)}
        self._raw: dict[SamplerConfig, Floats] = {}
        self._placed: dict[SamplerConfig, tuple[Floats, int, Floats]] = {}
        share = max(24, pool_size // max(1, len(space.samplers)))
        self.pool = tuple(
            dict.fromkeys(c for part in space.samplers for c in reference(part, share))
        )
        raw = self._effects(self.pool)
        self._low = raw.min(axis=0)
        self._span = np.maximum(raw.max(axis=0) - self._low, 1e-9)
        usual = raw if bank is None else _raw(self.pool, temperature_last, None, chain)
        self.width = np.ptp(usual, axis=0)

    def place(self, configs: Sequence[SamplerConfig]) -> Points:
        """The coordinates of some configurations."""
        for config, effect in zip(configs, self._effects(configs), strict=True):
            if config not in self._placed:
                common = (effect - self._low) / self._span
                self._placed[config] = (common, self._number(config.sampler), self._own(config))
        rows = [self._placed[config] for config in configs]
        return Points(
            np.array([common for common, _, _ in rows]).reshape(-1, 2),
            np.array([number for _, number, _ in rows], dtype=np.intp),
            np.array([own for _, _, own in rows]).reshape(len(rows), self._width),
            np.array([config.sampler in self._listed for config in configs], dtype=bool),
        )

    def with_pool(self, tried: Iterable[SamplerConfig]) -> tuple[list[SamplerConfig], Points]:
        """The pool and whatever of `tried` lies in the space beside it, with coordinates."""
        more = [c for c in dict.fromkeys(tried) if c not in self._pooled and c in self.space]
        return [*self.pool, *more], self._pool_points.and_more(self.place(more))

    @cached_property
    def _pool_points(self) -> Points:
        return self.place(self.pool)

    @cached_property
    def _pooled(self) -> frozenset[SamplerConfig]:
        return frozenset(self.pool)

    def _own(self, config: SamplerConfig) -> Floats:
        own = np.zeros(self._width)
        columns = self._columns.get(config.sampler, ())
        shrink = math.sqrt(max(1, len({name for name, _, _ in columns})) / 2)
        for j, (name, dimension, word) in enumerate(columns):
            own[j] = _coordinate(config.get(name), name, dimension, word) / shrink
        return own

    def _number(self, sampler: str) -> int:
        return self._numbers.get(sampler, _stranger(sampler))

    def _effects(self, configs: Sequence[SamplerConfig]) -> Floats:
        new = [c for c in dict.fromkeys(configs) if c not in self._raw]
        if new:
            found = _raw(new, self.temperature_last, self.bank, self.chain)
            self._raw.update(zip(new, found, strict=True))
        return np.array([self._raw[c] for c in configs]).reshape(-1, 2)


def _raw(
    configs: Sequence[SamplerConfig], temperature_last: bool, bank: Bank | None, chain: Chain
) -> Floats:
    """(n, 2) entropy and root tail mass, before they are scaled."""
    found = effects(configs, temperature_last, bank, chain)
    found[:, 1] = np.sqrt(found[:, 1])
    return found


@lru_cache(maxsize=16)
def _frame(
    space: Space, temperature_last: bool, chain: Chain, measured: tuple[bytes, bytes] | None
) -> Frame:
    if measured is None:
        return Frame(space, temperature_last, None, chain)
    count = np.frombuffer(measured[1])
    rows = np.frombuffer(measured[0]).reshape(-1, len(count))
    plain = bool((count == 1).all())
    bank = Bank.of(rows) if plain else Bank(rows, count)
    return Frame(space, temperature_last, bank, chain)


def frame_of(
    space: Space,
    temperature_last: bool,
    features: Mapping[str, Floats] | None = None,
    chain: Chain = LLAMACPP,
) -> Frame:
    """The frame of a space, remembered from the last time.

    Args:
        space: what may vary.
        temperature_last: where the server applies temperature.
        features: a model fingerprint with `logprobs` (n_contexts, n_tokens), natural logarithms,
            and `count` (n_tokens,), how many tokens each column stands for, most probable first;
            without it, single tokens in any order. None for the built-in bank.
        chain: in which order its samplers act.
    """
    if features is None:
        return _frame(space, temperature_last, chain, None)
    logprobs = np.ascontiguousarray(features["logprobs"], dtype=np.float64)
    count = features.get("count", np.ones(logprobs.shape[1]))
    measured = logprobs.tobytes(), np.ascontiguousarray(count, dtype=np.float64).tobytes()
    return _frame(space, temperature_last, chain, measured)


def reference(part: SamplerSpace, share: int) -> list[SamplerConfig]:
    """About `share` configurations that cover one sampler's space evenly, always the same."""
    free = [d for _, d in part.dimensions if _moves(d)]
    levels = LEVELS.get(len(free), 5)
    lists = [_levels(dimension, levels) for _, dimension in part.dimensions]
    names = [name for name, _ in part.dimensions]
    if math.prod(map(len, lists)) <= share:
        grid = np.stack(np.meshgrid(*[np.arange(len(v)) for v in lists], indexing="ij"), -1)
        picks = grid.reshape(-1, len(lists))
    else:
        from scipy.stats import qmc

        spread = qmc.Sobol(len(lists), rng=np.random.default_rng(_SEED)).random_base2(
            int(math.log2(share))
        )
        fine = [_levels(dimension, 65) for _, dimension in part.dimensions]
        lists, picks = fine, (spread * [len(v) for v in fine]).astype(np.intp)
    found = (
        SamplerConfig.of(part.sampler, {n: v[i] for n, v, i in zip(names, lists, row, strict=True)})
        for row in picks
    )
    return list(dict.fromkeys(found))


def _all_listed(part: SamplerSpace) -> bool:
    return all(isinstance(dimension, Listed) for _, dimension in part.dimensions)


def _moves(dimension: Dimension) -> bool:
    values = dimension.listed()
    return values is None or len(values) > 1


def _levels(dimension: Dimension, levels: int) -> tuple[Value, ...]:
    values = dimension.listed()
    if values is not None and (len(values) <= 4 * levels or isinstance(dimension, Listed)):
        return values
    assert isinstance(dimension, Range), "a listed dimension has values"
    even = dimension.evenly()
    if even is None:
        return tuple(dict.fromkeys(dimension.at(k / (levels - 1)) for k in range(levels)))
    fractions = np.linspace(0, len(even) - 1, levels).round().astype(int)
    return tuple(dict.fromkeys(even[i] for i in fractions))


def _columns(part: SamplerSpace) -> tuple[tuple[str, Dimension, Value | None], ...]:
    """(knob, dimension, word) for each coordinate; `word` is None for a knob with numbers."""
    columns: list[tuple[str, Dimension, Value | None]] = []
    for name, dimension in part.dimensions:
        values = dimension.listed()
        if not _moves(dimension):
            continue
        if values is not None and any(isinstance(v, str | tuple) for v in values):
            columns += [(name, dimension, value) for value in values]
        else:
            columns.append((name, dimension, None))
    return tuple(columns)


def _coordinate(value: Value | None, name: str, dimension: Dimension, word: Value | None) -> float:
    if word is not None:
        return APART * float(value == word)
    if value is None and name in parameter_names():
        value = parameter(name).neutral
    if not isinstance(value, int | float):
        return 0.5
    low, high, log = _ends(name, dimension)
    if log:
        if value <= 0:
            return -0.5
        fraction = math.log(value / low) / math.log(high / low)
    else:
        fraction = (value - low) / (high - low)
    return min(max(fraction, -0.5), 1.5)


def _ends(name: str, dimension: Dimension) -> tuple[float, float, bool]:
    if isinstance(dimension, Range):
        return dimension.low, dimension.high, dimension.scale == "log"
    numbers = [float(v) for v in dimension.values if isinstance(v, int | float)]
    low, high = min(numbers), max(numbers)
    log = name in parameter_names() and parameter(name).scale == "log"
    return low, high, log and low > 0


def _stranger(name: str) -> int:
    """A number below 0 that is the same for the same name in every process."""
    from zlib import crc32

    return -1 - crc32(name.encode())

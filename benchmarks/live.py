"""Whole searches with real texts on the demo model: what they find, and what the sweep says of it.

    python benchmarks/live.py --searches 3 --texts 192

Each search is the command's own, from the first text to the verdict, over the settings of the
sweep (`sweep.py`: every setting measured with many real texts), so that what it recommends and how
sure it is can be looked up. `behind` is what the measured best is ahead of the recommended setting;
some of it is luck of the best's own measurement, whose standard error is printed beside it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from _sweep_study import Surface, plain
from sweep import MAX_TOKENS, Line, worth

from sampler_bench.tasks.demo import PROMPTS
from sampler_bench.tuning.api import SamplerBenchAPI


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=3)
    parser.add_argument("--texts", type=int, default=192, help="budget of each search")
    parser.add_argument("--first", type=int, default=1, help="seed of the first search")
    args = parser.parse_args()
    surface = Surface("last")
    best = max(surface.configs, key=lambda config: worth(surface.lines[config]))
    print(f"the sweep's best: {best.text} {told(surface.lines[best])}")
    for seed in range(args.first, args.first + args.searches):
        play(surface, seed, args.texts, worth(surface.lines[best]))


def play(surface: Surface, seed: int, texts: int, most: float) -> None:
    """Search once and print what was found beside what the sweep measured."""
    ranges = {
        part.sampler: {
            **{name: list(dimension.listed() or ()) for name, dimension in part.dimensions},
            "max_tokens": [MAX_TOKENS],
        }
        for part in surface.space.samplers
    }
    with tempfile.TemporaryDirectory() as folder:
        api = SamplerBenchAPI(
            section="demo",
            folder=Path(folder),
            seed=seed,
            sampler_types=list(ranges),
            parameter_ranges=ranges,
            n_iterations=texts // len(PROMPTS),
            samples_per_config=1,
            test_prompts=list(PROMPTS),
        )
        verdict = api.search().verdict
    assert verdict is not None, "a search ends with a verdict"
    found = surface.lines[plain(verdict.best)]
    claim = verdict.objective
    inside = claim.low <= worth(found) <= claim.high
    print(
        f"seed {seed}: {plain(verdict.best).text}, {verdict.sentence}; claims {claim.mean:.2f} "
        f"[{claim.low:.2f}, {claim.high:.2f}], measured {told(found)}, "
        f"{'inside' if inside else 'outside'}; behind {most - worth(found):.3f}",
        flush=True,
    )


def told(lines: list[Line]) -> str:
    """Mean and standard error of a setting's texts, failures counted."""
    texts = sum(line.texts for line in lines)
    square = sum(line.square + line.failed for line in lines) / texts
    error = (max(square - worth(lines) ** 2, 0.0) / texts) ** 0.5
    return f"{worth(lines):.2f} +-{error:.3f} ({texts} texts)"


if __name__ == "__main__":
    main()

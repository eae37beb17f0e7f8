"""Compare given presets or configurations: the guide's spelling of `sampler-bench benchmark`."""

import sys

from sampler_bench.cli import main

if __name__ == "__main__":
    sys.exit(main(["benchmark", *sys.argv[1:]]))

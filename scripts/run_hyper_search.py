"""Search for the best sampler settings: the guide's spelling of `sampler-bench search`."""

import sys

from sampler_bench.cli import main

if __name__ == "__main__":
    sys.exit(main(["search", *sys.argv[1:]]))

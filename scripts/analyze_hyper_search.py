"""Analyze the results of a search: the guide's spelling of `sampler-bench analyze`."""

import sys

from sampler_bench.cli import main

if __name__ == "__main__":
    sys.exit(main(["analyze", *sys.argv[1:]]))

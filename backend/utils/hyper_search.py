"""The guide's "core search engine": the same functions that `sampler-bench search` calls."""

from sampler_bench.spec import StudySpec, load_study
from sampler_bench.tuning.loop import Loop
from sampler_bench.tuning.run import Finished, Request, run

__all__ = ["Finished", "Loop", "Request", "StudySpec", "load_study", "run"]

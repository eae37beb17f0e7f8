"""The guide's `from api.quality_api import SamplerBenchAPI`, with `backend` on the path."""

from sampler_bench.tuning.api import SamplerBenchAPI

__all__ = ["SamplerBenchAPI"]

"""xtc_probability: how often the top choices are excluded.

XTC: where several tokens pass the threshold, all but the least probable of them go.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="xtc_probability",
    sampler="xtc",
    meaning="how often the top choices are excluded",
    neutral=0.0,
    low=0.0,
    high=1.0,
    search=(0.1, 0.8),
)

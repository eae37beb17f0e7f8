"""dynatemp_exponent: how entropy maps to the dynamic temperature.

Acts only where dynatemp_range is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dynatemp_exponent",
    sampler="dynatemp",
    meaning="how entropy maps to the dynamic temperature",
    neutral=1.0,
    low=0.0,
    high=10.0,
    search=(0.5, 2.0),
    governors=("dynatemp_range",),
)

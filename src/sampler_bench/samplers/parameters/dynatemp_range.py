"""dynatemp_range: lets the temperature vary by this much with the entropy.

Temperature runs from temperature - range to temperature + range.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dynatemp_range",
    sampler="dynatemp",
    meaning="lets the temperature vary by this much with the entropy",
    neutral=0.0,
    low=0.0,
    high=10.0,
    search=(0.1, 1.0),
)

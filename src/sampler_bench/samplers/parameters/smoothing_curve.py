"""smoothing_curve: how steep the parabola of quadratic sampling is.

Acts only where smoothing_factor is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="smoothing_curve",
    sampler="smoothing",
    meaning="how steep the parabola of quadratic sampling is",
    neutral=1.0,
    low=0.0,
    high=100.0,
    search=(1.0, 3.0),
    governors=("smoothing_factor",),
)

"""repetition_slope: how the penalty falls with distance; 1 is flat on KoboldCpp.

Acts only where repetition_penalty is not 1. KoboldCpp's rep_pen_slope.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="repetition_slope",
    sampler="repetition_penalty",
    meaning="how the penalty falls with distance; 1 is flat on KoboldCpp",
    neutral=1.0,
    low=0.0,
    high=10.0,
    search=(0.5, 2.0),
    memory=True,
)

"""repetition_slope: how much of the penalty the older half of the range keeps; 1 is all of it.

Acts only where repetition_penalty is not 1. KoboldCpp's rep_pen_slope; presets for it say more than
1 too, which it takes as 1.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="repetition_slope",
    sampler="repetition_penalty",
    meaning="how much of the penalty the older half of the range keeps; 1 is all of it",
    neutral=1.0,
    low=0.0,
    high=10.0,
    search=(0.1, 1.0),
    memory=True,
    governors=("repetition_penalty",),
)

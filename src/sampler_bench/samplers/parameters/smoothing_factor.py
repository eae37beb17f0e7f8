"""smoothing_factor: bends the logits by a parabola around the top one (quadratic sampling).

0 switches it off.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="smoothing_factor",
    sampler="smoothing",
    meaning="bends the logits by a parabola around the top one (quadratic sampling)",
    neutral=0.0,
    low=0.0,
    high=100.0,
    scale="log",
    search=(0.05, 2.0),
)

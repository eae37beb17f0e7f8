"""top_a: keeps tokens with at least a times the squared top probability.

Threshold a * p_max^2, as in KoboldAI.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="top_a",
    sampler="top_a",
    meaning="keeps tokens with at least a times the squared top probability",
    neutral=0.0,
    low=0.0,
    high=1.0,
    scale="log",
    search=(0.01, 0.5),
)

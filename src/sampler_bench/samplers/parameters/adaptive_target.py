"""adaptive_target: probability that the chosen tokens should have on average; -1 is off.

Adaptive-p, in llama.cpp and KoboldCpp since 2025.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="adaptive_target",
    sampler="adaptive_p",
    meaning="probability that the chosen tokens should have on average; -1 is off",
    neutral=-1.0,
    low=-1.0,
    high=1.0,
    search=(0.2, 0.8),
    memory=True,
)

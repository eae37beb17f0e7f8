"""dry_multiplier: strength of the penalty on repeating sequences.

DRY, don't repeat yourself: penalty = multiplier * base ^ (length - allowed_length).
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dry_multiplier",
    sampler="dry",
    meaning="strength of the penalty on repeating sequences",
    neutral=0.0,
    low=0.0,
    high=100.0,
    search=(0.2, 1.5),
    memory=True,
)

"""dry_base: how fast the DRY penalty grows with the repeated length.

Acts only where dry_multiplier is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dry_base",
    sampler="dry",
    meaning="how fast the DRY penalty grows with the repeated length",
    neutral=1.75,
    low=1.0,
    high=8.0,
    search=(1.2, 2.5),
    memory=True,
    governors=("dry_multiplier",),
)

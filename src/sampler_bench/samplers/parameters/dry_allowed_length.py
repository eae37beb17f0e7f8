"""dry_allowed_length: repeated sequences up to this many tokens go unpunished.

Acts only where dry_multiplier is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dry_allowed_length",
    sampler="dry",
    meaning="repeated sequences up to this many tokens go unpunished",
    neutral=2,
    low=0.0,
    high=1000.0,
    kind="int",
    search=(1.0, 8.0),
    memory=True,
    governors=("dry_multiplier",),
)

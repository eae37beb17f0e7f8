"""dry_sequence_breakers: texts at which DRY stops matching.

Acts only where dry_multiplier is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dry_sequence_breakers",
    sampler="dry",
    meaning="texts at which DRY stops matching",
    neutral=("\n", ":", '"', "*"),
    kind="strings",
    memory=True,
    governors=("dry_multiplier",),
)

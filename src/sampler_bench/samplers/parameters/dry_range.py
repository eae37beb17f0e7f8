"""dry_range: how many last tokens DRY looks at; 0 means none.

Acts only where dry_multiplier is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="dry_range",
    sampler="dry",
    meaning="how many last tokens DRY looks at; 0 means none",
    neutral=1024,
    low=0.0,
    high=1000000.0,
    kind="int",
    scale="log",
    search=(128.0, 4096.0),
    memory=True,
    governors=("dry_multiplier",),
)

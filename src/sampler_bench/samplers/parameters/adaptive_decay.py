"""adaptive_decay: how slowly adaptive-p forgets.

Acts only where adaptive_target is not negative.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="adaptive_decay",
    sampler="adaptive_p",
    meaning="how slowly adaptive-p forgets",
    neutral=0.9,
    low=0.0,
    high=0.99,
    search=(0.5, 0.99),
    memory=True,
    governors=("adaptive_target",),
)

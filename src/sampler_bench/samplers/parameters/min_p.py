"""min_p: keeps tokens with at least this share of the top token's probability.

Nguyen et al. 2024 (arXiv 2407.01082).
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="min_p",
    sampler="min_p",
    meaning="keeps tokens with at least this share of the top token's probability",
    neutral=0.0,
    low=0.0,
    high=1.0,
    scale="log",
    search=(0.005, 0.2),
)

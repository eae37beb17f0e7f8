"""epsilon_cutoff: drops tokens under this probability.

Hewitt et al. 2022 (arXiv 2210.15191), epsilon sampling. A probability;
some user interfaces show units of 1e-4.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="epsilon_cutoff",
    sampler="epsilon_cutoff",
    meaning="drops tokens under this probability",
    neutral=0.0,
    low=0.0,
    high=1.0,
    scale="log",
    search=(0.0001, 0.01),
)

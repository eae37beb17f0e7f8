"""eta_cutoff: drops tokens under an entropy-dependent probability.

Hewitt et al. 2022 (arXiv 2210.15191), eta sampling. A probability;
some user interfaces show units of 1e-4.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="eta_cutoff",
    sampler="eta_cutoff",
    meaning="drops tokens under an entropy-dependent probability",
    neutral=0.0,
    low=0.0,
    high=1.0,
    scale="log",
    search=(0.0001, 0.01),
)

"""typical_p: keeps the tokens whose information is nearest to the entropy, up to this mass.

Meister et al. 2022 (arXiv 2202.00666).
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="typical_p",
    sampler="typical_p",
    meaning="keeps the tokens whose information is nearest to the entropy, up to this mass",
    neutral=1.0,
    low=0.0,
    high=1.0,
    search=(0.5, 0.99),
)

"""top_p: keeps the smallest set of tokens with this much probability (nucleus).

Holtzman et al. 2020 (arXiv 1904.09751).
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="top_p",
    sampler="top_p",
    meaning="keeps the smallest set of tokens with this much probability (nucleus)",
    neutral=1.0,
    low=0.0,
    high=1.0,
    search=(0.7, 0.99),
)

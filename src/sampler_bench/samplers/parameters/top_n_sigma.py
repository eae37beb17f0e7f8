"""top_n_sigma: keeps tokens within n standard deviations of the highest logit.

Tang et al. 2024 (arXiv 2411.07641). 0 switches it off in our words; servers differ.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="top_n_sigma",
    sampler="top_n_sigma",
    meaning="keeps tokens within n standard deviations of the highest logit",
    neutral=0.0,
    low=0.0,
    high=100.0,
    search=(0.5, 3.0),
)

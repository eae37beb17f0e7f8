"""repetition_penalty: divides the logits of tokens that occurred already.

Keskar et al. 2019 (arXiv 1909.05858), section 4.1.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="repetition_penalty",
    sampler="repetition_penalty",
    meaning="divides the logits of tokens that occurred already",
    neutral=1.0,
    low=0.01,
    high=10.0,
    search=(1.0, 1.2),
    memory=True,
)

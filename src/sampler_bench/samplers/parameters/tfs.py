"""tfs: cuts the tail where the sorted probabilities stop bending (tail-free).

Tail-free sampling, z of Phénix and Egan 2019.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="tfs",
    sampler="tfs",
    meaning="cuts the tail where the sorted probabilities stop bending (tail-free)",
    neutral=1.0,
    low=0.0,
    high=1.0,
    search=(0.5, 0.99),
)

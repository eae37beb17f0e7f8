"""temperature: divides the logits: under 1 sharper, over 1 flatter.

0 means greedy decoding: always the most probable token.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="temperature",
    sampler="temperature",
    meaning="divides the logits: under 1 sharper, over 1 flatter",
    neutral=1.0,
    low=0.0,
    high=10.0,
    search=(0.3, 2.0),
)

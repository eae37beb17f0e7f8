"""top_k: keeps the k most probable tokens.

0 keeps all tokens. Fan et al. 2018 (arXiv 1805.04833).
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="top_k",
    sampler="top_k",
    meaning="keeps the k most probable tokens",
    neutral=0,
    low=0.0,
    high=1000000.0,
    kind="int",
    scale="log",
    search=(5.0, 200.0),
)

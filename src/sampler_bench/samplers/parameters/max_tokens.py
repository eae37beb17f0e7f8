"""max_tokens: the longest answer, in tokens.

Part of every configuration; no request leaves it to the server's default.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="max_tokens",
    sampler="",
    meaning="the longest answer, in tokens",
    neutral=None,
    low=1.0,
    high=1000000.0,
    kind="int",
    scale="log",
)

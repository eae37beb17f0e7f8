"""mirostat_mode: steers the surprise of the text: 0 off, 1 or 2 the version.

Basu et al. 2021 (arXiv 2007.14966). On most servers it replaces the truncation chain.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="mirostat_mode",
    sampler="mirostat",
    meaning="steers the surprise of the text: 0 off, 1 or 2 the version",
    neutral=0,
    low=0.0,
    high=2.0,
    kind="int",
    memory=True,
)

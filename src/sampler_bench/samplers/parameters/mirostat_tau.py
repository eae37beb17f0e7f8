"""mirostat_tau: the surprise, in bits, that mirostat aims at.

Acts only where mirostat_mode is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="mirostat_tau",
    sampler="mirostat",
    meaning="the surprise, in bits, that mirostat aims at",
    neutral=5.0,
    low=0.0,
    high=100.0,
    search=(2.0, 8.0),
    memory=True,
    governors=("mirostat_mode",),
)

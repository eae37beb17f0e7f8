"""mirostat_eta: how fast mirostat corrects.

Acts only where mirostat_mode is not 0.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="mirostat_eta",
    sampler="mirostat",
    meaning="how fast mirostat corrects",
    neutral=0.1,
    low=0.0,
    high=1.0,
    scale="log",
    search=(0.02, 0.5),
    memory=True,
    governors=("mirostat_mode",),
)

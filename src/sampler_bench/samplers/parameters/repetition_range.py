"""repetition_range: how many last tokens the penalties look at.

Acts only where a penalty is on.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="repetition_range",
    sampler="repetition_penalty",
    meaning="how many last tokens the penalties look at",
    neutral=1024,
    low=0.0,
    high=1000000.0,
    kind="int",
    scale="log",
    search=(64.0, 4096.0),
    memory=True,
    governors=("repetition_penalty", "presence_penalty", "frequency_penalty"),
)

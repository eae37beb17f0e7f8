"""presence_penalty: subtracted once from the logit of every token that occurred.

OpenAI's API reference; positive values discourage repetition.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="presence_penalty",
    sampler="presence_penalty",
    meaning="subtracted once from the logit of every token that occurred",
    neutral=0.0,
    low=-2.0,
    high=2.0,
    search=(0.0, 1.0),
    memory=True,
)

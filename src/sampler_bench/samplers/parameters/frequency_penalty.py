"""frequency_penalty: subtracted from a token's logit for each occurrence.

OpenAI's API reference; positive values discourage repetition.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="frequency_penalty",
    sampler="frequency_penalty",
    meaning="subtracted from a token's logit for each occurrence",
    neutral=0.0,
    low=-2.0,
    high=2.0,
    search=(0.0, 1.0),
    memory=True,
)

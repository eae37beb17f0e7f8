"""temperature_order: whether temperature acts before or after truncation.

No value is neutral: the same two numbers are another sampler in the other order. Where a
configuration does not state it, the server's own order is used, sent and recorded.
"""

from ..order import PLACES
from ..parameter import Parameter

PARAMETER = Parameter(
    name="temperature_order",
    sampler="",
    meaning="whether temperature acts before or after truncation",
    neutral=None,
    kind="choice",
    choices=PLACES,
)

"""xtc_threshold: tokens over this probability are top choices to XTC.

Acts only where xtc_probability is not 0; over .5 nothing could ever be excluded.
"""

from ..parameter import Parameter

PARAMETER = Parameter(
    name="xtc_threshold",
    sampler="xtc",
    meaning="tokens over this probability are top choices to XTC",
    neutral=0.1,
    low=0.0,
    high=0.5,
    scale="log",
    search=(0.03, 0.3),
    governors=("xtc_probability",),
)

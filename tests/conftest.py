import os

import pytest
from hypothesis import settings

# As the command line does, before numpy is there: two threads add up in another order than one.
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(name, "1")

# A busy machine is no failure; on CI the same examples every time, elsewhere new ones.
settings.register_profile("ours", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ours")


@pytest.fixture
def anyio_backend():
    return "asyncio"

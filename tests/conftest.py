import os

import pytest
from hypothesis import settings

# A busy machine is no failure; on CI the same examples every time, elsewhere new ones.
settings.register_profile("ours", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ours")


@pytest.fixture
def anyio_backend():
    return "asyncio"

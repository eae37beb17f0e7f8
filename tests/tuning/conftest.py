from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.double import LlamaWriter


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def writer() -> AsyncIterator[LlamaWriter]:
    """The demo model, behind every double of a file's tests."""
    async with LlamaWriter(slots=4) as found:
        yield found

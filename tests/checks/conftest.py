from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from support.double import LlamaWriter


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def writer() -> AsyncIterator[LlamaWriter]:
    """The demo model, behind every double of this room's tests."""
    async with LlamaWriter(slots=4) as found:
        yield found

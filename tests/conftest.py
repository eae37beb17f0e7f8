import os
from pathlib import Path

import pytest
from hypothesis import settings

# As the command line does, before numpy is there: two threads add up in another order than one.
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(name, "1")

# A busy machine is no failure; on CI the same examples every time, elsewhere new ones.
settings.register_profile("ours", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ours")

BY_CI = ("guide", "cli/test_kill.py", "cli/test_repeat.py", "cli/test_mistakes.py", "tuning")
BY_CI += ("reports/test_page.py",)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the slow tests that CI runs, and begin with the guide, the longest of all."""
    here = Path(__file__).parent
    for item in items:
        room = item.path.relative_to(here).as_posix()
        if room.startswith(BY_CI) and item.get_closest_marker("slow"):
            item.add_marker("by_ci")
    items.sort(key=lambda item: "works_as_printed_at_full_size" not in item.name)


@pytest.fixture
def anyio_backend():
    return "asyncio"

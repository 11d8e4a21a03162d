"""What every test may rely on: seeded property tests and the real market data, where it is at hand."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

MOST_GARBAGE = 200_000
"""Objects made and not collected after which a test is followed by a collection."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real market data beside the checkout; its absence is a failure in CI and a skip elsewhere."""
    if not SHARED_DATA.is_dir():
        reason = f"real market data is not at {SHARED_DATA}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED_DATA


def pytest_configure() -> None:
    """Collect garbage between tests only: a component of the engine must be dropped by the thread that made it."""
    gc.disable()


def pytest_runtest_teardown() -> None:
    """Collect in the thread that runs the tests."""
    if gc.get_count()[0] > MOST_GARBAGE:
        gc.collect()

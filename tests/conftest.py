"""What every test may rely on: seeded property tests and the real market data, where it is at hand."""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("house"), max_examples=60)
QUICK = "not slow"

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


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples where the long tests are left out, and collect garbage between tests only.

    A component of the engine must be dropped by the thread that made it.
    """
    settings.load_profile("quick" if config.option.markexpr == QUICK else "house")
    gc.disable()


def pytest_runtest_teardown() -> None:
    """Collect in the thread that runs the tests."""
    if gc.get_count()[0] > MOST_GARBAGE:
        gc.collect()

"""Small markets for runs that are meant to fail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.settings import Loaded
from tests.firm_runs import run, settings, synthetic_market

ROUNDS = 60
MINUTES = {
    "market.bar": "1-MINUTE",
    "execution.twap": {"above_participation": 0.02, "duration_minutes": 5, "interval_minutes": 1},
}

type Go = Callable[..., Any]


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(["A", "B"], ROUNDS).write(tmp_path_factory.mktemp("days") / "catalog")


@pytest.fixture(scope="session")
def one_day_of_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(["A", "B"], 1, "1-MINUTE").write(tmp_path_factory.mktemp("minutes") / "catalog", "1-MINUTE")


@pytest.fixture
def daily_firm() -> Loaded:
    return settings(["A", "B"])


@pytest.fixture
def minute_firm() -> Loaded:
    return settings(["A", "B"], MINUTES, macro=False)


@pytest.fixture
def go(days: Path, daily_firm: Loaded, tmp_path: Path) -> Go:
    """Run two stocks over sixty days into `tmp_path / "run"`."""

    def run_days(loaded: Loaded = daily_firm, catalog: Path = days, **study: Any) -> Any:
        return run(loaded, catalog, tmp_path / "run", **study)

    return run_days

"""One short run, which the tests of its records share."""

from pathlib import Path

import pytest

from nautilus_ai_firm.runs.folder import Run
from tests.firm_runs import run, settings, synthetic_market


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(["A", "B"], 80).write(tmp_path_factory.mktemp("market") / "catalog")


@pytest.fixture(scope="session")
def recorded(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(settings(["A", "B"]), catalog, tmp_path_factory.mktemp("recorded") / "run")

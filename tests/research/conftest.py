"""A small synthetic market, the configuration of a firm on it, and its run: made once, read by many."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from nautilus_ai_firm.research.benchmark import write_benchmark
from nautilus_ai_firm.runs.folder import Run, open_run
from nautilus_ai_firm.settings import load
from tests.firm_runs import raw_firm, run, synthetic_market

SYMBOLS = ("A", "B", "C")

type WriteFirm = Callable[..., Path]


@pytest.fixture(scope="session")
def small_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalog of three stocks and the inputs, 160 daily rounds."""
    return synthetic_market(SYMBOLS, 160).write(tmp_path_factory.mktemp("market"))


@pytest.fixture
def write_firm(tmp_path: Path) -> WriteFirm:
    """Write a configuration; its kill switch lies beside it."""

    def write(changes: dict[str, Any] | None = None) -> Path:
        path = tmp_path / "firm.toml"
        switch = {"risk.kill_switch_file": str(tmp_path / "kill_switch.json")}
        path.write_text(tomli_w.dumps(raw_firm(SYMBOLS, switch | (changes or {}))), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def small_run(small_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with its benchmark; tight limits, so that something is refused."""
    folder = tmp_path_factory.mktemp("small")
    path = folder / "firm.toml"
    changes = {"risk.max_position": 0.2, "risk.kill_switch_file": str(folder / "kill_switch.json")}
    path.write_text(tomli_w.dumps(raw_firm(SYMBOLS, changes)), encoding="utf-8")
    finished = run(load(path), small_market, folder / "run")
    write_benchmark(finished, small_market)
    return open_run(finished.folder)

"""A small market, a firm on it, and sweeps over that firm."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from nautilus_ai_firm.research.sweeps.plan import plan_sweep
from nautilus_ai_firm.research.sweeps.sweeping import Swept, run_sweep
from nautilus_ai_firm.research.sweeps.trial import Outcome, Trial
from nautilus_ai_firm.research.sweeps.work import work
from tests.firm_runs import raw_firm, synthetic_market

SYMBOLS = ("A", "B")
ROUNDS = 100
SPAN = "signals.agents.momentum.params.volatility_span"
BAND = "execution.no_trade_band"

type WriteSweep = Callable[..., Path]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Catalog of two stocks, 100 daily rounds."""
    return synthetic_market(SYMBOLS, ROUNDS).write(tmp_path_factory.mktemp("market"))


def sweep_file(folder: Path, changes: dict[str, Any] | None = None, firm: dict[str, Any] | None = None) -> Path:
    """Write a sweep of four trials beside its firm; keys are replaced by `changes`."""
    base = {"market.warm_up_rounds": 30, "risk.kill_switch_file": "kill_switch.json"}
    raw = raw_firm(SYMBOLS, base | (firm or {}), macro=False)
    (folder / "firm.toml").write_text(tomli_w.dumps(raw), encoding="utf-8")
    sweep: dict[str, Any] = {
        "name": "tested",
        "config": "firm.toml",
        "sampler": "grid",
        "seed": 1,
        "objective": "sharpe",
        "space": {SPAN: {"values": [10, 20]}, BAND: {"low": 0.05, "high": 0.15, "step": 0.1}},
    }
    path = folder / "sweep.toml"
    path.write_text(tomli_w.dumps(sweep | (changes or {})), encoding="utf-8")
    return path


@pytest.fixture
def write_sweep(tmp_path: Path) -> WriteSweep:
    """Write a sweep, as `sweep_file`."""

    def write(changes: dict[str, Any] | None = None, firm: dict[str, Any] | None = None) -> Path:
        return sweep_file(tmp_path, changes, firm)

    return write


@pytest.fixture
def killed_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], None]:
    """Let a search die, as a person kills it, when so many of its trials are done."""

    def go(trials: int, searching: Callable[[], object]) -> None:
        done: list[int] = []

        def dying(trial: Trial) -> Outcome:
            if len(done) == trials:
                raise KeyboardInterrupt
            done.append(trial.number)
            return work(trial)

        with monkeypatch.context() as patch:
            patch.setattr("nautilus_ai_firm.research.sweeps.workers.work", dying)
            with pytest.raises(KeyboardInterrupt):
                searching()

    return go


@pytest.fixture(scope="session")
def whole(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """The sweep of four trials, run once by one worker; it is only read."""
    folder = tmp_path_factory.mktemp("whole")
    return run_sweep(plan_sweep(sweep_file(folder), market), folder / "out", 1)

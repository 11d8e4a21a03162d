"""A trial is the backtest of the same study: its figures, its returns and its hash, without a folder."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from nautilus_ai_firm.data.decoded_catalog import DecodedCatalog
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.hosts.trial import run_trial
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.runs.performance import daily_returns
from tests.firm_runs import run, settings, synthetic_market

SYMBOLS = ("A", "B")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(SYMBOLS, 140).write(tmp_path_factory.mktemp("market"))


def test_a_trial_shows_what_the_run_folder_of_its_backtest_says(market: Path, tmp_path: Path) -> None:
    loaded, start = settings(SYMBOLS, {"market.warm_up_rounds": 30}), date(2012, 3, 1)
    folder = run(loaded, market, tmp_path / "run", start=start)
    trial = run_trial(prepare(Study(loaded=loaded, catalog=market, start=start), DecodedCatalog(market)))
    assert folder.summary["fills"] > 20
    assert trial.result_sha256 == folder.summary["result_sha256"]
    assert trial.figures == {name: folder.summary[name] for name in trial.figures}
    equity = folder.table("equity")
    expected = daily_returns(
        equity["ts"].astype("int64").to_numpy(), equity["equity"].astype("float64").to_numpy(), 10_000_000.0
    )
    assert dict(zip(trial.ends_ns.tolist(), trial.returns.tolist(), strict=True)) == expected
    assert trial.gross_at_end == equity["gross"].iloc[-1]


def test_trials_on_one_open_catalog_do_not_know_each_other(market: Path) -> None:
    catalog, study = DecodedCatalog(market), Study(loaded=settings(SYMBOLS), catalog=market)
    first, second = (run_trial(prepare(study, catalog)) for _ in range(2))
    assert first.result_sha256 == second.result_sha256
    assert np.array_equal(first.returns, second.returns)


def test_a_desk_that_raises_fails_the_trial_with_its_name_and_round(
    market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def update(*_: object) -> None:
        raise ValueError("planted")

    monkeypatch.setattr(momentum.Model, "update", update)
    with pytest.raises(BacktestError, match=r"failed in round 1: .*planted"):
        run_trial(prepare(Study(loaded=settings(SYMBOLS), catalog=market)))

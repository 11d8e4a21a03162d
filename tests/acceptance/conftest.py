"""Synthetic markets that are written once, and one run of each to compare others with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import Loaded
from tests.acceptance.one_share import SLICED, work
from tests.firm_runs import Market, Played, run, settings, synthetic_market


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """A market, its catalog, what traded it, and the run."""

    market: Market
    catalog: Path
    loaded: Loaded
    run: Run


@pytest.fixture(scope="session")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """Three stocks, an index and two macro series over 200 days; the third stock opens a minute late."""
    folder = tmp_path_factory.mktemp("daily")
    market = synthetic_market(["A", "B", "C"], 200)
    late = market.bars["C"]
    market.bars["C"] = replace(late, ts_open_ns=late.ts_open_ns + MINUTE_NS)
    catalog, loaded = market.write(folder / "catalog"), settings()
    return Studied(market=market, catalog=catalog, loaded=loaded, run=run(loaded, catalog, folder / "run"))


@pytest.fixture(scope="session")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """Two stocks over two days of minute bars, traded in slices."""
    folder = tmp_path_factory.mktemp("minutes")
    market = synthetic_market(["A", "B"], 2, "1-MINUTE")
    catalog, loaded = market.write(folder / "catalog", "1-MINUTE"), settings(["A", "B"], SLICED, macro=False)
    return Studied(market=market, catalog=catalog, loaded=loaded, run=run(loaded, catalog, folder / "run"))


@pytest.fixture(scope="session")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """Two stocks over forty days of hourly bars, the first and last hour of a day shorter, one half day included."""
    folder = tmp_path_factory.mktemp("hours")
    market = synthetic_market(["A", "B"], 40, "1-HOUR", start=date(2012, 6, 1))
    catalog = market.write(folder / "catalog", "1-HOUR")
    loaded = settings(["A", "B"], {"market.bar": "1-HOUR"}, macro=False)
    return Studied(market=market, catalog=catalog, loaded=loaded, run=run(loaded, catalog, folder / "run"))


@pytest.fixture
def worked(tmp_path: Path) -> Callable[..., Played]:
    """Work one share in a folder of the test's own, as `work` says."""
    return partial(work, tmp_path)


@pytest.fixture(scope="session")
def costly(tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """A year with high fees, borrowed cash and many changes of side."""
    folder = tmp_path_factory.mktemp("costly")
    market = synthetic_market(["A", "B", "C"], 260, seed=3)
    loaded = settings(
        changes={
            "cio.target_volatility_per_year": 0.6,
            "execution.no_trade_band": 0.0,
            "costs.commission_bps": 7.5,
            "costs.commission_minimum": 35.0,
            "costs.half_spread_bps": 3.3,
            "execution.twap.above_participation": 0.3,
            "risk.max_position": 1.0,
            "risk.max_drawdown": 0.9,
        }
    )
    catalog = market.write(folder / "catalog")
    return Studied(market=market, catalog=catalog, loaded=loaded, run=run(loaded, catalog, folder / "run"))

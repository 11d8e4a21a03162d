"""What a study may ask for, what is refused before anything runs, and what the host promises while it runs."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import Listing
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import ConfigError, Loaded
from tests.firm_runs import PROVENANCE, run, settings, synthetic_market

ROUNDS = 250


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stocks at one venue, one at another, one of another exchange, and an index."""
    folder = tmp_path_factory.mktemp("hosts") / "catalog"
    market = synthetic_market(["A", "B"], ROUNDS)
    market.write(folder)
    with Catalog(folder).update() as update:
        for name, calendar in (("Z.EU", "XNYS"), ("L.US", "XLON")):
            listing = Listing(instrument_class="Equity", tradable=True, calendar=calendar)
            update.add_bars(name, "1-DAY", market.bars["B"], listing, PROVENANCE)
    return folder


@pytest.fixture
def go(catalog: Path, tmp_path: Path) -> Callable[..., Run]:
    def study(loaded: Loaded, **options: Any) -> Run:
        return run(loaded, catalog, tmp_path / "run", **options)

    return study


def of(*names: str) -> dict[str, Any]:
    return {"market.universe": [{"id": name, "max_order_value": 5e6, "max_order_volume": 100_000} for name in names]}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (of("A.US", "NOPE.US"), CatalogError, "unknown series NOPE.US-1-DAY-LAST-EXTERNAL"),
        (of("A.US", "SPX.INDEX"), ConfigError, "market.universe names SPX.INDEX.* not tradable"),
        (of("A.US", "L.US"), ConfigError, "market.calendar is XNYS, but L.US.* trades on XLON"),
        (of("A.US", "Z.EU"), ConfigError, "spans venues EU, US; one account covers one venue"),
        ({"market.bar": "1-HOUR"}, CatalogError, "unknown series A.US-1-HOUR-LAST-EXTERNAL"),
    ],
)
def test_what_the_catalog_does_not_hold_is_refused_in_one_line(
    go: Any, tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        go(settings(["A", "B"], changes))
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_an_input_that_the_catalog_does_not_hold_is_refused(go: Any, tmp_path: Path) -> None:
    loaded = settings(["A"], {"market.inputs": ["unheard_of"]}, macro=False)
    with pytest.raises(CatalogError, match="unknown series unheard_of"):
        go(loaded)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_catalog_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"the catalog is empty.*firm catalog demo"):
        run(settings(["A"]), tmp_path / "nothing", tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("start", "end"),
    [(date(1990, 1, 1), date(1990, 12, 31)), (date(2030, 1, 1), None), (date(2012, 7, 4), date(2012, 7, 4))],
)
def test_a_window_without_data_is_refused_in_one_line(go: Any, tmp_path: Path, start: date, end: date | None) -> None:
    with pytest.raises(CatalogError, match="has no data from") as raised:
        go(settings(["A", "B"]), start=start, end=end)
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_window_covers_its_first_and_its_last_day(go: Any, catalog: Path) -> None:
    result = go(settings(["A", "B"]), start=date(2012, 2, 1), end=date(2012, 2, 29))
    closes = Catalog(catalog).bar_columns("A.US-1-DAY-LAST-EXTERNAL").ts_close_ns
    days = closes.astype("datetime64[ns]").astype("datetime64[D]")
    inside = (days >= np.datetime64("2012-02-01")) & (days <= np.datetime64("2012-02-29"))
    assert result.table("equity")["ts"].astype("int64").tolist() == closes[inside].tolist()
    assert (result.summary["start"], result.summary["end"]) == ("2012-02-01", "2012-02-29")


def test_the_window_of_the_study_goes_before_the_one_of_the_settings(go: Any) -> None:
    loaded = settings(["A", "B"], {"market.start": date(2012, 2, 1), "market.end": date(2012, 2, 29)})
    assert go(loaded, end=date(2012, 2, 10)).summary["end"] == "2012-02-10"


def test_progress_rises_to_the_number_of_rounds(go: Any) -> None:
    told: list[tuple[int, int]] = []
    go(settings(["A", "B"]), on_progress=lambda done, of_all: told.append((done, of_all)))
    assert told == sorted(told)
    assert len(told) > 1
    assert told[-1] == (ROUNDS, ROUNDS)


@pytest.mark.parametrize(
    "changes",
    [
        {"execution.gate.message_window_seconds": 86_399},
        {"execution.gate.max_messages": 10_000_000},
        {"market.universe.max_order_value": 0.01},
        {"market.universe.max_order_value": 1e15},
        {"market.universe.max_order_volume": 1},
        {"venue.starting_balance": 1e9},
        {"venue.starting_balance": 0.01},
        {"venue.leverage": 1.5},
        {"execution.volume_span": 2},
        {"costs.commission_bps": 1000.0, "costs.half_spread_bps": 1000.0},
        {"costs.cash_rate_per_year": -1.0},
        {"risk.max_drawdown": 1e-9},
    ],
    ids=str,
)
def test_settings_at_the_edge_of_what_is_allowed_run_to_the_end(go: Any, changes: dict[str, Any]) -> None:
    assert go(settings(["A", "B"], changes), end=date(2012, 6, 29)).summary["rounds"] > 100


def test_the_engine_s_own_limits_never_deny_an_order(go: Any) -> None:
    changes = {"market.universe.max_order_value": 20_000.0, "execution.gate.max_messages": 2}
    summary = go(settings(["A", "B"], changes)).summary
    assert summary["fills"] > 50
    assert summary["denied_orders"] == 0


def test_the_account_of_a_venue_that_is_only_looked_at_is_no_money(go: Any) -> None:
    result = go(settings(["A", "B"]))
    assert result.summary["starting_equity"] == 10_000_000
    assert float(result.table("equity")["cash"].iloc[0]) == 10_000_000


def test_everything_is_checked_before_anything_is_made(catalog: Path, tmp_path: Path) -> None:
    stage = prepare(Study(loaded=settings(["A", "B"]), catalog=catalog, out=tmp_path / "run"))
    assert len(stage.rounds_ns) == ROUNDS
    assert stage.universe.names == ("A.US", "B.US")
    assert list(tmp_path.iterdir()) == []

"""What is not known yet decides nothing: with another future, or cut sources, the past stays as it was."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.data import demo
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.demo import DemoSources, load_sources, write_demo
from nautilus_ai_firm.research.lookahead.audit import audit_lookahead
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import load
from tests.acceptance.conftest import SLICED
from tests.firm_runs import ROOT, Past, audit, fills, run, settings, synthetic_market

CUTS = 20
DECISIONS, FILLS = 500, 50  # that lie before the earliest cut
SYMBOLS = ("A", "B")


def pasts(whole: Run, cut: Run) -> tuple[Past, Past]:
    """What both runs did up to the last round of the shorter one."""
    until_ns = int(cut.table("equity")["ts"].iloc[-1].value)
    return Past.of(whole, until_ns), Past.of(cut, until_ns)


def assert_same_past(whole: Run, cut: Run) -> None:
    ours, theirs = pasts(whole, cut)
    assert cut.summary["rounds"] < whole.summary["rounds"]
    assert theirs.decided == ours.decided
    assert theirs.traded == ours.traded
    assert cut.summary["decisions"] > DECISIONS
    assert len(theirs.traded) > FILLS


# --- Synthetic series ---------------------------------------------------------------------------------------------


def assert_no_leak(catalog: Path, **given: Any) -> None:
    audited = audit_lookahead(settings(SYMBOLS), catalog, **given)
    assert audited.first_leak is None
    last = audited.compared[-1]
    assert last.decisions > DECISIONS / 2
    assert last.fills > FILLS


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(SYMBOLS, 560).write(tmp_path_factory.mktemp("market"))


def test_a_firm_has_the_same_past_whatever_the_future(catalog: Path) -> None:
    assert_no_leak(catalog, dates=2, seed=1)


@pytest.mark.slow
def test_a_firm_has_the_same_past_wherever_the_future_begins(catalog: Path) -> None:
    assert_no_leak(catalog, dates=CUTS, seed=2)


def test_a_firm_that_trades_in_closing_auctions_has_the_same_past_whatever_the_future(tmp_path: Path) -> None:
    market = synthetic_market(SYMBOLS, 2, "1-MINUTE")
    around_a_close = {symbol: bars.take(slice(270, 450)) for symbol, bars in market.bars.items()}
    catalog = replace(market, bars=around_a_close).write(tmp_path / "catalog", "1-MINUTE")
    changes = SLICED | {
        "execution.algorithm": {"name": "twap", "at_end": "auction"},
        "execution.twap": {"above_participation": 0.001, "duration_minutes": 30, "interval_minutes": 1},
    }
    audited = audit_lookahead(settings(SYMBOLS, changes, macro=False), catalog, dates=2, seed=1)
    assert audited.first_leak is None
    assert audited.compared[-1].fills > FILLS
    traded = run(settings(SYMBOLS, changes, macro=False), catalog, tmp_path / "run")
    committed = {fact["client_order_id"] for fact in audit(traded.folder, "gate") if fact.get("is_auction")}
    assert len(committed & {fill["client_order_id"] for fill in fills(traded)}) > 1


# --- The demonstration catalog, made anew from cut sources --------------------------------------------------------


@pytest.fixture(scope="module")
def sources() -> DemoSources:
    return load_sources()


def up_to(sources: DemoSources, day: pd.Timestamp) -> DemoSources:
    """Every row that could be known on this day; the monthly figures stand at the first of the month they average."""
    frames = {name: frame.loc[:day] for name, frame in sources.frames.items()}
    monthly = sources.frames[demo.CREDIT_SPREAD]
    return DemoSources(frames | {demo.CREDIT_SPREAD: monthly.loc[monthly.index < day.replace(day=1)]})


def demo_run(sources: DemoSources, folder: Path) -> Run:
    catalog = folder / "catalog"
    write_demo(Catalog(catalog), sources)
    return run(load(ROOT / "configs" / "demo.toml"), catalog, folder / "run")


@pytest.fixture(scope="module")
def whole_demo(sources: DemoSources, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return demo_run(sources, tmp_path_factory.mktemp("demo"))


def random_days(whole: Run, number: int, earliest: int, latest: int) -> pd.Timestamp:
    rounds = whole.table("equity")["ts"]
    place = int(np.random.default_rng([2, number]).integers(earliest, latest))
    return rounds.iloc[place].tz_localize(None).normalize()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(CUTS))
def test_the_demonstration_from_cut_sources_has_the_same_past(
    sources: DemoSources, whole_demo: Run, tmp_path: Path, number: int
) -> None:
    day = random_days(whole_demo, number, DECISIONS + 2, DECISIONS + 120)
    assert_same_past(whole_demo, demo_run(up_to(sources, day), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(CUTS, 2 * CUTS))
def test_the_demonstration_cut_anywhere_has_the_same_past(
    sources: DemoSources, whole_demo: Run, tmp_path: Path, number: int
) -> None:
    day = random_days(whole_demo, number, DECISIONS + 2, whole_demo.summary["rounds"] - 1)
    assert_same_past(whole_demo, demo_run(up_to(sources, day), tmp_path))


def test_a_monthly_figure_stamped_in_its_own_month_shows(
    sources: DemoSources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_its_own_month(months: Any, _calendar: str) -> tuple[Any, Any]:
        starts = months.astype("datetime64[M]").astype("datetime64[ns]").astype(np.int64)
        return starts, starts

    monkeypatch.setattr(demo, "monthly", in_its_own_month)
    until, cut = pd.to_datetime(["2006-07-03", "2006-06-20"])
    ours = demo_run(up_to(sources, until), tmp_path / "longer")
    theirs = demo_run(up_to(sources, cut), tmp_path / "shorter")
    longer, shorter = pasts(ours, theirs)
    assert shorter.decided != longer.decided

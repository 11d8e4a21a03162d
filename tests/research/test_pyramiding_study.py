"""The pyramiding study: profits by instrument and day are the account's, years are told apart by closes alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.research.instrument_days import daily_closes, instrument_days
from nautilus_ai_firm.research.pyramiding_study import AT_ONCE, additions, entries, pyramiding_study
from nautilus_ai_firm.research.trend_years import efficiency_by_year, efficiency_ratio, trending
from nautilus_ai_firm.research.year_figures import YearDays, class_figures, sharpe_difference
from nautilus_ai_firm.settings import encode, load
from tests.firm_runs import ROOT, audit, run, settings, synthetic_market

PYRAMID: dict[str, Any] = {
    "execution.pyramid": {"atr_multiples": [0.3, 0.6, 0.9], "confirm": "atr", "stop_atr": 6.0, "cool_down_rounds": 0}
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(["A", "B"], 280).write(tmp_path_factory.mktemp("market") / "catalog")


# --- Profits ----------------------------------------------------------------------------------------------------------


def test_profits_of_all_instruments_and_days_are_the_change_of_equity_but_for_financing(
    catalog: Path, tmp_path: Path
) -> None:
    result = run(settings(["A", "B"], PYRAMID, macro=False), catalog, tmp_path / "run")
    equity, fills = result.table("equity"), result.table("fills")
    bars = {name: Catalog(catalog).bar_columns(f"{name}-1-DAY-LAST-EXTERNAL") for name in ("A.US", "B.US")}
    days = instrument_days(fills, bars)
    assert len(fills) > 20
    earned = float(equity["equity"].iloc[-1]) - 10_000_000.0 - float(equity["financing"].iloc[-1])
    np.testing.assert_allclose(sum(one.profit.sum() for one in days.values()), earned, atol=0.02 * len(fills))
    costs = fills[["fee", "half_spread_cost", "impact_cost"]].to_numpy(np.float64).sum()
    np.testing.assert_allclose(sum(one.costs.sum() for one in days.values()), costs)
    by_day = dict(zip(days["A.US"].day.tolist(), (days["A.US"].profit + days["B.US"].profit).tolist(), strict=True))
    values = equity["equity"].to_numpy(np.float64) - equity["financing"].to_numpy(np.float64)
    at = equity["ts"].to_numpy("datetime64[ns]").astype(np.int64) // DAY_NS
    np.testing.assert_allclose([by_day[int(day)] for day in at[1:]], np.diff(values), atol=1.0)


# --- Years ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("close", "ratio"),
    [
        ([100.0, 101.0, 103.0, 120.0], 1.0),
        ([100.0, 90.0, 50.0], 1.0),
        ([100.0, 110.0, 100.0], 0.0),
        ([1.0, np.e**3, np.e**2], 0.5),
        ([100.0, 100.0], np.nan),
    ],
)
def test_the_efficiency_ratio_is_the_way_over_the_path(close: list[float], ratio: float) -> None:
    np.testing.assert_allclose(efficiency_ratio(np.array(close)), ratio, atol=1e-12)


def test_years_are_calendar_years_and_short_ones_are_left_out() -> None:
    day = np.arange(365 * 3, dtype=np.int64)  # 1970 to 1972, less a day
    close = np.where(day < 365, np.exp(day / 100), np.exp(3.65 + day % 2))
    found = efficiency_by_year(day, close)
    assert list(found) == [1970, 1971, 1972]
    assert found[1970] == pytest.approx(1.0)
    assert found[1971] < 0.01
    assert list(efficiency_by_year(day[:400], close[:400])) == [1970]


def test_half_of_the_years_are_trending() -> None:
    ratios = {("A", year): 0.01 * year for year in range(1, 8)} | {("B", 1): 0.5}
    assert trending(ratios) == {("A", 5), ("A", 6), ("A", 7), ("B", 1)}


def year(number: int, profit: np.ndarray) -> YearDays:
    return YearDays(year=number, profit=profit, traded=np.full(len(profit), 0.1), costs=np.full(len(profit), 1e-5))


def test_figures_pool_the_days_of_all_years() -> None:
    found = class_figures([year(1, np.array([0.02, -0.01, 0.0])), year(2, np.array([0.01, 0.01, -0.03]))])
    pooled = np.array([0.02, -0.01, 0.0, 0.01, 0.01, -0.03])
    assert found.number == 2
    assert found.mean_return == pytest.approx(0.0)
    assert found.sharpe == pytest.approx(0.0, abs=1e-12)
    assert found.volatility == pytest.approx(pooled.std(ddof=1) * 252**0.5)
    assert (found.mean_drawdown, found.worst_drawdown) == pytest.approx((0.02, 0.03))
    assert (found.turnover, found.costs) == pytest.approx((0.3, 3e-5))
    with pytest.raises(ValueError, match="at least 1"):
        class_figures([])


def test_equal_runs_do_not_differ_and_a_better_one_does() -> None:
    generator = np.random.default_rng(2)
    ours = [year(number, generator.normal(0, 0.01, 250)) for number in range(2000, 2020) for _ in range(2)]
    assert sharpe_difference(ours, ours) == (0.0, 0.0, 0.0)
    better = [year(one.year, one.profit + 0.001) for one in ours]
    estimate, low, high = sharpe_difference(better, ours)
    assert low < estimate < high
    assert low > 1.0
    assert sharpe_difference(better, ours) == (estimate, low, high)  # the same draws


# --- The study --------------------------------------------------------------------------------------------------------


def test_the_three_firms_differ_in_their_layers_alone() -> None:
    firms = entries(load(ROOT / "configs" / "studies" / "pyramiding.toml"))
    assert list(firms) == [AT_ONCE, "profit", "atr"]
    assert firms[AT_ONCE].firm.execution.pyramid is None
    for name in ("profit", "atr"):
        pyramid = firms[name].firm.execution.pyramid
        assert pyramid is not None
        assert pyramid.confirm == name
    for part in ("market", "signals", "cio", "risk", "compliance", "venue", "costs"):
        assert len({str(getattr(one.firm, part)) for one in firms.values()}) == 1


def test_the_study_runs_and_prints_a_row_for_each_firm_and_kind_of_year(
    catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, out = tmp_path / "firm.toml", tmp_path / "out"
    config.write_bytes(encode(settings(["A", "B"], PYRAMID, macro=False).firm))
    where = ["--config", str(config), "--catalog", str(catalog), "--out", str(out)]
    assert pyramiding_study("", config="none", catalog_command="none", arguments=where) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:4] == ["years", "entry", "n", "return"]
    rows = [(line.split()[0], "at once" if "at once" in line else line.split()[1]) for line in printed[1:10]]
    assert rows == [(kind, entry) for kind in ("trending", "choppy", "all") for entry in (AT_ONCE, "profit", "atr")]
    assert sorted(path.name for path in out.iterdir()) == ["at_once", "atr", "profit"]


def test_additions_are_counted_by_instrument_and_year(catalog: Path, tmp_path: Path) -> None:
    result = run(settings(["A", "B"], PYRAMID, macro=False), catalog, tmp_path / "run")
    found = additions(result)
    told = [plan for fact in audit(result.folder, "decision") for plan in fact.get("plans", ())]
    assert sum(found.values()) == sum(plan["cause"] == "layer unlocked" for plan in told) > 5
    assert {name for name, _ in found} == {"A.US", "B.US"}
    assert {year for _, year in found} <= {2012, 2013}


def test_a_firm_without_layers_cannot_be_compared(
    catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "firm.toml"
    config.write_bytes(encode(settings(["A", "B"], macro=False).firm))
    where = ["--config", str(config), "--catalog", str(catalog), "--out", str(tmp_path / "out")]
    assert pyramiding_study("", config="none", catalog_command="none", arguments=where) == 2
    assert "has no [execution.pyramid]" in capsys.readouterr().err


def test_a_day_ends_with_its_last_bar() -> None:
    market = synthetic_market(["A"], 5, "1-HOUR")
    day, close = daily_closes(market.bars["A"])
    assert len(day) == 5
    assert close[-1] == market.bars["A"].close[-1]
    assert (np.diff(day) > 0).all()

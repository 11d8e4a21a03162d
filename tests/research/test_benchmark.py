"""Buy-and-hold on numbers worked out by hand, and the laws that it keeps on any prices."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.research.benchmark import bar_prices, buy_and_hold
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import Costs

NAN = float("nan")


def costs(commission_bps: float = 0.0, minimum: float = 0.0, half_spread_bps: float = 0.0) -> Costs:
    return Costs(
        commission_bps=commission_bps,
        commission_minimum=minimum,
        half_spread_bps=half_spread_bps,
        impact_coefficient=1.0,
        cash_rate_per_year=0.01,
        margin_rate_per_year=0.05,
        borrow_rate_per_year=0.01,
    )


def columns(*series: list[float]) -> np.ndarray:
    return np.array(series, dtype=np.float64).T


def test_whole_shares_at_the_open_after_the_first_round() -> None:
    # 500 each: 4 shares at 110 leave 60, 9 at 52 leave 32; marked at closes 120 and 55, then 90 and 60
    opens = columns([100, 110, 119], [50, 52, 54])
    closes = columns([105, 120, 90], [51, 55, 60])
    equity = buy_and_hold(opens, closes, 1_000.0, costs())
    assert equity.tolist() == [1_000.0, 60 + 32 + 4 * 120 + 9 * 55, 60 + 32 + 4 * 90 + 9 * 60]


def test_commission_and_half_spread_are_paid_once() -> None:
    # 1,000 at 100: ten shares would need 1,000 + 1 (10 bps) + 2 (20 bps), so nine: 900 + 0.9 + 1.8
    opens, closes = columns([100, 100, 100]), columns([100, 100, 100])
    equity = buy_and_hold(opens, closes, 1_000.0, costs(commission_bps=10, half_spread_bps=20))
    assert equity == pytest.approx([1_000, 997.3, 997.3], abs=1e-9)


def test_the_minimum_commission_counts_where_it_is_larger() -> None:
    opens, closes = columns([100, 100]), columns([100, 100])
    assert buy_and_hold(opens, closes, 1_000.0, costs(commission_bps=10, minimum=150.0)).tolist() == [1_000.0, 850.0]


def test_an_instrument_is_bought_when_it_comes_and_keeps_its_last_close_when_it_pauses() -> None:
    opens, closes = columns([10, NAN, NAN, 20, NAN, 24]), columns([10, NAN, NAN, 21, NAN, 25])
    assert buy_and_hold(opens, closes, 100.0, costs()).tolist() == [100.0, 100.0, 100.0, 105.0, 105.0, 125.0]


def test_what_never_trades_again_or_is_too_dear_stays_cash() -> None:
    opens, closes = columns([10, NAN, NAN], [900, 900, 900]), columns([10, NAN, NAN], [900, 950, 990])
    assert buy_and_hold(opens, closes, 1_000.0, costs()).tolist() == [1_000.0] * 3


def test_one_round_buys_nothing() -> None:
    assert buy_and_hold(columns([10]), columns([11]), 100.0, costs()).tolist() == [100.0]


@given(
    price=st.floats(1, 500),
    cash=st.floats(1, 1e6),
    bps=st.floats(0, 100),
    minimum=st.floats(0, 50),
    spread=st.floats(0, 100),
)
def test_it_buys_as_much_as_it_can_and_never_more(
    price: float, cash: float, bps: float, minimum: float, spread: float
) -> None:
    def due(shares: int) -> float:
        notional = shares * price
        return notional + notional * spread / 1e4 + max(minimum, notional * bps / 1e4)

    given_costs = costs(bps, minimum, spread)
    # the close of a share that doubles tells how many were bought
    flat, doubled = (
        buy_and_hold(columns([price, price]), columns([price, close]), cash, given_costs)[1]
        for close in (price, 2 * price)
    )
    shares = round((doubled - flat) / price)
    assert due(shares) <= cash * (1 + 1e-9) or not shares
    assert due(shares + 1) >= cash * (1 - 1e-9)
    assert flat == pytest.approx(cash - (due(shares) - shares * price if shares else 0), rel=1e-9)


def test_prices_come_from_the_bars_of_the_rounds(small_market: Path, small_run: Run) -> None:
    name = "B.US-1-DAY-LAST-EXTERNAL"
    bars = Catalog(small_market).bar_columns(name)
    rounds_ns = np.concatenate([bars.ts_close_ns[3:5], [bars.ts_close_ns[5] + 1], bars.ts_close_ns[9:10]])
    opens, closes = bar_prices(Catalog(small_market), [name], rounds_ns)
    assert opens[:, 0].tolist()[:2] == bars.open[3:5].tolist()
    assert np.isnan(opens[2, 0])
    assert np.isnan(closes[2, 0])
    assert closes[3, 0] == bars.close[9]
    assert len(small_run.table("benchmark")) == small_run.summary["rounds"]


def test_the_benchmark_of_a_run_follows_its_universe(small_market: Path, small_run: Run) -> None:
    table, catalog, expected = small_run.table("benchmark"), Catalog(small_market), 0.0
    for symbol in ("A", "B", "C"):
        bars = catalog.bar_columns(f"{symbol}.US-1-DAY-LAST-EXTERNAL")
        expected += 10e6 / 3 * bars.close[-1] / bars.open[1]
    assert table["equity"].iloc[-1] == pytest.approx(expected, rel=1e-3)  # costs and whole shares
    assert table["equity"].iloc[0] == 10e6
    assert table["ts"].tolist() == small_run.table("equity")["ts"].tolist()

"""Each algorithm on minute bars in the engine sends its schedule, and nothing else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.models.execution.almgren_chriss import holdings
from tests.acceptance.one_share import ALMGREN, HOUR, MONDAY, minutes_of, moving, parents, steps
from tests.firm_runs import flat_minutes


def test_without_a_table_it_is_a_twap(worked: Any) -> None:
    played = worked({10: [10_000]}, None)
    assert parents(played) == [("TWAP", 10_000, 10_000, "filled")]
    assert steps(played) == [2_000] * 5


def test_a_randomised_twap_is_the_same_twice_and_another_with_another_seed(worked: Any) -> None:
    drawn = {"name": "twap", "randomise_times": 0.9, "randomise_sizes": 0.5, "seed": 7}
    changes = {"execution.twap": HOUR}
    first, second = (worked({10: [10_000]}, drawn, changes=changes) for _ in range(2))
    other = worked({10: [10_000]}, drawn | {"seed": 8}, changes=changes)
    assert first.path()[-1] == other.path()[-1] == 10_000
    assert (steps(first), minutes_of(first, 10)) == (steps(second), minutes_of(second, 10))
    assert (steps(first), minutes_of(first, 10)) != (steps(other), minutes_of(other, 10))
    assert len(set(steps(first))) == 6
    assert [minute // 10 for minute in minutes_of(first, 10)] == list(range(6))


def test_a_vwap_before_its_first_whole_session_follows_an_even_curve(worked: Any) -> None:
    played = worked({10: [10_000]}, {"name": "vwap"})
    assert parents(played) == [("VWAP", 10_000, 10_000, "filled")]
    assert steps(played) == [2_000] * 5


def two_days(heavy: int) -> BarColumns:
    """Two equal days in which ten minutes trade ten times as much as others."""
    bars = flat_minutes(MONDAY, 2)
    volume = np.full(780, 100.0)
    for day in (0, 390):
        volume[day + heavy : day + heavy + 10] = 1_000.0
    return replace(bars, volume=volume)


def test_a_vwap_trades_where_the_day_before_did(worked: Any) -> None:
    """An hour from minute 60 on, of which the minutes 90 to 100 are heavy: 10 x 1,000 of 15,000."""
    table = {"name": "vwap", "curve_bin_minutes": 10}
    played = worked({450: [15_000]}, table, two_days(90), {"execution.twap": HOUR})
    assert parents(played) == [("VWAP", 15_000, 15_000, "filled")]
    assert minutes_of(played, 450) == [0, 10, 20, 30, 40, 50]
    assert steps(played) == [1_000, 1_000, 1_000, 10_000, 1_000, 1_000]


def test_the_control_the_same_vwap_without_a_day_to_learn_from_is_even(worked: Any) -> None:
    table = {"name": "vwap", "curve_bin_minutes": 10}
    played = worked({60: [6_000]}, table, two_days(240), {"execution.twap": HOUR})
    assert steps(played) == [1_000] * 6


def test_a_capped_vwap_leaves_what_the_market_does_not_bear(worked: Any) -> None:
    table = {"name": "vwap", "curve_bin_minutes": 10, "max_participation": 0.1}
    played = worked({450: [15_000]}, table, two_days(90), {"execution.twap": HOUR})
    ((name, quantity, filled, state),) = parents(played)
    assert (name, quantity, state) == ("VWAP", 15_000, "expired")
    assert filled == pytest.approx(1_500, rel=0.05)


def test_participation_follows_the_bars_that_are_closed(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    volume = np.full(90, 100.0)
    volume[11] = 1_000.0
    played = worked({10: [10_000]}, {"name": "pov", "participation": 0.1}, replace(bars, volume=volume))
    assert parents(played) == [("POV", 10_000, 130, "expired")]
    assert steps(played) == [10, 100, 10, 10]
    assert minutes_of(played, 10) == [1, 2, 3, 4]


def test_almgren_chriss_trades_what_its_holdings_say(worked: Any) -> None:
    bars = moving(90)
    times = HOUR | {"duration_minutes": 20, "interval_minutes": 2}
    played = worked({60: [60_000]}, ALMGREN, bars, {"execution.twap": times})
    found = np.array(steps(played))
    assert len(found) == 10
    assert (np.diff(found) < 0).all()
    assert found.sum() == 60_000
    close, volume = bars.close[:60], bars.volume[:60]
    decay = 1 - 2 / 21
    weight = decay ** np.arange(60)[::-1]
    daily_volume = 390 * (weight * volume).sum() / weight.sum()
    squares = np.square(np.diff(np.log(close)))
    volatility = close[-1] * np.sqrt(390 * (weight[1:] * squares).sum() / weight[1:].sum())
    spread = close[-1] * 2e-4
    left = holdings(
        60_000, 10, 2 / 390, risk_aversion=1e-4, volatility=volatility,
        temporary_impact=spread / (0.01 * daily_volume), permanent_impact=spread / (0.1 * daily_volume),
    )  # fmt: skip
    assert np.abs(np.cumsum(found) - (60_000 - left[1:])).max() <= 1

"""What the market traded, and the curve of past sessions: from closed bars alone."""

import numpy as np
import pytest

from nautilus_ai_firm.models.execution.conditions import Conditions
from nautilus_ai_firm.models.execution.liquidity import daily_terms
from nautilus_ai_firm.models.execution.session_volume import SessionVolume
from nautilus_ai_firm.models.execution.volume_curve import fit_volume_curve

MINUTE = 60_000_000_000
DAY = 1_440 * MINUTE
OPEN = 570 * MINUTE
BARS = 12
HERE = np.array([True, True])


def sessions(n_days, seed=3):
    return np.random.default_rng(seed).integers(1, 100, (n_days, BARS, 2)).astype(float)


def fed(days, *, bin_minutes=5, n_sessions=20, bar_minutes=5):
    volume = SessionVolume(2, bar_minutes, bin_minutes, n_sessions)
    for day, bars in enumerate(days):
        span = (day * DAY + OPEN, day * DAY + OPEN + len(bars) * bar_minutes * MINUTE)
        for place, bar in enumerate(bars):
            volume.update(span[0] + (place + 1) * bar_minutes * MINUTE, span, bar, HERE)
    return volume


def test_volume_adds_up_and_a_session_begins_at_nothing():
    days = sessions(3)
    volume = fed([*days[:2], days[2][:4]])
    assert volume.total.tolist() == [*(days[:2].sum(axis=(0, 1)) + days[2][:4].sum(axis=0))]
    assert volume.in_session.tolist() == days[2][:4].sum(axis=0).tolist()
    assert volume.known_ns == 2 * DAY + OPEN + 20 * MINUTE
    assert volume.open_ns == 2 * DAY + OPEN


def test_the_curve_is_the_one_of_the_sessions_before_this_one():
    days = sessions(5)
    volume = fed(days)
    for place in range(2):
        found = volume.curve(place)
        assert found is not None
        assert found.cumulative.tolist() == fit_volume_curve(days[:4, :, place], 5).cumulative.tolist()


@pytest.mark.parametrize("cut", [1, 5, 11])
def test_what_comes_later_in_the_day_changes_no_curve(cut):
    days = sessions(4)
    other = days.copy()
    other[3, cut:] = 9_999.0
    for bars in (days, other):
        volume = fed([*bars[:3], bars[3][:cut]])
        curve = volume.curve(0)
        assert curve is not None
        assert curve.cumulative.tolist() == fit_volume_curve(days[:3, :, 0], 5).cumulative.tolist()


def test_only_the_last_sessions_count():
    days = sessions(9)
    curve = fed(days, n_sessions=3).curve(1)
    assert curve is not None
    assert curve.cumulative.tolist() == fit_volume_curve(days[5:8, :, 1], 5).cumulative.tolist()


def test_a_half_day_teaches_nothing():
    days = sessions(4)
    curve = fed([days[0], days[1][:6], days[2], days[3]]).curve(0)
    assert curve is not None
    assert curve.cumulative.tolist() == fit_volume_curve(days[[0, 2], :, 0], 5).cumulative.tolist()


@pytest.mark.parametrize("seen", [slice(1, None), slice(0, -1), slice(4, 8)])
def test_a_session_that_was_not_seen_whole_teaches_nothing(seen):
    days = sessions(4)
    volume = SessionVolume(2, 5, 5, 20)
    for day, bars in enumerate(days):
        span = (day * DAY + OPEN, day * DAY + OPEN + BARS * 5 * MINUTE)
        for place in range(BARS)[seen if day == 1 else slice(None)]:
            volume.update(span[0] + (place + 1) * 5 * MINUTE, span, bars[place], HERE)
    curve = volume.curve(0)
    assert curve is not None
    assert curve.cumulative.tolist() == fit_volume_curve(days[[0, 2], :, 0], 5).cumulative.tolist()
    naive = np.where(np.isin(np.arange(BARS), np.arange(BARS)[seen]), days[1, :, 0], 0.0)
    torn = fit_volume_curve(np.stack([days[0, :, 0], naive, days[2, :, 0]]), 5)
    assert np.abs(torn.cumulative - curve.cumulative).max() > 0.01  # the control


def test_a_first_half_day_is_forgotten_when_a_whole_one_comes():
    days = sessions(3)
    curve = fed([days[0][:6], days[1], days[2]]).curve(0)
    assert curve is not None
    assert len(curve.cumulative) == BARS + 1


def test_bins_longer_than_bars_add_them_up_and_shorter_ones_become_bars():
    days = sessions(2)
    longer = fed(days, bin_minutes=15).curve(0)
    assert longer is not None
    assert (
        longer.cumulative.tolist()
        == fit_volume_curve(days[:1, :, 0].reshape(1, 4, 3).sum(axis=2), 15).cumulative.tolist()
    )
    shorter = fed(days, bin_minutes=1).curve(0)
    assert shorter is not None
    assert shorter.bin_minutes == 5


def test_before_the_first_whole_session_and_without_volume_there_is_no_curve():
    days = sessions(2)
    assert fed(days[:1]).curve(0) is None
    assert fed(np.zeros((2, BARS, 2))).curve(0) is None
    assert fed(days, n_sessions=0).curve(0) is None


def test_the_average_is_of_those_sessions_too():
    days = sessions(4)
    volume = fed(days, n_sessions=2)
    assert volume.average(1) == pytest.approx(days[1:3, :, 1].sum() / 2)
    assert fed(days[:1]).average(1) is None
    assert fed(np.zeros((2, BARS, 2))).average(0) is None


def test_an_even_curve_covers_the_session():
    curve = SessionVolume(1, 1, 5).even_curve(390)
    assert (len(curve.cumulative), curve.traded_by(195)) == (79, 0.5)


def test_what_is_not_fresh_traded_nothing():
    volume = SessionVolume(2, 5, 5, 1)
    volume.update(OPEN + 5 * MINUTE, (OPEN, OPEN + 60 * MINUTE), np.array([7.0, np.nan]), np.array([False, True]))
    assert volume.total.tolist() == [0.0, 0.0]


def test_conditions_are_weighted_averages_of_what_is_fresh():
    conditions = Conditions(3, 2)
    assert np.isnan(conditions.volume).all()
    conditions.update(np.array([100.0, 50.0]), np.array([10.0, 4.0]), HERE)
    assert conditions.volume.tolist() == [10.0, 4.0]
    assert np.isnan(conditions.volatility).all()
    conditions.update(np.array([110.0, 50.0]), np.array([20.0, 0.0]), np.array([True, False]))
    assert conditions.volume.tolist() == pytest.approx([(20 + 0.5 * 10) / 1.5, 4.0])
    assert conditions.volatility[0] == pytest.approx(np.log(1.1))
    assert np.isnan(conditions.volatility[1])


def test_the_terms_of_a_day_are_those_of_the_papers_example():
    """Almgren and Chriss 2001: 5 million shares a day at 50, a spread of an eighth, 0.95 a share and day."""
    assert daily_terms(50.0, 0.019, 5e6, 25.0) == pytest.approx(
        {"volatility": 0.95, "temporary_impact": 2.5e-6, "permanent_impact": 2.5e-7}
    )


def test_an_unknown_volatility_counts_as_none():
    assert daily_terms(50.0, float("nan"), 5e6, 25.0)["volatility"] == 0.0


@pytest.mark.parametrize("changes", [{"price": 0.0}, {"volume": 0.0}, {"volume": float("nan")}, {"spread_bps": -1.0}])
def test_terms_of_nothing_are_refused(changes):
    with pytest.raises(ValueError, match="each has to be above 0"):
        daily_terms(**({"price": 50.0, "volatility": 0.01, "volume": 1e6, "spread_bps": 1.0} | changes))

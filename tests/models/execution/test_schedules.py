"""Schedules: how much of a parent is due, when, and from what volume."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.almgren_chriss import holdings
from nautilus_ai_firm.models.execution.schedules import (
    FrontLoaded,
    Participation,
    Randomised,
    TimeWeighted,
    Traded,
    VolumeWeighted,
    Window,
)
from nautilus_ai_firm.models.execution.slicing import due_quantity
from nautilus_ai_firm.models.execution.volume_curve import VolumeCurve, uniform_curve

MINUTE = 60_000_000_000
OPEN = 1_000 * MINUTE
NOTHING = Traded()
U = VolumeCurve(60, np.array([0.0, 0.4, 0.6, 1.0]))  # three hours: many, few, many


def window(total=1_200, minutes=60, interval=5, lot=1, start=OPEN):
    return Window(total=total, lot=lot, start_ns=start, end_ns=start + minutes * MINUTE, interval_ns=interval * MINUTE)


windows = st.builds(
    lambda lots, lot, minutes, interval: window(lots * lot, minutes, interval, lot),
    st.integers(0, 5_000),
    st.sampled_from([1, 10, 100]),
    st.integers(1, 390),
    st.integers(1, 60),
)
moments = st.lists(st.integers(-10 * MINUTE, 400 * MINUTE), min_size=2, max_size=20).map(sorted)


def front_loaded(at, risk_aversion=1e-6):
    return FrontLoaded(
        window=at, interval=0.02, risk_aversion=risk_aversion, volatility=2.0,
        temporary_impact=1e-6, permanent_impact=1e-7,
    )  # fmt: skip


def volume_weighted(at, curve=U, average=36_000.0, cap=None):
    return VolumeWeighted(window=at, curve=curve, open_ns=OPEN, average_volume=average, max_participation=cap)


@pytest.mark.parametrize(
    "make",
    [
        TimeWeighted,
        lambda at: Randomised(at, "P", 7, 0.5, 0.5),
        front_loaded,
        volume_weighted,
        lambda at: volume_weighted(at, uniform_curve(39, 10)),
    ],
    ids=["twap", "randomised", "almgren_chriss", "vwap", "even vwap"],
)
@given(at=windows, now=moments)
def test_a_schedule_of_time_never_falls_and_is_whole_in_the_last_interval(make, at, now):
    schedule = make(at)
    due = [schedule.due(OPEN + moment, NOTHING) for moment in now]
    assert due == sorted(due)
    assert all(0 <= one <= at.total and one % at.lot == 0 for one in due)
    assert schedule.due(at.start_ns - 1, NOTHING) == 0
    last_ns = at.start_ns + (at.slices - 1) * at.interval_ns
    assert schedule.due(last_ns, NOTHING) == schedule.due(at.end_ns, NOTHING) == at.total


@given(at=windows, now=moments)
def test_a_twap_is_the_plain_schedule(at, now):
    for moment in now:
        expected = due_quantity(at.total, at.lot, at.start_ns, at.end_ns, at.interval_ns, OPEN + moment)
        assert TimeWeighted(at).due(OPEN + moment, NOTHING) == expected


@given(at=windows, now=moments)
def test_without_anything_random_it_is_a_twap_to_a_lot(at, now):
    for moment in now:
        plain, drawn = TimeWeighted(at), Randomised(at, "P", 7, 0.0, 0.0)
        assert abs(drawn.due(OPEN + moment, NOTHING) - plain.due(OPEN + moment, NOTHING)) <= at.lot


def drawn(parent_id="R000001-A.US", seed=7):
    schedule = Randomised(window(12_000), parent_id, seed, 0.5, 0.5)
    return [schedule.due(OPEN + moment * MINUTE // 10, NOTHING) for moment in range(600)]


def test_draws_are_those_of_the_parent_and_the_seed_and_of_nothing_else():
    assert drawn() == drawn()
    assert drawn() != drawn("R000002-A.US")
    assert drawn() != drawn(seed=8)
    assert drawn()[::61] == [0, 1204, 3358, 4110, 5626, 6364, 7009, 8887, 9811, 11196]


def test_random_times_stay_in_the_first_part_of_their_interval_and_sizes_near_the_equal_one():
    schedule = Randomised(window(12_000), "P", 1, 0.5, 0.2)
    begin = [schedule.due(OPEN + place * 5 * MINUTE - 1, NOTHING) for place in range(13)]
    middle = [schedule.due(OPEN + place * 5 * MINUTE + 5 * MINUTE // 2, NOTHING) for place in range(12)]
    assert middle == begin[1:]
    assert all(1_000 * 0.8 / 1.2 <= step <= 1_000 * 1.2 / 0.8 for step in np.diff(begin))
    assert len(set(np.diff(begin).tolist())) > 6


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
@pytest.mark.parametrize("which", ["times", "sizes"])
def test_a_share_out_of_range_is_refused(share, which):
    with pytest.raises(ValueError, match=rf"{which} is .* allowed is \[0, 1\)"):
        Randomised(window(), "P", 1, **({"times": 0.1, "sizes": 0.1} | {which: share}))


def test_almgren_chriss_sends_what_the_holdings_of_the_paper_leave():
    """Almgren and Chriss 2001, numerical example: 1e6 shares in five days."""
    at = Window(total=1_000_000, lot=1, start_ns=0, end_ns=5, interval_ns=1)
    told = {"risk_aversion": 1e-6, "volatility": 0.95, "temporary_impact": 2.5e-6, "permanent_impact": 2.5e-7}
    schedule = FrontLoaded(window=at, interval=1.0, **told)
    left = [1_000_000 - schedule.due(day, NOTHING) for day in range(5)]
    assert left == [541_956, 289_854, 147_897, 62_142, 0]
    assert left == [round(one) for one in holdings(1e6, 5, 1.0, **told)[1:]]


@given(at=windows.filter(lambda at: at.total > 100 * at.lot and at.slices > 3))
def test_the_more_risk_weighs_the_earlier_it_trades(at):
    due = [front_loaded(at, risk).due(at.start_ns, NOTHING) for risk in (0.0, 1e-5, 1e-3)]
    assert due == sorted(due)
    assert due[2] > due[0]


def test_a_vwap_follows_the_curve_where_the_day_goes_as_usual():
    at = window(1_000, minutes=180, interval=60)
    usual = [Traded(), *(Traded(since_start=v, in_session=v, known_ns=OPEN + 60 * k * MINUTE) for k, v in
             ((1, 14_400.0), (2, 21_600.0)))]  # fmt: skip
    due = [volume_weighted(at).due(OPEN + 60 * k * MINUTE, one) for k, one in enumerate(usual)]
    assert due == [400, 600, 1_000]


def test_a_vwap_that_started_heavy_has_less_to_go():
    """Twice the usual first hour: the day is expected to be heavier, but what was traded weighs more."""
    at = window(1_000, minutes=180, interval=60)
    heavy = Traded(since_start=28_800.0, in_session=28_800.0, known_ns=OPEN + 60 * MINUTE)
    today = (0.1 * 36_000 + 28_800) / (0.1 + 0.4)
    expected = (28_800 + 0.2 * today) / (28_800 + 0.6 * today)
    assert volume_weighted(at).due(OPEN + 60 * MINUTE, heavy) == round(1_000 * expected)
    light = replace(heavy, since_start=7_200.0, in_session=7_200.0)
    assert volume_weighted(at).due(OPEN + 60 * MINUTE, light) < 600 < round(1_000 * expected)


def test_what_the_session_before_traded_is_not_todays():
    at = window(1_000, minutes=180, interval=60)
    yesterday = Traded(since_start=0.0, in_session=1e9, known_ns=OPEN - 60 * MINUTE)
    assert volume_weighted(at).due(OPEN, yesterday) == volume_weighted(at).due(OPEN, NOTHING) == 400


def test_a_vwap_that_begins_within_the_session_divides_what_is_left_of_the_curve():
    at = window(1_000, minutes=120, interval=60, start=OPEN + 60 * MINUTE)
    known = Traded(since_start=0.0, in_session=14_400.0, known_ns=at.start_ns)
    assert volume_weighted(at).due(at.start_ns, known) == 333
    assert volume_weighted(at).due(at.start_ns + 60 * MINUTE, replace(known, since_start=7_200.0)) == 1_000


@given(at=windows, now=moments, volume=st.floats(0, 1e6), cap=st.floats(0.01, 1.0))
def test_a_cap_holds_at_any_time_and_volume(at, now, volume, cap):
    schedule = volume_weighted(at, uniform_curve(39, 10), average=39_000.0, cap=cap)
    traded = Traded(since_start=volume, in_session=volume, known_ns=OPEN)
    for moment in now:
        today = (3_900.0 + 0.0) / 0.1  # nothing of today is known before the first bar
        soon = volume + today * 390  # no interval brings more than the whole day
        assert schedule.due(OPEN + moment, traded) <= cap * soon + 1e-6


def test_a_cap_leaves_quantity_even_at_the_end():
    schedule = volume_weighted(window(10_000, minutes=180, interval=60), cap=0.1)
    late = Traded(since_start=21_600.0, in_session=21_600.0, known_ns=OPEN + 120 * MINUTE)
    assert schedule.due(OPEN + 121 * MINUTE, late) == 3_600  # a tenth of the whole day


def test_an_even_curve_and_a_usual_day_make_a_twap():
    at = window(1_170, minutes=390, interval=10)
    curve = uniform_curve(39, 10)
    for k in range(39):
        known = Traded(since_start=1_000.0 * k, in_session=1_000.0 * k, known_ns=OPEN + 10 * k * MINUTE)
        due = volume_weighted(at, curve, 39_000.0).due(OPEN + 10 * k * MINUTE, known)
        assert due == TimeWeighted(at).due(OPEN + 10 * k * MINUTE, NOTHING)


@given(at=windows, volume=st.floats(0, 1e7), rate=st.floats(0.001, 1.0))
def test_participation_is_never_above_its_rate(at, volume, rate):
    due = Participation(window=at, rate=rate).due(at.start_ns, Traded(since_start=volume))
    assert due <= rate * volume + 1e-6
    assert due == at.total or due > rate * volume - at.lot - 1e-6
    assert Participation(window=at, rate=rate).due(at.start_ns - 1, Traded(since_start=volume)) == 0


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.1])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ValueError, match=r"rate is .* allowed is \(0, 1\]"):
        Participation(window=window(), rate=rate)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"average": 0.0}, "average_volume is 0.0"), ({"average": np.inf}, "average_volume"), ({"cap": 0.0}, "max_part")],
)
def test_a_vwap_without_volume_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        volume_weighted(window(), **changes)


@pytest.mark.parametrize("changes", [{"total": -1}, {"lot": 0}, {"total": 105, "lot": 10}, {"interval": 0}])
def test_a_window_without_time_or_whole_lots_is_refused(changes):
    with pytest.raises(ValueError, match=r"total is|no schedule"):
        window(**changes)


def test_a_window_knows_its_intervals():
    at = window(minutes=12)
    assert at.slices == 3
    assert [at.interval(OPEN + m * MINUTE) for m in (-1, 0, 4, 5, 11, 12, 99)] == [-1, 0, 0, 1, 2, 2, 2]
    assert [at.is_last(OPEN + m * MINUTE) for m in (9, 10, 12)] == [False, True, True]
    assert at.interval_end_ns(OPEN + 11 * MINUTE) == at.end_ns
    assert [at.passed(OPEN + m * MINUTE) for m in (-1, 0, 1, 11, 12, 99)] == [0.0, 0.0, 0.2, 0.5, 1.0, 1.0]

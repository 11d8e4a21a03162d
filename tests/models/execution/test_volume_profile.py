from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.models.execution.volume_curve import fit_volume_curve
from nautilus_ai_firm.models.execution.volume_profile import NS_PER_MINUTE, VolumeProfile

DAY_NS = 86_400_000_000_000
OPEN_NS = 52_200_000_000_000
EVEN = 1e9  # a span over which sessions weigh alike


def session(day, volume, length=None, fresh=None, bar_minutes=5):
    """Rounds of one session; volume of shape (n_bars, n), the length of the session in bars."""
    n_bars, n = volume.shape
    opened = day * DAY_NS + OPEN_NS
    closes = opened + (length or n_bars) * bar_minutes * NS_PER_MINUTE
    return [
        MarketSnapshot(
            round=1,
            ts_event=opened + (k + 1) * bar_minutes * NS_PER_MINUTE,
            open=np.ones(n),
            high=np.ones(n),
            low=np.ones(n),
            close=np.ones(n),
            volume=volume[k].copy(),
            fresh=np.ones(n, dtype=bool) if fresh is None else fresh[k],
            inputs=np.empty(0),
            inputs_fresh=np.empty(0, dtype=bool),
            session_open_ns=opened,
            session_close_ns=closes,
        )
        for k in range(n_bars)
    ]


def length_ns(bars, bar_minutes=5):
    return bars * bar_minutes * NS_PER_MINUTE


def profile_of(rounds, n=1, span=EVEN, bin_minutes=5, least_sessions=1):
    profile = VolumeProfile(span, bin_minutes, n, least_sessions)
    for market in rounds:
        profile.update(market)
    return profile


def cumulative(profile, bars, place=0):
    curve = profile.curve(place, length_ns(bars))
    return None if curve is None else curve.cumulative.tolist()


@st.composite
def tapes(draw):
    """Volumes of sessions x bars x instruments, some of a session's bars empty."""
    n_sessions, n_bars, n = draw(st.integers(1, 5)), draw(st.integers(1, 8)), draw(st.integers(1, 3))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    volume = np.floor(generator.gamma(0.5, 500, (n_sessions, n_bars, n)))
    volume[:, 0] += 1.0
    return volume


@given(tapes())
def test_whole_sessions_of_equal_weight_give_the_fitted_curve(volume):
    profile = profile_of((m for day, v in enumerate(volume) for m in session(day, v)), n=volume.shape[2])
    for place in range(volume.shape[2]):
        fitted = fit_volume_curve(volume[:, :, place], 5).cumulative
        assert cumulative(profile, volume.shape[1], place) == pytest.approx(fitted, abs=1e-8)


@given(tapes(), st.integers(0, 2**32))
def test_what_comes_later_does_not_change_the_curve_of_the_past(volume, seed):
    n_bars, n = volume.shape[1:]
    rounds = [market for day, v in enumerate(volume) for market in session(day, v)]
    profile = profile_of(rounds, n=n)
    before = [cumulative(profile, n_bars, place) for place in range(n)]
    unlike = np.random.default_rng(seed).gamma(0.5, 5e6, (n_bars, n))
    for market in session(len(volume), unlike)[: n_bars - 1]:
        profile.update(market)
        assert [cumulative(profile, n_bars, place) for place in range(n)] == before
    assert [cumulative(profile_of(rounds, n=n), n_bars, place) for place in range(n)] == before


def test_the_session_under_way_would_change_it_once_it_is_over():
    """The control."""
    profile = profile_of([*session(0, np.array([[1.0], [3.0]])), *session(1, np.array([[3.0], [1.0]]))])
    assert cumulative(profile, 2) == pytest.approx([0, 0.5, 1])


def test_newer_sessions_weigh_more():
    """A span of 3 halves the weight with each session: (0.25 + 2 x 0.75) / 3."""
    rounds = [*session(0, np.array([[1.0], [3.0]])), *session(1, np.array([[3.0], [1.0]]))]
    assert cumulative(profile_of(rounds, span=3.0), 2) == pytest.approx([0, 1.75 / 3, 1])


def test_a_half_day_has_a_curve_of_its_own():
    whole, half = np.array([[1.0], [1.0], [1.0], [1.0]]), np.array([[1.0], [3.0]])
    profile = profile_of([*session(0, whole), *session(1, half), *session(2, whole)])
    assert cumulative(profile, 4) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert cumulative(profile, 2) == pytest.approx([0, 0.25, 1])
    assert cumulative(profile, 3) is None


def test_a_session_that_was_not_seen_whole_does_not_count():
    volume = np.array([[1.0], [1.0], [2.0]])
    assert cumulative(profile_of(session(0, volume)[1:]), 3) is None
    torn = [*session(0, volume)[:2], *session(1, volume)]
    assert cumulative(profile_of(torn), 3) == pytest.approx([0, 0.25, 0.5, 1])


def test_a_session_whose_last_bar_is_missing_counts_when_the_next_one_begins():
    volume = np.array([[1.0], [1.0], [2.0], [0.0]])
    profile = profile_of(session(0, volume)[:3], bin_minutes=10)
    assert profile.curve(0, length_ns(4)) is None
    profile.update(session(1, volume)[0])
    assert cumulative(profile, 4) == pytest.approx([0, 0.5, 1])


def test_an_instrument_that_did_not_trade_has_no_session():
    volume = np.array([[1.0, 0.0], [3.0, 0.0]])
    profile = profile_of(session(0, volume), n=2)
    assert cumulative(profile, 2, 0) == pytest.approx([0, 0.25, 1])
    assert cumulative(profile, 2, 1) is None


def test_a_stale_instrument_and_an_unknown_volume_traded_nothing():
    volume = np.array([[1.0], [7.0], [np.nan], [1.0]])
    fresh = np.array([[True], [False], [True], [True]])
    assert cumulative(profile_of(session(0, volume, fresh=fresh)), 4) == pytest.approx([0, 0.5, 0.5, 0.5, 1])


def test_sessions_enough_make_a_curve():
    rounds = [market for day in range(3) for market in session(day, np.ones((2, 1)))]
    assert profile_of(rounds[:-1], least_sessions=3).curve(0, length_ns(2)) is None
    assert profile_of(rounds, least_sessions=3).curve(0, length_ns(2)) is not None


def test_what_was_traded_in_the_session_under_way():
    profile = profile_of([*session(0, np.array([[1.0], [2.0]])), *session(1, np.array([[4.0], [5.0], [6.0]]))[:2]])
    assert profile.traded.tolist() == [9.0]


def test_bars_are_added_up_in_bins_and_the_last_bin_may_be_short():
    profile = profile_of(session(0, np.array([[1.0], [2.0], [3.0], [4.0], [10.0]])), bin_minutes=10)
    assert cumulative(profile, 5) == pytest.approx([0, 0.15, 0.5, 1])


def test_a_round_outside_of_sessions_changes_nothing():
    rounds = session(0, np.array([[1.0], [3.0]]))
    outside = session(0, np.array([[100.0]]))[0]
    outside = replace(outside, session_open_ns=0, session_close_ns=0, ts_event=rounds[0].ts_event + 1)
    assert cumulative(profile_of([rounds[0], outside, rounds[1]]), 2) == pytest.approx([0, 0.25, 1])


@pytest.mark.parametrize("settings", [{"span": 0.5}, {"bin_minutes": 0}, {"least_sessions": 0}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="allowed are"):
        profile_of([], **settings)

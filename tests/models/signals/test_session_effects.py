"""Sessions of 13 half hours, a half day now and then; hypothesis makes its own tapes with the same helpers."""

from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.signals.session_effects import Model, Params

ABC = ("A", "B", "C")
PARAMS = Params(range_minutes=60, bin_minutes=60, seasonal_span=15, min_sessions=6, volatility_span=40)
LENGTHS = [13, 13, 7, 13, 13] * 10
BAR = HOUR_NS // 2


def tape(lengths, seed=3, n=3, inner=20):
    """Bars (open, high, low, close) of random walks whose nights move too, shape (4, n_rounds, n)."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(scale=0.001, size=(sum(lengths), inner, n))
    starts = np.cumsum([0, *lengths[:-1]])
    steps[starts, 0] += rng.normal(scale=0.01, size=(len(lengths), n))
    path = np.exp(steps.reshape(-1, n).cumsum(axis=0)).reshape(-1, inner, n) * np.array([100.0, 20.0, 3000.0])[:n]
    opening = np.concatenate([path[:1, 0], path[:-1, -1]])
    opening[starts] = path[starts, 0]
    high, low = np.maximum(path.max(axis=1), opening), np.minimum(path.min(axis=1), opening)
    return np.stack([opening, high, low, path[:, -1]])


@pytest.fixture
def over(session_rounds):
    def run(bars, lengths=LENGTHS, params=PARAMS, alter=lambda snapshot: snapshot, **given):
        model = Model(params, Watched(instruments=ABC[: bars.shape[2]]))
        views = [model.update(alter(snapshot)) for snapshot in session_rounds(bars, lengths, **given)]
        return np.array(views).swapaxes(0, 1)

    return run


def seasons(x, span):
    """Weighted mean and t-value of observations by pandas."""
    weighted = pd.Series(x).ewm(span=span)
    share = (1 - 2 / (span + 1)) ** np.arange(len(x))[::-1]
    share /= share.sum()
    return weighted.mean().iloc[-1], weighted.mean().iloc[-1] / np.sqrt(weighted.var().iloc[-1] * (share**2).sum())


def independent(opening, high, low, close):
    """One instrument, session by session, everything recomputed from the whole past."""
    score, t_value = np.full((2, len(close)), np.nan)
    edges = np.cumsum([0, *LENGTHS])
    returns = np.concatenate([np.log(close[a:b] / np.r_[opening[a], close[a : b - 1]]) for a, b in pairwise(edges)])
    variance = (pd.Series(returns) ** 2).ewm(span=40).mean().to_numpy()
    past = {place: [] for place in range(7)}
    for a, b in pairwise(edges):
        if a < 40:
            continue
        deviation = np.sqrt(variance[a - 1])
        top, bottom = high[a : a + 2].max(), low[a : a + 2].min()  # bars of the first hour
        for j in range(b - a - 2):  # the last bar but one ends the view
            t, per = a + j, deviation * np.sqrt(j + 1)
            said = []
            if j >= 2 and not bottom <= close[t] <= top:
                beyond = np.log(close[t] / (top if close[t] > top else bottom)) / per
                said.append((np.clip(beyond, -1, 1), np.log(close[t] / opening[a]) / per))
            if len(past[(j + 1) // 2]) >= 6:
                mean, t_of_mean = seasons(past[(j + 1) // 2], 15)
                said.append((np.clip(mean / 0.5, -1, 1), t_of_mean))
            if said:
                score[t], t_value[t] = np.mean([s for s, _ in said]), sum(t for _, t in said) / np.sqrt(len(said))
        for place in range(7):
            inside = returns[a + 2 * place : min(a + 2 * place + 2, b)]
            if len(inside):
                past[place].append(inside.sum() / deviation / np.sqrt(len(inside)))
    confidence = 1 - 2 * norm.sf(np.abs(t_value))
    for t in np.flatnonzero(np.isfinite(score[:-1]) & np.isnan(score[1:])) + 1:
        score[t], confidence[t] = 0, confidence[t - 1]
    return score, confidence


def test_equals_an_independent_calculation_with_half_days(over):
    bars = tape(LENGTHS)
    score, confidence = over(bars)
    for i in range(3):
        expected = independent(*bars[:, :, i])
        np.testing.assert_allclose(score[:, i], expected[0], atol=1e-9)
        np.testing.assert_allclose(confidence[:, i], expected[1], atol=1e-9)
    assert (np.isfinite(score).sum(axis=0) > 250).all()
    assert (np.abs(score) <= 1)[np.isfinite(score)].all()


def test_a_typical_view_of_a_random_walk_is_as_large_as_stated(over):
    lengths = [13] * 400
    score, confidence = over(tape(lengths, seed=8, inner=5), lengths, Params())
    seen = score[np.isfinite(score) & (score != 0)]
    assert np.abs(seen).mean() == pytest.approx(0.3, abs=0.1)
    assert np.nanmean(confidence) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("side", [1, -1])
def test_a_breakout_is_followed_and_is_over_before_the_last_bar(over, side):
    bars = tape(LENGTHS, n=1)
    a = sum(LENGTHS[:-1])
    drift = 100 * np.exp(side * np.array([0.0, 0.0005, 0.0002, 0.004, 0.008, 0.012, 0.016, 0.02, 0.024] + [0.03] * 4))
    bars[:, a:, 0] = drift
    params = msgspec.structs.replace(PARAMS, seasonal_weight=0)
    score, confidence = over(bars, params=params)
    day = score[a:, 0] * side
    assert np.isnan(day[:3]).all()  # the opening range, and back inside it
    assert (day[3:11] > 0.1).all()
    assert (confidence[a + 8 : a + 11] > 0.9).all()
    assert day[11] == 0
    assert np.isnan(day[12])


def test_a_time_of_day_that_keeps_rising_is_expected_to_rise_at_the_close_before_it(over):
    bars = tape(LENGTHS, n=1)
    edges = np.cumsum([0, *LENGTHS])
    lift = np.zeros(bars.shape[1])
    for a, b in pairwise(edges):
        lift[a + 4 : b] += 0.004  # the fifth half hour of each session, given back over night
    params = msgspec.structs.replace(PARAMS, bin_minutes=30, breakout_weight=0)
    lifted = bars * np.exp(lift)[:, np.newaxis]
    lifted[0, edges[:-1] + 4] = lifted[3, edges[:-1] + 3]
    score, confidence = over(lifted, params=params)
    at = np.array([a + 3 for a, b in pairwise(edges) if b - a == 13][-10:])
    assert (score[at, 0] > 0.5).all()
    assert (confidence[at, 0] > 0.9).all()
    assert np.median(confidence[at + 3, 0]) < 0.9
    # the control: without the rise there is nothing there
    assert np.abs(over(bars, params=params)[0][at, 0]).mean() < 0.4


def test_daylight_saving_moves_nothing(over):
    bars = tape(LENGTHS)
    standard = [day * DAY_NS + 14 * HOUR_NS for day in range(len(LENGTHS))]
    summer = [opens - (HOUR_NS if day >= 20 else 0) for day, opens in enumerate(standard)]
    calm = over(bars, opens_ns=standard)
    np.testing.assert_array_equal(over(bars, opens_ns=summer), calm)
    assert np.isfinite(calm).sum() > 1000
    # the control: an open that stays where it was on the clock of UTC
    fooled = over(
        bars, opens_ns=summer, alter=lambda one: replace(one, session_open_ns=standard[one.ts_event // DAY_NS])
    )
    assert not np.array_equal(fooled, calm, equal_nan=True)


def at_the_seam(one):
    """What is told at a close at which the next session opens."""
    session = (one.session_close_ns, one.session_close_ns + DAY_NS)
    touches = one.ts_event == one.session_close_ns
    return replace(one, session_open_ns=session[0], session_close_ns=session[1]) if touches else one


def test_sessions_of_23_hours_and_sessions_that_touch_are_sessions_too(over):
    for bars_a_day, alter in ((23, lambda one: one), (24, at_the_seam)):
        lengths = [bars_a_day] * 25
        opens = [day * DAY_NS + 23 * HOUR_NS for day in range(1, 26)]
        score, _ = over(tape(lengths), lengths, opens_ns=opens, bar_ns=HOUR_NS, alter=alter)
        warm = score.reshape(25, bars_a_day, 3)[10:]
        assert np.isfinite(warm[:, :-2]).mean() > 0.95
        assert (np.nan_to_num(warm[:, -2]) == 0).all()
        assert np.isnan(warm[:, -1]).all()


def test_daily_bars_and_rounds_outside_of_sessions_have_no_view(over, session_rounds):
    bars = tape([1] * 200)
    assert np.isnan(over(bars, [1] * 200)).all()
    model = Model(PARAMS, Watched(instruments=ABC))
    for snapshot in session_rounds(tape([13] * 20), [13] * 20, opens_ns=[0] * 20):
        assert np.isnan(model.update(snapshot)).all()


def test_nights_count_for_nothing(over):
    bars = tape(LENGTHS)
    nights = np.repeat(np.random.default_rng(1).normal(scale=0.05, size=len(LENGTHS)).cumsum(), LENGTHS)
    moved = bars * np.exp(nights)[:, np.newaxis]
    np.testing.assert_allclose(over(moved), over(bars), atol=1e-9)


@given(seed=st.integers(0, 1000), exponent=st.integers(-20, 20))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_unit_does_not_matter_and_mirrored_prices_flip_the_score(over, seed, exponent):
    lengths = LENGTHS[:20]
    bars = tape(lengths, seed)
    score, confidence = over(bars, lengths)
    np.testing.assert_array_equal(over(bars * 2.0**exponent, lengths), [score, confidence])
    mirrored = bars[0, 0] ** 2 / bars[[0, 2, 1, 3]]
    flipped, same = over(mirrored, lengths)
    np.testing.assert_allclose(flipped, -score, atol=1e-9)
    np.testing.assert_allclose(same, confidence, atol=1e-9)
    assert np.isfinite(score).sum() > 200


def test_a_stale_instrument_has_no_view_and_the_others_go_on_as_before(over):
    bars, fresh = tape(LENGTHS), np.ones((sum(LENGTHS), 3), dtype=bool)
    fresh[400:404, 0] = False
    fresh[::9, 0] = False
    spoilt = np.where(fresh, bars, 7.0)
    score, confidence = over(spoilt, fresh=fresh)
    assert np.isnan(score[~fresh]).all()
    assert np.isnan(confidence[~fresh]).all()
    np.testing.assert_array_equal(score[:, 1:], over(bars)[0][:, 1:])
    np.testing.assert_array_equal(over(np.where(fresh, bars, np.nan), fresh=fresh), [score, confidence])
    assert np.isfinite(score[:, 0]).sum() > 200
    # the control: called fresh, they are moves
    assert not np.array_equal(over(spoilt)[0], score, equal_nan=True)


def test_an_instrument_is_judged_alike_alone_and_among_others(over):
    bars = tape(LENGTHS)
    np.testing.assert_array_equal(over(bars[:, :, [1]]), over(bars)[:, :, [1]])


def test_without_a_bar_in_the_opening_range_there_is_no_breakout_that_day(over):
    bars, fresh = tape(LENGTHS), np.ones((sum(LENGTHS), 3), dtype=bool)
    a = sum(LENGTHS[:-1])
    bars[:, a + 3 :] *= 1.1
    params = msgspec.structs.replace(PARAMS, seasonal_weight=0)
    assert (over(bars, params=params)[0][a + 3 : a + 11] == 1).all()
    fresh[a : a + 2, 1] = False
    score, _ = over(bars, params=params, fresh=fresh)
    assert np.isnan(score[a:, 1]).all()
    assert (score[a + 3 : a + 11, [0, 2]] == 1).all()


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_bad_price_makes_the_bar_a_missing_one(over, bad, place):
    bars, fresh = tape(LENGTHS), np.ones((sum(LENGTHS), 3), dtype=bool)
    spoilt = bars.copy()
    spoilt[place, 400, 1] = bad
    fresh[400, 1] = False
    score, missing = over(spoilt)[0], over(bars, fresh=fresh)[0]
    np.testing.assert_array_equal(np.delete(score, 400, axis=0), np.delete(missing, 400, axis=0))
    assert np.nan_to_num(score[400, 1]) == 0


def test_a_constant_price_has_no_view(over):
    assert np.isnan(over(np.full((4, sum(LENGTHS), 1), 42.0))).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"range_minutes": 0}, ">= 1"),
        ({"bin_minutes": 4}, ">= 5"),
        ({"seasonal_span": 4}, ">= 5"),
        ({"min_sessions": 4}, ">= 5"),
        ({"volatility_span": 9}, ">= 10"),
        ({"full_distance": 0}, "> 0"),
        ({"full_mean": 11}, "<= 10"),
        ({"breakout_weight": 2}, "<= 1"),
        ({"breakout_weight": 0, "seasonal_weight": 0}, "at least one must be above 0"),
        ({"span": 20}, "unknown field `span`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

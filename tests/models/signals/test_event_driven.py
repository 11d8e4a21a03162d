"""Events on tapes whose every reaction is known; earnings drift on synthetic tapes alone."""

from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.messages import Events, Watched
from nautilus_ai_firm.models.signals.event_driven import Model, Params

ABC = ("A", "B", "C")
KINDS = ("cpi", "earnings", "fomc")
PARAMS = Params(
    kinds=("fomc", "earnings"),
    before_hours=24,
    min_events=4,
    reaction_bars=2,
    full_reaction=4.0,
    half_life=3.0,
    hold_bars=6,
    gap_deviations=2.5,
    volatility_span=30,
    gap_span=12,
)
LENGTHS = [7] * 120
OPEN_NS = 52_200_000_000_000
CPI, EARNINGS, FOMC = range(3)


def tape(lengths, seed=3, n=3):
    """Bars (open, high, low, close) of random walks whose nights move too, shape (4, n_rounds, n)."""
    rng = np.random.default_rng(seed)
    rounds = sum(lengths)
    within, between = rng.normal(scale=0.004, size=(rounds, n)), np.zeros((rounds, n))
    between[np.cumsum([0, *lengths[:-1]])] = rng.normal(scale=0.008, size=(len(lengths), n))
    close = np.exp((within + between).cumsum(axis=0)) * np.array([100.0, 20.0, 3000.0])[:n]
    opening = close / np.exp(within)
    return np.stack([opening, np.maximum(opening, close) * 1.001, np.minimum(opening, close) / 1.001, close])


def schedule(n=3, days=120):
    """Times of the events of each kind and instrument: of all for cpi and fomc, of each its own for earnings."""
    times = [[[] for _ in range(n)] for _ in KINDS]
    for day in range(20, days, 4):
        for i in range(n):
            times[FOMC][i].append(day * DAY_NS + OPEN_NS + 3 * HOUR_NS)  # at the close of a bar
            times[CPI][i].append((day + 1) * DAY_NS + OPEN_NS - HOUR_NS)
            if day % 3 == i:
                times[EARNINGS][i].append((day + 2) * DAY_NS + OPEN_NS + 8 * HOUR_NS)  # after the session
    return times


def events(times, ts, known_ns=10 * DAY_NS):
    """What is known of the events at a close."""
    last, ahead = np.zeros((2, len(times), len(times[0])), dtype=np.int64)
    for k, kind in enumerate(times):
        for i, own in enumerate(kind):
            last[k, i] = max([t for t in own if t <= ts], default=0)
            ahead[k, i] = min([t for t in own if ts < t <= ts + known_ns], default=0)
    return Events(last_ns=last, next_ns=ahead)


@pytest.fixture
def over(session_rounds):
    def run(bars, times, params=PARAMS, lengths=LENGTHS, **given):
        opens = [day * DAY_NS + OPEN_NS for day in range(len(lengths))]
        model = Model(params, Watched(instruments=ABC[: bars.shape[2]], events=KINDS))
        made = session_rounds(bars, lengths, opens_ns=opens, bar_ns=HOUR_NS, **given)
        views = [model.update(replace(one, events=events(times, one.ts_event))) for one in made]
        return np.array(views).swapaxes(0, 1)

    return run


def never(n=3):
    return [[[] for _ in range(n)] for _ in KINDS]


def expected_moves(bars, i, ordinary):
    """Moves, their expected variances and the gaps in deviations of one instrument, from the whole past by pandas."""
    opening, close = bars[0, :, i], bars[3, :, i]
    first, before = np.arange(len(close)) % 7 == 0, np.r_[np.nan, close[:-1]]
    within = np.log(close / np.where(first, opening, before))
    between = np.where(first, np.log(opening / before), np.nan)
    usual = [
        (pd.Series(np.where(ordinary, x, np.nan)) ** 2).ewm(span=span, ignore_na=True, min_periods=span).mean().shift()
        for x, span in ((within, 30), (between, 12))
    ]
    variances = usual[0].to_numpy() + np.where(np.isfinite(between), usual[1].to_numpy(), 0)
    return within + np.nan_to_num(between), variances, between / np.sqrt(usual[1].to_numpy())


def flat_before(own, stamp, past):
    """Confidence of a flat view before the events of a kind; NaN where there is none."""
    if len(past) < 4 or not any(0 <= one - stamp <= 24 * HOUR_NS for one in own):
        return np.nan
    excess = np.sqrt(2 * np.square(past).sum()) - np.sqrt(2 * len(past) - 1)
    return 1 - 2 * norm.sf(max(excess, 0))


def independent(bars, times, i):
    """One instrument bar by bar."""
    rounds = bars.shape[1]
    stamps = np.array([t // 7 * DAY_NS + OPEN_NS + (t % 7 + 1) * HOUR_NS for t in range(rounds)])
    kinds = [times[FOMC][i], times[EARNINGS][i]]
    opened = [{int(np.argmax(stamps > one)) for one in own if one < stamps[-1]} for own in kinds]
    reacting = {t + d for places in opened for t in places for d in (0, 1)}
    moves, variances, gaps = expected_moves(bars, i, np.array([t not in reacting for t in range(rounds)]))
    score, confidence = np.full((2, rounds), np.nan)
    followed, age, past = np.nan, 0, ([], [])
    for t in range(rounds):
        age += 1
        if t in reacting:
            followed = np.nan
        elif abs(gaps[t]) >= 2.5:
            followed, age = gaps[t], 0
        for places, earlier in zip(opened, past, strict=True):
            z = moves[t - 1 : t + 1].sum() / np.sqrt(variances[t - 1 : t + 1].sum()) if t - 1 in places else np.nan
            if np.isfinite(z):
                earlier.append(z)
                followed, age = (z if abs(z) >= 1 else followed), 0
        if np.isfinite(followed) and age < 6:
            score[t] = np.clip(followed / 4, -1, 1) / 2 ** (age / 3)
            confidence[t] = 1 - 2 * norm.sf(abs(followed))
        flat = np.array([flat_before(own, stamps[t], earlier) for own, earlier in zip(kinds, past, strict=True)])
        if np.isfinite(flat).any():
            score[t], confidence[t] = 0, np.nanmax(flat)
    ended = np.flatnonzero((np.nan_to_num(score[:-1]) != 0) & np.isnan(score[1:])) + 1
    score[ended], confidence[ended] = 0, confidence[ended - 1]
    return score, confidence


@pytest.mark.parametrize("seed", [3, 4])
def test_equals_an_independent_calculation(over, seed):
    bars, times = tape(LENGTHS, seed), schedule()
    score, confidence = over(bars, times)
    for i in range(3):
        expected = independent(bars, times, i)
        np.testing.assert_allclose(score[:, i], expected[0], atol=1e-9)
        np.testing.assert_allclose(confidence[:, i], expected[1], atol=1e-9)
    assert (np.isfinite(score).sum(axis=0) > 200).all()
    assert ((score != 0) & np.isfinite(score)).sum() > 100


def shocked(size, at=100 * 7 + 4, bars=None):
    """A tape with a jump within one bar."""
    bars = tape(LENGTHS) if bars is None else bars
    bars = bars.copy()
    bars[1:, at] *= np.exp(size)
    bars[1, at] = np.maximum(bars[0, at], bars[3, at]) * 1.001
    bars[2, at] = np.minimum(bars[0, at], bars[3, at]) / 1.001
    bars[:, at + 1 :] *= np.exp(size)
    return bars


ONE = msgspec.structs.replace(PARAMS, reaction_bars=1, gap="ignore", min_events=2)
AT = 100 * 7 + 4
CLOSE_BEFORE = 100 * DAY_NS + OPEN_NS + 4 * HOUR_NS


def at(*times, kind=FOMC):
    """The same events for all instruments."""
    made = never()
    made[kind] = [list(times)] * 3
    return made


@pytest.mark.parametrize("side", [1, -1])
def test_prices_drift_on_after_a_reaction_and_the_view_decays_and_ends(over, side):
    score, confidence = over(shocked(side * 0.05), at(CLOSE_BEFORE), ONE)
    drift = score[AT : AT + 6] * side
    assert (drift[0] == 1).all()
    np.testing.assert_allclose(drift[1:] / drift[:-1], 0.5 ** (1 / 3))
    assert (score[AT + 6] == 0).all()
    assert np.isnan(score[AT + 7 :]).all()
    assert np.isnan(score[:AT]).all()
    assert (confidence[AT : AT + 7] > 0.999).all()
    # the control: nobody scheduled it, and it is no gap between sessions
    assert np.isnan(over(shocked(side * 0.05), never(), ONE)[0]).all()


def test_a_small_reaction_is_not_followed_and_ends_what_was(over):
    bars = shocked(0.05)
    opening = bars[3, AT + 1].copy()
    bars[:, AT + 2] = np.stack([opening, opening * 1.001, opening / 1.001, opening])
    score, _ = over(bars, at(CLOSE_BEFORE, CLOSE_BEFORE + 2 * HOUR_NS), ONE)
    assert (score[AT : AT + 2] > 0).all()
    assert (score[AT + 2] == 0).all()
    assert np.isnan(score[AT + 3 :]).all()


def test_an_event_at_the_close_of_a_bar_is_one_of_the_next_bar(over):
    for moment, place in ((0, AT), (1, AT), (HOUR_NS - 1, AT), (HOUR_NS, AT + 1), (-1, AT - 1)):
        score, _ = over(shocked(0.05, at=place), at(CLOSE_BEFORE + moment), ONE)
        assert (score[place] == 1).all()
    assert not (over(shocked(0.05, at=AT - 1), at(CLOSE_BEFORE), ONE)[0] == 1).any()


def test_an_event_over_night_is_measured_from_close_to_close(over):
    bars = tape(LENGTHS)
    bars[:, 101 * 7 :] *= np.exp(0.1)
    score, _ = over(bars, at(100 * DAY_NS + OPEN_NS + 9 * HOUR_NS, kind=EARNINGS), ONE)
    assert (score[101 * 7] == 1).all()
    assert np.isnan(score[: 101 * 7]).all()


def test_what_came_to_light_too_late_has_no_reaction(over, session_rounds):
    """An event that the round in which it happened knew nothing of, and one from before the first round."""
    times = at(CLOSE_BEFORE)
    opens = [day * DAY_NS + OPEN_NS for day in range(len(LENGTHS))]
    made = session_rounds(shocked(0.05), LENGTHS, opens_ns=opens, bar_ns=HOUR_NS)
    model = Model(ONE, Watched(instruments=ABC, events=KINDS))
    late = [events(times if t > AT else never(), one.ts_event) for t, one in enumerate(made)]
    views = [model.update(replace(one, events=known)) for one, known in zip(made, late, strict=True)]
    assert np.isnan(views).all()
    assert np.isnan(over(shocked(0.05), at(OPEN_NS - HOUR_NS), ONE)).all()


def test_it_is_flat_before_events_that_move_prices_as_sure_as_they_did(over):
    days = range(30, 118, 8)
    times = at(*[day * DAY_NS + OPEN_NS + 3 * HOUR_NS for day in days])
    wild = tape(LENGTHS)
    for day in days:
        wild = shocked(0.012 * (-1) ** day, day * 7 + 3, wild)
    params = msgspec.structs.replace(ONE, min_events=4, hold_bars=1)
    score, confidence = over(wild, times, params)
    before = np.arange(118 * 7)[[t // 7 in days and t % 7 < 3 for t in range(118 * 7)]][-12:]
    assert (score[before] == 0).all()
    assert (confidence[before] > 0.99).all()
    assert np.isnan(score[:, 0][np.arange(len(score)) < 30 * 7]).all()
    assert np.isnan(score[116 * 7 + 3 - 9 : 116 * 7 + 3 - 8]).all()  # more than a day before the next one
    # the control: events that move nothing are not heard
    calm, unsure = over(tape(LENGTHS), times, params)
    assert (calm[before] == 0).all()
    assert (unsure[before] < 0.9).all()


def test_a_flat_view_takes_the_place_of_a_drift(over):
    days = [30, 34, 38, 42, 100]
    bars = tape(LENGTHS)
    for day in days:
        bars = shocked(0.05, day * 7 + 4, bars)
    times = at(*[day * DAY_NS + OPEN_NS + 4 * HOUR_NS for day in days], 101 * DAY_NS + OPEN_NS + HOUR_NS)
    score, confidence = over(bars, times, msgspec.structs.replace(ONE, before_hours=12))
    assert (score[AT] == 1).all()  # 21 hours before the next one
    assert (score[101 * 7] == 0).all()
    assert (confidence[101 * 7] > 0.999).all()


@pytest.mark.parametrize(("gap", "sign"), [("drift", 1.0), ("fade", -1.0), ("ignore", np.nan)])
def test_a_gap_that_nobody_scheduled(over, gap, sign):
    bars = tape(LENGTHS)
    bars[:, 100 * 7 :] *= np.exp(-0.08)
    params = msgspec.structs.replace(ONE, gap=gap, gap_deviations=5)
    score, confidence = over(bars, never(), params)
    np.testing.assert_array_equal(score[700], -sign * np.ones(3))
    assert np.isnan(score[:700]).all()
    if gap != "ignore":
        assert (confidence[700:706] > 0.999).all()
        np.testing.assert_allclose(score[705], -sign * 0.5 ** (5 / 3) * np.ones(3))
    # with an event in that night it is a reaction, which drifts in either case
    scheduled, _ = over(bars, at(100 * DAY_NS + OPEN_NS - HOUR_NS), params)
    assert (scheduled[700] == -1).all()


def earnings_tape(seed, drift, n=40, sessions=260):
    """Daily bars with a surprise every quarter, which keeps moving prices by `drift` of itself over five days."""
    rng = np.random.default_rng(seed)
    within, between = rng.normal(scale=0.01, size=(2, sessions, n)) * np.array([[[1.0]], [[0.5]]])
    times = [[[] for _ in range(n)]]
    for i in range(n):
        for day in range(80 + i, sessions - 10, 63):
            surprise = rng.normal(scale=0.05)
            between[day, i] += surprise
            within[day + 1 : day + 6, i] += drift * surprise / 5
            times[0][i].append((day - 1) * DAY_NS + OPEN_NS + 9 * HOUR_NS)
    close = 50 * np.exp((within + between).cumsum(axis=0))
    opening = close / np.exp(within)
    bars = np.stack([opening, np.maximum(opening, close), np.minimum(opening, close), close])
    return bars, times, np.diff(np.log(close), axis=0)


@pytest.mark.parametrize(("drift", "found"), [(0.5, True), (0.0, False)])
def test_finds_the_drift_after_earnings_where_there_is_one(session_rounds, drift, found):
    bars, times, returns = earnings_tape(11, drift)
    opens = [day * DAY_NS + OPEN_NS for day in range(260)]
    params = Params(kinds=("earnings",), gap="ignore", hold_bars=5)
    model = Model(params, Watched(instruments=tuple(f"I{i}" for i in range(40)), events=("earnings",)))
    made = session_rounds(bars, [1] * 260, opens_ns=opens, bar_ns=6 * HOUR_NS)
    score = np.array([model.update(replace(one, events=events(times, one.ts_event)))[0] for one in made])[:-1]
    viewed = np.isfinite(score) & (score != 0)
    earned = score[viewed] * returns[viewed]
    assert viewed.sum() > 300
    t = earned.mean() / earned.std() * np.sqrt(len(earned))
    assert (t > 4) if found else (abs(t) < 2.5)


@given(seed=st.integers(0, 1000), exponent=st.integers(-20, 20))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_unit_does_not_matter_and_mirrored_prices_flip_the_score(over, seed, exponent):
    lengths, times = LENGTHS[:60], schedule(days=60)
    bars = tape(lengths, seed)
    score, confidence = over(bars, times, lengths=lengths)
    np.testing.assert_array_equal(over(bars * 2.0**exponent, times, lengths=lengths), [score, confidence])
    flipped, same = over(bars[0, 0] ** 2 / bars[[0, 2, 1, 3]], times, lengths=lengths)
    np.testing.assert_allclose(flipped, -score, atol=1e-9)
    np.testing.assert_allclose(same, confidence, atol=1e-9)
    assert np.isfinite(score).sum() > 100


def test_a_stale_instrument_reacts_in_its_next_bars_and_the_others_go_on_as_before(over):
    bars, fresh = shocked(0.05), np.ones((sum(LENGTHS), 3), dtype=bool)
    fresh[AT : AT + 2, 0] = False
    spoilt = np.where(fresh, bars, 7.0)
    score, _ = over(spoilt, at(CLOSE_BEFORE), ONE, fresh=fresh)
    assert np.isnan(score[: AT + 2, 0]).all()
    assert score[AT + 2, 0] == 1
    np.testing.assert_array_equal(score[:, 1:], over(bars, at(CLOSE_BEFORE), ONE)[0][:, 1:])
    # the control: called fresh, it is another reaction
    assert over(spoilt, at(CLOSE_BEFORE), ONE)[0][AT, 0] == -1


def test_an_instrument_is_judged_alike_alone_and_among_others(over):
    bars, times = tape(LENGTHS), schedule()
    alone = over(bars[:, :, [1]], [[own[1]] for own in times])
    np.testing.assert_array_equal(alone, over(bars, times)[:, :, [1]])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_a_bad_price_makes_the_bar_a_missing_one(over, bad):
    bars, fresh = tape(LENGTHS), np.ones((sum(LENGTHS), 3), dtype=bool)
    spoilt = bars.copy()
    spoilt[3, 400, 1] = bad
    fresh[400, 1] = False
    score, missing = over(spoilt, schedule())[0], over(bars, schedule(), fresh=fresh)[0]
    np.testing.assert_array_equal(np.delete(score, [400, 401], axis=0), np.delete(missing, [400, 401], axis=0))


def test_a_constant_price_has_no_view(over):
    assert np.isnan(over(np.full((4, sum(LENGTHS), 3), 42.0), schedule())).all()


def test_a_kind_that_nobody_watches_is_refused():
    with pytest.raises(ValueError, match=r"kind 'fomc' is not among the events \(cpi\)"):
        Model(PARAMS, Watched(instruments=ABC, events=("cpi",)))
    with pytest.raises(ValueError, match=r"\(there are none\)"):
        Model(PARAMS, Watched(instruments=ABC))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kinds": []}, "length >= 1"),
        ({"kinds": ["cpi", "fomc", "cpi"]}, "kinds name cpi more than once"),
        ({"before_hours": 161}, "<= 160"),
        ({"min_events": 1}, ">= 2"),
        ({"reaction_bars": 0}, ">= 1"),
        ({"min_reaction": -1}, ">= 0"),
        ({"full_reaction": 0}, "> 0"),
        ({"half_life": 0}, "> 0"),
        ({"hold_bars": 0}, ">= 1"),
        ({"gap": "follow"}, "Invalid enum value"),
        ({"gap_deviations": 0.5}, ">= 1"),
        ({"volatility_span": 9}, ">= 10"),
        ({"gap_span": 9}, ">= 10"),
        ({"kind": "cpi"}, "unknown field `kind`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"kinds": ["fomc"]} | given, Params)

"""The speed of losses against what is usual: paths with and without crashes, and what is not one."""

import json
from dataclasses import asdict, replace
from math import sqrt

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.models.risk.crash_velocity import CrashVelocity, Speed, VelocityLimits, VelocityState

LIMITS = VelocityLimits(span=120, warm_up=30, fast=5.0, crash=10.0, floor=1e-5, longest_minutes=180)
PATH_SIZE = 400


def path(seed=5, deviation=0.0005, n=PATH_SIZE):
    """Equity of so many minutes."""
    return 1e6 * np.exp(np.random.default_rng(seed).normal(0, deviation, n).cumsum())


def told(equities, limits=LIMITS, minutes=1.0, state=None, start=0):
    watch = CrashVelocity(limits, state)
    step = round(minutes * MINUTE_NS)
    return watch, [watch.update((start + i + 1) * step, float(equity)) for i, equity in enumerate(equities)]


def after(drop, deviation=0.0005):
    """Speed of a minute that loses so many usual sizes."""
    equities = path(deviation=deviation)
    usual = deviation * sqrt(2 / np.pi)
    return told([*equities, equities[-1] * (1 - drop * usual)])[1][-1]


def test_usual_minutes_are_normal():
    speeds = {velocity.speed for velocity in told(path())[1]}
    assert speeds == {Speed.NORMAL}


@pytest.mark.parametrize(
    ("drop", "speed"), [(2, Speed.NORMAL), (4, Speed.NORMAL), (7, Speed.FAST), (13, Speed.CRASH), (-30, Speed.NORMAL)]
)
def test_a_loss_is_called_by_its_multiple_of_the_usual(drop, speed):
    velocity = after(drop)
    assert velocity.speed is speed
    assert velocity.multiple == pytest.approx(drop, rel=0.2)  # the sample's size is not exactly that of its law


@pytest.mark.parametrize("factor", [0.1, 1.0, 10.0])
def test_what_is_fast_depends_on_what_is_usual(factor):
    """Wild accounts lose faster before it is fast: the verdict is the same in units of their own size."""
    assert after(13, deviation=0.0005 * factor).speed is Speed.CRASH
    assert after(4, deviation=0.0005 * factor).speed is Speed.NORMAL


def test_the_figures_by_hand():
    limits = replace(LIMITS, span=3, warm_up=2, floor=1e-6)  # each size counts half of the one after it
    watch = CrashVelocity(limits)
    for minute, equity in enumerate([1000.0, 990.0, 999.9], 1):
        watch.update(minute * MINUTE_NS, equity)
    usual = (0.01 + 0.5 * 0.01) / 1.5
    velocity = watch.update(7 * MINUTE_NS, 949.905)  # a loss of 5.01 % in four minutes
    loss = (999.9 - 949.905) / 999.9
    assert velocity.loss_per_minute == pytest.approx(loss / 4)
    assert velocity.multiple == pytest.approx(loss / 2 / usual, rel=1e-2)


def test_the_usual_size_equals_that_of_pandas():
    equities = path()
    watch, _ = told(equities)
    sizes = pd.Series(np.abs(np.diff(equities) / equities[:-1]))
    assert sizes.max() < LIMITS.fast * sizes.mean()  # none is cut
    assert watch.state is not None
    assert watch.state.usual == pytest.approx(sizes.ewm(span=LIMITS.span).mean().iloc[-1], rel=1e-9)


@given(st.integers(0, PATH_SIZE - 1), st.integers(0, 50))
def test_the_future_never_changes_a_verdict(cut, seed):
    equities = path(seed)
    assert repr(told(equities[:cut])[1]) == repr(told(equities)[1][:cut])  # as text: NaN equals NaN


def test_a_verdict_that_looked_at_its_own_interval_would_be_milder():
    """The control: a usual size that counts the crash itself hides a part of it."""
    equities = path()
    fallen = [*equities, equities[-1] * 0.98]
    sizes = np.abs(np.diff(fallen) / fallen[:-1])
    honest = told(fallen)[1][-1].multiple
    ahead = sizes[-1] / pd.Series(sizes).ewm(span=LIMITS.span).mean().iloc[-1]
    assert ahead < 0.8 * honest


def test_a_crash_does_not_become_usual_while_it_lasts():
    equities = path()
    falling = equities[-1] * 0.99 ** np.arange(1, 8)
    assert {one.speed for one in told([*equities, *falling])[1][PATH_SIZE:]} == {Speed.CRASH}
    # the control: a size that is not cut makes the later minutes of the crash look usual
    sizes = pd.Series([*equities, *falling]).pct_change().abs()
    plain = (sizes / sizes.ewm(span=LIMITS.span).mean().shift()).iloc[-1]
    assert plain < LIMITS.crash


def test_a_level_of_risk_that_stays_becomes_usual():
    """Ten times the size for good is a crash at first and usual in the end."""
    _, velocities = told([*path(), *path(seed=6, deviation=0.005, n=1000)])
    assert {one.speed for one in velocities[-300:]} <= {Speed.NORMAL, Speed.FAST}
    assert Speed.CRASH in {one.speed for one in velocities[PATH_SIZE : PATH_SIZE + 60]}


@pytest.mark.parametrize("minutes", [1.0, 5.0, 60.0])
def test_intervals_of_any_length_are_judged_alike(minutes):
    equities = path(deviation=0.0005 * sqrt(minutes))
    fallen = [*equities, equities[-1] * (1 - 13 * 0.0005 * sqrt(minutes) * sqrt(2 / np.pi))]
    assert told(fallen, minutes=minutes)[1][-1].speed is Speed.CRASH
    assert {one.speed for one in told(equities, minutes=minutes)[1]} == {Speed.NORMAL}


def test_a_night_counts_for_the_longest_interval():
    equities = path()
    watch, _ = told(equities)
    assert watch.state is not None
    night = watch.state.ts_ns + 17 * 60 * MINUTE_NS
    loss = 0.011
    expected = loss / sqrt(180) / watch.state.usual
    assert watch.update(night, equities[-1] * (1 - loss)).multiple == pytest.approx(expected)


def test_an_account_that_held_nothing_is_not_shocked_by_its_first_losses():
    watch, _ = told(np.full(100, 1e6))
    assert watch.state is not None
    assert watch.state.usual == 0.0
    velocity = watch.update(101 * MINUTE_NS, 1e6 * (1 - 4e-5))
    assert velocity.speed is Speed.NORMAL
    assert velocity.multiple == pytest.approx(4.0)
    # the control: without a floor any loss is a crash
    bare, _ = told(np.full(100, 1e6), replace(LIMITS, floor=1e-12))
    assert bare.update(101 * MINUTE_NS, 1e6 * (1 - 4e-5)).speed is Speed.CRASH


def test_before_the_warm_up_there_is_no_multiple():
    _, velocities = told([1e6] * LIMITS.warm_up + [9e5])
    assert velocities[-1].speed is Speed.NORMAL
    assert np.isnan(velocities[-1].multiple)
    assert velocities[-1].loss_per_minute == pytest.approx(0.1)
    assert told([1e6] * (LIMITS.warm_up + 1) + [9e5])[1][-1].speed is Speed.CRASH


def test_splits_and_dividends_are_no_crash():
    """Equity is cash plus quantity times price: a 7:1 split and a dividend of 2 % change two of them at once."""
    price = path() / 1e4
    quantity, cash = np.full(PATH_SIZE, 5_000.0), np.full(PATH_SIZE, 1e5)
    split, paid = 200, 300
    price[split:] /= 7
    quantity[split:] *= 7
    cash[paid:] += quantity[paid] * price[paid] * 0.02
    price[paid:] *= 0.98
    assert {one.speed for one in told(cash + quantity * price)[1]} == {Speed.NORMAL}
    # the control: the same rule on prices cries at both
    speeds = [one.speed for one in told(price)[1]]
    assert speeds[split] is Speed.CRASH
    assert speeds[paid] is Speed.CRASH


@pytest.mark.parametrize("flow", [-5e5, 5e5])
def test_cash_paid_in_or_out_is_no_loss(flow):
    watch, _ = told(path())
    assert watch.state is not None
    equity, ts = watch.state.equity, watch.state.ts_ns + MINUTE_NS
    blind = CrashVelocity(LIMITS, watch.state)
    velocity = watch.update(ts, equity + flow, flow)
    assert (velocity.speed, velocity.loss_per_minute) == (Speed.NORMAL, 0.0)
    # the control: the same equity taken for a profit or loss
    assert abs(blind.update(ts, equity + flow).multiple) > LIMITS.crash


@given(st.integers(0, PATH_SIZE))
def test_saved_plain_values_survive_a_restart(stop):
    equities = path()
    _, expected = told(equities)
    first, before = told(equities[:stop])
    text = json.dumps(None if first.state is None else asdict(first.state))
    restored = msgspec.json.decode(text, type=VelocityState | None)
    _, rest = told(equities[stop:], state=restored, start=stop)
    assert repr(before + rest) == repr(expected)


def test_ruin_is_a_crash_and_stays_one():
    watch, _ = told([1e6] * 3)
    assert watch.update(4 * MINUTE_NS, 0.0).speed is Speed.CRASH
    assert watch.update(5 * MINUTE_NS, -1.0).speed is Speed.CRASH


@pytest.mark.parametrize(
    ("ts", "equity", "flow", "message"),
    [
        (2, float("nan"), 0.0, "finite"),
        (2, 1.0, float("inf"), "finite"),
        (1, 1.0, 0.0, "not after"),
        (0, 1.0, 0.0, "not after"),
    ],
)
def test_an_update_that_is_none_is_refused(ts, equity, flow, message):
    watch = CrashVelocity(LIMITS)
    watch.update(1, 1.0)
    with pytest.raises(ValueError, match=message):
        watch.update(ts, equity, flow)


def test_a_first_equity_must_be_positive():
    with pytest.raises(ValueError, match="above 0"):
        CrashVelocity(LIMITS).update(1, 0.0)


@pytest.mark.parametrize(
    "fault",
    [
        {"span": 1},
        {"warm_up": 1},
        {"fast": 1.0},
        {"crash": 5.0},
        {"floor": 0.0},
        {"longest_minutes": 0.5},
        {"crash": float("inf")},
    ],
)
def test_limits_that_say_nothing_are_refused(fault):
    with pytest.raises(ValueError, match="allowed: span"):
        replace(LIMITS, **fault)


@pytest.mark.parametrize("fault", [{"equity": 0.0}, {"count": -1}, {"weight": float("nan")}, {"usual": -1.0}])
def test_a_state_that_nothing_can_be_measured_against_is_refused(fault):
    with pytest.raises(ValueError, match="allowed are finite numbers"):
        replace(VelocityState(ts_ns=1, equity=1.0), **fault)

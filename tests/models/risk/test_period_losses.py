"""Losses of the day, of the week and of the last rounds, over sessions that open and close where exchanges do."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import HOUR_NS
from nautilus_ai_firm.models.risk.period_losses import LossLimits, LossState, PeriodLosses

NONE = LossLimits(max_daily=None, max_weekly=None, max_rolling=None, rolling_rounds=3)
TIGHT = LossLimits(max_daily=0.02, max_weekly=0.05, max_rolling=0.03, rolling_rounds=3)


def close(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


FRIDAY, MONDAY, TUESDAY = (close(f"2020-03-{day}T20:00:00") for day in ("06", "09", "10"))
NEXT_MONDAY = close("2020-03-16T20:00:00")
ROUNDS = st.lists(st.tuples(st.floats(1, 1e6), st.integers(0, 3)), min_size=1, max_size=40)


def figures(losses, equity, session, flow=0.0):
    return [pytest.approx(one.loss) for one in losses.update(equity, session, flow)]


def test_each_loss_is_measured_from_its_own_beginning():
    losses = PeriodLosses(NONE)
    assert figures(losses, 100.0, FRIDAY) == [0, 0, 0]
    assert figures(losses, 98.0, FRIDAY) == [0.02, 0.02, 0.02]
    assert figures(losses, 97.0, MONDAY) == [1 / 98, 1 / 98, 0.03]  # Friday's close begins the day and the week
    assert figures(losses, 95.0, TUESDAY) == [2 / 97, 3 / 98, 0.05]
    assert figures(losses, 96.0, TUESDAY) == [1 / 97, 2 / 98, 2 / 98]  # three rounds ago it was 98
    assert figures(losses, 99.0, NEXT_MONDAY) == [0, 0, 0]


def test_a_session_that_opens_on_sunday_evening_is_monday():
    """Futures: Monday's session opens on Sunday at 23:00 UTC and closes on Monday."""
    losses = PeriodLosses(NONE)
    losses.update(100.0, close("2020-03-06T22:00:00"))
    assert figures(losses, 90.0, close("2020-03-09T21:00:00"))[:2] == [0.1, 0.1]
    assert figures(losses, 81.0, close("2020-03-10T21:00:00"))[:2] == [0.1, 0.19]


def test_a_holiday_week_begins_with_its_first_session():
    losses = PeriodLosses(NONE)
    losses.update(100.0, FRIDAY)
    assert figures(losses, 90.0, TUESDAY)[:2] == [0.1, 0.1]  # no session on Monday
    # the control: told of the Friday only, the loss belongs to the week before
    blind = PeriodLosses(NONE)
    blind.update(100.0, FRIDAY - 24 * HOUR_NS)
    blind.update(100.0, FRIDAY)
    blind.update(90.0, FRIDAY)
    assert figures(blind, 90.0, TUESDAY)[:2] == [0, 0]


def test_between_sessions_it_is_still_the_session_before():
    losses = PeriodLosses(NONE)
    losses.update(100.0, FRIDAY)
    assert figures(losses, 95.0, 0)[0] == pytest.approx(0.05)
    assert figures(losses, 90.0, MONDAY)[0] == pytest.approx(5 / 95)


@pytest.mark.parametrize(
    ("equities", "expected"),
    [
        ([100, 98], (True, False, False)),
        ([100, 98.01], (False, False, False)),
        ([100, 97], (True, False, True)),
        ([100, 95], (True, True, True)),
        ([100, 98, 99.9], (True, False, False)),  # reached is reached until the next session
        ([100, 95, 100], (True, True, False)),
    ],
)
def test_a_limit_is_reached_for_the_rest_of_its_period(equities, expected):
    losses = PeriodLosses(TIGHT)
    *_, said = [losses.update(float(equity), TUESDAY) for equity in equities]
    assert tuple(one.reached for one in said) == expected
    assert [(one.rule, one.limit) for one in said] == [
        ("max_daily_loss", 0.02),
        ("max_weekly_loss", 0.05),
        ("max_rolling_loss", 0.03),
    ]


def test_the_next_session_opens_the_day_and_the_next_week_the_week():
    losses = PeriodLosses(TIGHT)
    losses.update(100.0, MONDAY)
    assert [one.reached for one in losses.update(94.0, MONDAY)] == [True, True, True]
    assert [one.reached for one in losses.update(94.0, TUESDAY)] == [False, True, True]
    assert [one.reached for one in losses.update(94.0, NEXT_MONDAY)] == [False, False, True]
    assert [one.reached for one in losses.update(94.0, NEXT_MONDAY)] == [False, False, False]


def test_what_is_not_configured_is_never_reached():
    losses = PeriodLosses(NONE)
    losses.update(100.0, MONDAY)
    said = losses.update(1.0, MONDAY)
    assert [(one.limit, one.reached) for one in said] == [(None, False)] * 3
    assert [one.loss for one in said] == [0.99] * 3


@given(ROUNDS, st.integers(0, 40))
def test_saved_plain_values_survive_a_restart(rounds, stop):
    def told(losses, some):
        return [losses.update(equity, TUESDAY + day * 24 * HOUR_NS) for equity, day in some]

    rounds = sorted(rounds, key=lambda one: one[1])
    whole, first = PeriodLosses(TIGHT), PeriodLosses(TIGHT)
    expected = told(whole, rounds)
    before = told(first, rounds[:stop])
    text = json.dumps(None if first.state is None else asdict(first.state))
    second = PeriodLosses(TIGHT, msgspec.json.decode(text, type=LossState | None))
    assert before + told(second, rounds[stop:]) == expected


def test_forgetting_the_state_at_a_restart_forgets_the_loss():
    """The control of the test above."""
    losses = PeriodLosses(TIGHT)
    losses.update(100.0, MONDAY)
    assert losses.update(90.0, MONDAY)[0].reached
    assert not PeriodLosses(TIGHT).update(90.0, MONDAY)[0].reached


@pytest.mark.parametrize("flow", [-45.0, 45.0, 900.0])
def test_cash_paid_in_or_out_alone_is_no_loss(flow):
    losses = PeriodLosses(NONE)
    losses.update(100.0, MONDAY)
    losses.update(90.0, MONDAY)
    assert figures(losses, 90.0 + flow, MONDAY, flow) == [0.1, 0.1, 0.1]
    # the control: the same equity taken for a profit or loss
    assert PeriodLosses(NONE, losses.state).update(90.0, MONDAY)[0].loss != pytest.approx(0.1)


def test_no_period_begins_with_nothing():
    losses = PeriodLosses(NONE)
    losses.update(100.0, MONDAY)
    assert figures(losses, -10.0, MONDAY) == [1.1, 1.1, 1.1]
    assert figures(losses, -10.0, TUESDAY) == [1.1, 1.1, 1.1]


@pytest.mark.parametrize(
    ("equity", "flow", "message"),
    [
        (float("nan"), 0, "finite"),
        (10, float("inf"), "finite"),
        (10, 10, "does not allow"),
        (-5, -10, "does not allow"),
    ],
)
def test_equity_that_is_none_is_refused(equity, flow, message):
    losses = PeriodLosses(NONE)
    losses.update(100.0, MONDAY)
    with pytest.raises(ValueError, match=message):
        losses.update(equity, MONDAY, flow)


def test_a_first_equity_must_be_positive():
    with pytest.raises(ValueError, match="above 0"):
        PeriodLosses(NONE).update(0.0, MONDAY)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_daily": 0.0},
        {"max_weekly": 1.5},
        {"max_rolling": float("nan")},
        {"rolling_rounds": 0},
    ],
)
def test_limits_that_limit_nothing_are_refused(limits):
    whole = {"max_daily": 0.1, "max_weekly": 0.1, "max_rolling": 0.1, "rolling_rounds": 5} | limits
    with pytest.raises(ValueError, match=next(iter(limits))):
        LossLimits(**whole)

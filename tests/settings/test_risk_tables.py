"""Tables of tiers, losses, velocity and Greeks: what they become for the models, and what is refused."""

from typing import Any

import msgspec
import pytest

from nautilus_ai_firm.models.risk.crash_velocity import VelocityLimits
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction
from nautilus_ai_firm.models.risk.greeks_limits import GreekLimits
from nautilus_ai_firm.models.risk.held_options import QuoteReading
from nautilus_ai_firm.models.risk.period_losses import LossLimits
from nautilus_ai_firm.settings.crash_velocity import Velocity
from nautilus_ai_firm.settings.drawdown_tiers import DrawdownTier, tiers_of
from nautilus_ai_firm.settings.greeks_limits import Greeks
from nautilus_ai_firm.settings.period_losses import Losses

VELOCITY = {"span": 400, "warm_up": 100, "fast": 4, "crash": 8, "floor_bps": 0.5, "longest_minutes": 180}


def decoded(raw: Any, shape: Any) -> Any:
    return msgspec.convert(raw, shape, strict=True)


def test_tiers_become_a_state_machine():
    raw = [
        {"action": "halve", "drawdown": 0.05, "recovery": 0.03},
        {"action": "flatten", "drawdown": 0.10},
    ]
    machine = tiers_of(decoded(raw, tuple[DrawdownTier, ...]), level=1)
    assert machine.tier is not None
    assert machine.tier.action is TierAction.HALVE
    assert [change.tier.action for change in machine.update(0.2)] == [TierAction.FLATTEN]
    with pytest.raises(ValueError, match="larger drawdown"):
        tiers_of(decoded(raw[::-1], tuple[DrawdownTier, ...]))


def test_losses_become_limits():
    raw = {"max_daily": 0.02, "max_weekly": 0.05, "rolling_rounds": 70}
    assert decoded(raw, Losses).limits == LossLimits(
        max_daily=0.02, max_weekly=0.05, max_rolling=None, rolling_rounds=70
    )


def test_velocity_becomes_limits_in_fractions():
    assert decoded(VELOCITY, Velocity).limits == VelocityLimits(
        span=400, warm_up=100, fast=4, crash=8, floor=0.00005, longest_minutes=180
    )


HELD = {"contract": "A120217C00100000.US", "quantity": -10}
GREEKS = {"rate_per_year": 0.002, "held": [HELD]}


def test_greeks_become_limits_and_those_that_are_off_or_absent_limit_nothing():
    table = decoded(GREEKS | {"position": {"max_delta": 0.01, "max_vega": "off"}}, Greeks)
    assert table.position.limits == GreekLimits(max_delta=0.01, max_gamma=None, max_vega=None, max_theta=None)
    assert table.portfolio.limits == GreekLimits(max_delta=None, max_gamma=None, max_vega=None, max_theta=None)
    assert table.missing == (
        "position.max_gamma", "position.max_theta", "portfolio.max_delta", "portfolio.max_gamma", "portfolio.max_vega",
        "portfolio.max_theta",
    )  # fmt: skip
    assert table.reading == QuoteReading(rate_per_year=0.002, max_relative_spread=0.5, max_carried_rounds=3)


@pytest.mark.parametrize(
    ("raw", "shape", "message"),
    [
        ({"action": "panic", "drawdown": 0.1}, DrawdownTier, "Invalid enum value 'panic'"),
        ({"action": "warn", "drawdown": 1.1}, DrawdownTier, "<= 1.0"),
        ({"action": "warn", "drawdown": 0.1, "recovered": 0.1}, DrawdownTier, "unknown field `recovered`"),
        ({"max_daily": 0.0, "rolling_rounds": 5}, Losses, "> 0.0"),
        ({"rolling_rounds": 0}, Losses, ">= 1"),
        ({}, Losses, "missing required field `rolling_rounds`"),
        (VELOCITY | {"crash": 4}, Velocity, "crash 4.0 is not above fast 4.0"),
        (VELOCITY | {"floor_bps": 0}, Velocity, "> 0.0"),
        (GREEKS | {"position": {"max_delta": -1}}, Greeks, ">= 0.0"),
        (GREEKS | {"position": {"max_delta": "none"}}, Greeks, "Invalid enum value 'none'"),
        (GREEKS | {"positions": {}}, Greeks, "unknown field `positions`"),
        (GREEKS | {"held": []}, Greeks, "length >= 1"),
        (GREEKS | {"held": [HELD, HELD | {"quantity": 5}]}, Greeks, "A120217C00100000.US more than once"),
        (GREEKS | {"held": [HELD | {"quantity": 0}]}, Greeks, "quantity of A120217C00100000.US is 0"),
        (GREEKS | {"held": [HELD | {"quantity": 0.5}]}, Greeks, "Expected `int`"),
        (GREEKS | {"held": [HELD | {"contract": "AAPL call"}]}, Greeks, "matching regex"),
        ({"held": [HELD]}, Greeks, "missing required field `rate_per_year`"),
    ],
)
def test_what_is_out_of_range_is_refused(raw, shape, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        decoded(raw, shape)

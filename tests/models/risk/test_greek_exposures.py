"""Exposures in fractions of equity: by hand, and against the value of the options after a small move."""

from dataclasses import replace

import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.estimators.greeks import Greeks, greeks
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS, GreekExposures, exposures_of_one

EQUITY = 1e6
MULTIPLIER = np.array([100.0, 100.0, 1.0])


def of(*numbers):
    return np.array(numbers, dtype=float)


def test_exposures_by_hand():
    one = Greeks(delta=of(0.5), gamma=of(0.02), vega=of(20.0), theta=of(-36.5))
    exposures = exposures_of_one(one, of(50.0), of(100.0), EQUITY)
    assert exposures.delta.tolist() == [pytest.approx(0.5 * 0.50 * 100 / EQUITY)]
    assert exposures.gamma.tolist() == [pytest.approx(0.02 * 0.50 * 0.50 * 100 / EQUITY)]
    assert exposures.vega.tolist() == [pytest.approx(0.20 * 100 / EQUITY)]
    assert exposures.theta.tolist() == [pytest.approx(-0.1 * 100 / EQUITY)]


@pytest.mark.parametrize(
    ("change", "gain"),
    [
        ({"spot": 1.01}, lambda e: e.delta + e.gamma / 2),
        ({"spot": 0.99}, lambda e: -e.delta + e.gamma / 2),
        ({"volatility": 0.01}, lambda e: e.vega),
        ({"days": 1.0}, lambda e: e.theta),
    ],
)
def test_a_small_change_gains_what_the_exposures_say(change, gain):
    """Independent: the options valued again at the other spot, volatility or date."""
    options = Options(
        spot=of(100, 100, 100), strike=of(95, 100, 110), years=of(0.5, 0.25, 1.0), rate=0.02,
        carry=of(0.01, 0.01, 0.01), is_call=np.array([True, False, True]),
    )  # fmt: skip
    volatility = of(0.2, 0.3, 0.25)
    positions = of(10, -4, 250)
    held = exposures_of_one(greeks(options, volatility), options.spot, MULTIPLIER, EQUITY).of_positions(positions)
    moved = replace(
        options, spot=options.spot * change.get("spot", 1), years=options.years - change.get("days", 0) / 365
    )
    before = american_value(options, volatility).price
    after = american_value(moved, volatility + change.get("volatility", 0)).price
    worth = positions * MULTIPLIER * (after - before) / EQUITY
    np.testing.assert_allclose(gain(held), worth, rtol=0.02)


def test_exposures_add_up_by_underlying():
    exposures = GreekExposures(delta=of(1, 2, 4), gamma=of(1, 0, -1), vega=of(3, 3, 3), theta=of(-1, -1, -1))
    summed = exposures.by_underlying(np.array([2, 0, 2]), 3)
    assert summed.delta.tolist() == [2, 0, 5]
    assert summed.gamma.tolist() == [0, 0, 0]
    assert summed.vega.tolist() == [3, 0, 6]
    assert summed.rows.shape == (len(GREEKS), 3)


def test_no_position_has_no_exposure_even_of_the_unknown():
    unknown = GreekExposures(delta=of(np.nan, np.nan), gamma=of(1, 1), vega=of(1, 1), theta=of(1, 1))
    held = unknown.of_positions(of(0, 2))
    assert held.delta[0] == 0
    assert np.isnan(held.delta[1])
    assert held.gamma.tolist() == [0, 2]


@pytest.mark.parametrize("equity", [0.0, -1.0, np.nan, np.inf])
def test_equity_that_is_none_is_refused(equity):
    with pytest.raises(ValueError, match="equity is"):
        exposures_of_one(Greeks(delta=of(1), gamma=of(1), vega=of(1), theta=of(1)), of(1), of(1), equity)

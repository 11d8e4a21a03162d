"""Losses of a portfolio in scenarios: each number by hand, and the properties that a limit on them leans on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.greek_exposures import GreekExposures
from nautilus_ai_firm.models.risk.stress import Scenario, Shock, Stress

NAMES = ("AAPL.US", "SPY.USA", "XOM.XNYS")
SECTORS = ("technology", None, "energy")
CRASH = Scenario(
    name="crash",
    everything=Shock(move=-0.2),
    instruments={"SPY": Shock(move=-0.1), "AAPL.US": Shock(move=-0.3, half_spread=0.02)},
    sectors={"technology": Shock(move=-0.9), "energy": Shock(move=-0.4), "nobody": Shock(move=-1.0)},
)
SQUEEZE = Scenario(name="squeeze", everything=Shock(move=0.15, half_spread=0.01))
STRESS = Stress([CRASH, SQUEEZE], NAMES, SECTORS)
WEIGHTS = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)


@pytest.mark.parametrize(
    ("instrument_id", "sector", "move"),
    [
        ("AAPL.US", "technology", -0.3),  # its own shock before its sector's
        ("SPY.ARCA", "energy", -0.1),  # by symbol on whatever venue
        ("AAPL.XETR", "technology", -0.9),  # a shock of AAPL.US is not AAPL's elsewhere
        ("XOM.XNYS", "energy", -0.4),
        ("XOM.XNYS", "mines", -0.2),
        ("XOM.XNYS", None, -0.2),
    ],
)
def test_a_shock_is_found_by_id_symbol_sector_and_then_everything_else(instrument_id, sector, move):
    assert CRASH.shock_of(instrument_id, sector).move == move


def test_losses_of_a_portfolio_by_hand():
    weights = np.array([0.5, 1.0, -0.25])
    crash = 0.5 * 0.3 + 0.5 * 0.02 + 1.0 * 0.1 - 0.25 * 0.4
    squeeze = -(0.5 + 1.0 - 0.25) * 0.15 + 1.75 * 0.01
    np.testing.assert_allclose(STRESS.losses(weights), [crash, squeeze], rtol=1e-12)
    result = STRESS.result(weights)
    assert result.scenarios == ("crash", "squeeze")
    assert (result.worst, result.worst_scenario) == (0, "crash")
    assert result.worst_loss == STRESS.worst_loss(weights) == pytest.approx(crash)


def test_a_short_book_loses_in_the_squeeze():
    assert STRESS.result(np.array([0.0, -1.0, 0.0])).worst_scenario == "squeeze"
    assert STRESS.worst_loss(np.array([0.0, -1.0, 0.0])) == pytest.approx(0.16)


def test_where_every_scenario_is_a_gain_there_is_no_loss_to_limit():
    only_down = Stress([CRASH], NAMES, SECTORS)
    short = np.array([0.0, -1.0, 0.0])
    assert only_down.worst_loss(short) == 0.0
    assert only_down.result(short).worst_loss == pytest.approx(-0.1)


@given(WEIGHTS, WEIGHTS, st.floats(0, 1))
def test_losses_are_convex_and_grow_with_the_scale(one, other, k):
    mixed = STRESS.losses(k * one + (1 - k) * other)
    assert (mixed <= k * STRESS.losses(one) + (1 - k) * STRESS.losses(other) + 1e-12).all()
    np.testing.assert_allclose(STRESS.losses(k * one), k * STRESS.losses(one), atol=1e-12)


@given(WEIGHTS, st.permutations(range(3)))
def test_the_order_of_instruments_is_of_no_effect(weights, order):
    shuffled = Stress([CRASH, SQUEEZE], [NAMES[i] for i in order], [SECTORS[i] for i in order])
    np.testing.assert_allclose(shuffled.losses(weights[list(order)]), STRESS.losses(weights), atol=1e-12)


def test_weights_out_of_order_are_seen():
    """The control of the test above."""
    shuffled = Stress([CRASH, SQUEEZE], NAMES[::-1], SECTORS[::-1])
    weights = np.array([0.5, 1.0, -0.25])
    assert shuffled.losses(weights)[0] != pytest.approx(STRESS.losses(weights)[0])


def test_an_unknown_weight_gives_an_unknown_loss():
    assert np.isnan(STRESS.losses(np.array([np.nan, 0, 0]))).all()
    assert np.isnan(STRESS.worst_loss(np.array([np.nan, 0, 0])))


def test_options_add_their_expansion():
    stress = Stress([Scenario(name="s", everything=Shock(move=-0.1, volatility_points=20.0))], ["A.US"], [None])
    options = GreekExposures(
        delta=np.array([0.004]), gamma=np.array([0.0002]), vega=np.array([0.003]), theta=np.array([-0.001])
    )
    gain = 0.004 * -10 + 0.0002 * 100 / 2 + 0.003 * 20
    np.testing.assert_allclose(stress.losses(np.array([0.5]), options), [0.05 - gain], rtol=1e-12)
    assert stress.result(np.array([0.5]), options).worst_loss == pytest.approx(0.05 - gain)


def test_the_result_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        STRESS.result(np.zeros(3)).losses[0] = 1.0


@pytest.mark.parametrize(
    ("scenarios", "sectors", "message"),
    [
        ([], SECTORS, "scenarios are none"),
        ([CRASH, CRASH], SECTORS, "crash, crash"),
        ([CRASH], SECTORS[:2], "3 instruments and 2 sectors"),
    ],
)
def test_what_is_no_stress_is_refused(scenarios, sectors, message):
    with pytest.raises(ValueError, match=message):
        Stress(scenarios, NAMES, sectors)


@pytest.mark.parametrize(
    "numbers",
    [{"move": -1.01}, {"move": np.nan}, {"move": 0, "half_spread": -0.1}, {"move": 0, "volatility_points": np.inf}],
)
def test_a_shock_that_cannot_be_is_refused(numbers):
    with pytest.raises(ValueError, match="allowed: finite, move from -1, half_spread from 0"):
        Shock(**numbers)

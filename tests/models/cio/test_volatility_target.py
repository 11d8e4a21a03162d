import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.cio.volatility_target import weights

NAN = float("nan")


def test_one_instrument_at_full_strength_has_the_target_volatility():
    assert weights(np.array([1.0]), np.array([0.4]), np.eye(1), 0.2, 2.5).tolist() == [0.5]


def test_worked_example_of_three_instruments():
    """By hand: u'Ru = (3 + 2 (0.5 + 0.2 + 0)) / 9 = 0.48889, M = 1.43019."""
    correlation = np.array([[1, 0.5, 0.2], [0.5, 1, 0], [0.2, 0, 1]])
    result = weights(np.array([1.0, -0.5, 0.25]), np.array([0.1, 0.2, 0.4]), correlation, 0.12, 2.5)
    multiplier = 1.430194
    np.testing.assert_allclose(result, [0.4 * multiplier, -0.1 * multiplier, 0.025 * multiplier], rtol=1e-6)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1), st.floats(0.05, 0.5))
def test_full_strength_everywhere_has_the_target_volatility(n, seed, target):
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, n + 2))
    correlation = np.atleast_2d(np.corrcoef(factors))
    volatility = rng.uniform(0.05, 0.8, n)
    w = weights(np.ones(n), volatility, correlation, target, 1e6)
    assert np.sqrt(w @ (correlation * np.outer(volatility, volatility)) @ w) == pytest.approx(target)


def test_the_multiplier_is_capped_also_where_the_portfolio_has_no_risk_at_all():
    hedged = np.array([[1.0, -1.0], [-1.0, 1.0]])
    np.testing.assert_allclose(weights(np.ones(2), np.full(2, 0.2), hedged, 0.2, 2.5), [1.25, 1.25])
    np.testing.assert_allclose(weights(np.ones(2), np.full(2, 0.2), np.eye(2), 0.2, 1.0), [0.5, 0.5])


@pytest.mark.parametrize("missing", [NAN, 0.0, np.inf])
def test_an_instrument_without_volatility_holds_and_leaves_its_share_to_the_others(missing):
    three = weights(np.array([1.0, 0.5, -1.0]), np.array([0.2, missing, 0.1]), np.eye(3), 0.2, 2.5)
    two = weights(np.array([1.0, -1.0]), np.array([0.2, 0.1]), np.eye(2), 0.2, 2.5)
    assert np.isnan(three[1])
    np.testing.assert_array_equal(three[[0, 2]], two)


def test_no_view_holds_and_does_not_change_the_others():
    w = weights(np.array([NAN, 0.5]), np.array([0.2, 0.1]), np.eye(2), 0.2, 2.5)
    assert np.isnan(w[0])
    assert w[1] == weights(np.array([1.0, 0.5]), np.array([0.2, 0.1]), np.eye(2), 0.2, 2.5)[1]


def test_nothing_known_holds_everything():
    assert np.isnan(weights(np.ones(2), np.full(2, NAN), np.eye(2), 0.2, 2.5)).all()


@pytest.mark.parametrize(
    ("target", "most", "message"), [(0.0, 2.0, "target_vol"), (NAN, 2.0, "target_vol"), (0.2, 0.9, "max_div")]
)
def test_parameters_out_of_range_are_refused(target, most, message):
    with pytest.raises(ValueError, match=message):
        weights(np.ones(1), np.ones(1), np.eye(1), target, most)

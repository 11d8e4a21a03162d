import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.constant_maturity import value_at, volatility_at

YEARS, VOLATILITY = np.array([0.05, 0.1, 0.2]), np.array([0.2, 0.3, 0.25])


def test_total_variance_is_linear_between_expiries():
    """Half way from 0.05 x 0.04 to 0.1 x 0.09 lies 0.0055, over 0.075 years."""
    np.testing.assert_allclose(volatility_at(0.075, YEARS, VOLATILITY), np.sqrt(0.0055 / 0.075), rtol=1e-14)
    np.testing.assert_allclose([volatility_at(one, YEARS, VOLATILITY) for one in YEARS], VOLATILITY, rtol=1e-14)


def test_other_readings_are_linear_in_time():
    np.testing.assert_allclose(value_at(0.075, YEARS, VOLATILITY), 0.25, rtol=1e-14)


@pytest.mark.parametrize("reader", [volatility_at, value_at])
def test_beyond_the_expiries_the_nearest_one_stands_for_half_and_twice_its_time(reader):
    assert reader(0.025, YEARS, VOLATILITY) == pytest.approx(0.2)
    assert reader(0.4, YEARS, VOLATILITY) == pytest.approx(0.25)
    assert np.isnan(reader(0.0249, YEARS, VOLATILITY))
    assert np.isnan(reader(0.401, YEARS, VOLATILITY))


@pytest.mark.parametrize("reader", [volatility_at, value_at])
def test_what_is_not_known_is_passed_over(reader):
    gap = np.array([0.2, np.nan, 0.25])
    assert reader(0.1, YEARS, gap) == pytest.approx(reader(0.1, YEARS[[0, 2]], gap[[0, 2]]), rel=1e-15)
    assert np.isnan(reader(0.1, YEARS, np.full(3, np.nan)))
    assert np.isnan(reader(0.1, np.empty(0), np.empty(0)))


@given(tenor=st.floats(0.05, 0.2), first=st.floats(0.05, 1), last=st.floats(0.05, 1))
def test_lies_between_its_neighbours_and_no_forward_variance_is_negative(tenor, first, last):
    years, volatility = np.array([0.05, 0.2]), np.array([first, last])
    found = volatility_at(tenor, years, volatility)
    assert min(first, last) - 1e-12 <= found <= max(first, last) + 1e-12
    if last**2 * 0.2 > first**2 * 0.05:
        assert found**2 * tenor >= first**2 * 0.05 - 1e-12

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.wilder import RelativeStrength, WilderMean, relative_strength_response

WILDER_CLOSES = [
    54.80, 56.80, 57.85, 59.85, 60.57, 61.10, 62.17, 60.60, 62.35, 62.15, 62.35, 61.45, 62.80,
    61.37, 62.50, 62.57, 60.80, 59.37, 60.35, 62.35, 62.17, 62.55, 64.55, 64.37, 65.30, 64.42,
    62.90, 61.60, 62.05, 60.05, 59.70, 60.90, 60.25, 58.27, 58.70, 57.72, 58.10, 58.20,
]  # fmt: skip
WILDER_RSI = [
    74.36, 74.55, 65.75, 59.68, 61.98, 66.44, 65.75, 67.00, 71.43, 70.50, 72.14, 67.95,
    60.78, 55.56, 56.71, 49.49, 48.19, 52.38, 50.00, 43.50, 45.36, 42.53, 44.13, 44.75,
]  # fmt: skip


def strength(price, period=14):
    rsi = RelativeStrength(period, price.shape[1])
    return np.array([rsi.update(row) for row in price])


def test_equals_the_worksheet_of_wilder():
    """Wilder 1978, section 6; he cut each mean to two decimals, which moves his indices by up to half a point."""
    found = strength(np.array(WILDER_CLOSES)[:, np.newaxis])[:, 0]
    assert np.isnan(found[:14]).all()
    np.testing.assert_allclose(found[14:], WILDER_RSI, atol=0.53)


@pytest.mark.parametrize("period", [2, 14, 30])
def test_equals_ta_lib_from_the_first_value_on(closes, period):
    for i in range(3):
        expected = talib.RSI(closes[:, i], period)
        found = strength(closes, period)[:, i]
        np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
        np.testing.assert_allclose(found[period:], expected[period:], atol=1e-9)


def test_reversed_changes_mirror_the_index(closes):
    logs = np.log(closes)
    np.testing.assert_allclose(strength(-logs), 100 - strength(logs), atol=1e-9)


def test_a_price_that_only_rises_has_100_and_one_that_never_moved_has_none():
    price = np.stack([np.arange(1.0, 41.0), np.full(40, 7.0)], axis=1)
    found = strength(price)
    assert (found[14:, 0] == 100).all()
    assert np.isnan(found[:, 1]).all()


def test_a_gap_has_no_value_and_leaves_the_state(closes):
    gapped = np.insert(closes, 300, np.nan, axis=0)
    found = strength(gapped)
    assert np.isnan(found[300]).all()
    np.testing.assert_array_equal(np.delete(found, 300, axis=0), strength(closes))


def test_to_first_order_it_is_the_stated_sum_of_returns():
    steps = np.random.default_rng(6).normal(size=(400, 3000))
    found = strength(steps.cumsum(axis=0))[-1] / 50 - 1
    response = relative_strength_response(14)
    linear = response.weights[0] * (response.poles[0] ** np.arange(400)[::-1, np.newaxis] * steps).sum(axis=0)
    assert np.corrcoef(found, linear)[0, 1] > 0.98
    assert found.std() == pytest.approx(response.deviation, rel=0.05)


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), period=st.integers(1, 20))
def test_the_mean_is_the_recursion_as_printed(values, period):
    mean = WilderMean(period, 1)
    found = [float(mean.update(np.array([value]))[0]) for value in values]
    expected = np.full(len(values), np.nan)
    if len(values) >= period:
        expected[period - 1] = np.mean(values[:period])
        for t in range(period, len(values)):
            expected[t] = (expected[t - 1] * (period - 1) + values[t]) / period
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * max(map(abs, values)) + 1e-12)


def test_a_period_below_one_is_refused():
    with pytest.raises(ValueError, match="period is 0"):
        WilderMean(0, 1)

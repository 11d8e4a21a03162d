import numpy as np
import pytest

from nautilus_ai_firm.models.risk.return_window import ReturnWindow

NAN = float("nan")


def window(closes, fresh=None, volatility=None, length=3):
    closes = np.array(closes)[:, np.newaxis]
    fresh = np.isfinite(closes) if fresh is None else np.array(fresh)[:, np.newaxis]
    volatility = np.full(closes.shape, 0.1) if volatility is None else np.array(volatility)[:, np.newaxis]
    kept = ReturnWindow(length, 1)
    observed = [kept.update(*row)[0] for row in zip(closes, fresh, volatility, strict=True)]
    return observed, kept.returns[:, 0], kept.standardised[:, 0]


def test_returns_are_simple_and_the_oldest_leaves():
    observed, returns, standardised = window([100.0, 110.0, 99.0, 99.0, 198.0])
    np.testing.assert_allclose(observed, [NAN, 0.1, -0.1, 0.0, 1.0])
    np.testing.assert_allclose(returns, [-0.1, 0.0, 1.0], atol=1e-15)
    np.testing.assert_allclose(standardised, [-1.0, 0.0, 10.0], atol=1e-14)


def test_a_round_without_a_bar_has_none_for_the_estimators_and_0_in_the_books():
    observed, returns, _ = window([100.0, 100.0, 121.0], fresh=[True, False, True])
    np.testing.assert_allclose(observed, [NAN, NAN, 0.21])
    np.testing.assert_allclose(returns, [NAN, 0.0, 0.21])


@pytest.mark.parametrize("bad", [0.0, -5.0, NAN, float("inf")])
def test_a_price_that_is_none_counts_as_no_bar(bad):
    observed, returns, _ = window([100.0, bad, 110.0], fresh=[True, True, True])
    np.testing.assert_allclose(observed, [NAN, NAN, 0.1])
    np.testing.assert_allclose(returns, [NAN, 0.0, 0.1])


def test_the_window_is_of_rounds_so_instruments_stay_side_by_side():
    kept = ReturnWindow(3, 2)
    for row in ([10.0, NAN], [11.0, 5.0], [11.0, NAN], [12.1, 6.0]):
        kept.update(np.array(row), np.isfinite(row), np.full(2, 0.1))
    np.testing.assert_allclose(kept.returns, [[0.1, NAN], [0.0, 0.0], [0.1, 0.2]], atol=1e-12)


@pytest.mark.parametrize(
    ("volatility", "price", "expected"),
    [(0.1, 110.0, 1.0), (NAN, 110.0, NAN), (0.0, 110.0, NAN), (0.0, 100.0, 0.0), (NAN, 100.0, NAN)],
)
def test_a_scale_that_is_not_known_gives_no_multiple_of_it(volatility, price, expected):
    *_, standardised = window([100.0, price], volatility=[NAN, volatility])
    np.testing.assert_allclose(standardised[-1], expected)


def test_a_window_of_nothing_is_refused():
    with pytest.raises(ValueError, match="length is 0"):
        ReturnWindow(0, 1)

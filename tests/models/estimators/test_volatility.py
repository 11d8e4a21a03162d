import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility


def incremental(closes, fresh=None, span=36.0, warm_up=20):
    fresh = np.isfinite(closes) if fresh is None else fresh
    estimator = EwmaVolatility(span, closes.shape[1], warm_up)
    return np.array([estimator.update(*bar) for bar in zip(closes, fresh, strict=True)])


def test_equals_pandas_on_squared_log_returns(closes):
    squares = pd.DataFrame(np.log(closes)).diff() ** 2
    expected = np.sqrt(squares.ewm(span=36, min_periods=20).mean())
    np.testing.assert_allclose(incremental(closes), expected, rtol=1e-9)


def test_finds_the_volatility_of_a_random_walk(closes):
    np.testing.assert_allclose(incremental(closes, span=600)[-1], [0.01, 0.02, 0.005], rtol=0.1)


def test_warm_up_counts_returns_of_each_instrument(closes):
    closes[:10, 1] = np.nan
    known = np.isfinite(incremental(closes, warm_up=20))
    assert known.argmax(axis=0).tolist() == [20, 30, 20]


def test_the_price_unit_does_not_matter(closes):
    np.testing.assert_allclose(incremental(closes * 1000), incremental(closes), rtol=1e-9)


def test_a_stale_bar_changes_nothing(closes):
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[300:310, 0] = False
    carried = closes.copy()
    carried[300:310, 0] = closes[299, 0]
    dropped = np.delete(closes[:, :1], range(300, 310), axis=0)
    np.testing.assert_array_equal(incremental(carried, fresh)[310:, 0], incremental(dropped)[300:, 0])
    # the control: carried prices that are called fresh count as returns of zero
    assert (incremental(carried)[310:330, 0] < incremental(carried, fresh)[310:330, 0]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -5.0])
def test_a_close_that_is_no_price_is_no_observation(closes, bad):
    spoilt = closes.copy()
    spoilt[400, 0] = bad
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[400, 0] = False
    np.testing.assert_array_equal(incremental(spoilt, np.ones_like(fresh)), incremental(closes, fresh))


def test_a_constant_price_has_volatility_zero():
    assert incremental(np.full((30, 1), 17.3))[-1].tolist() == [0.0]


def test_returns_of_the_last_bar_are_at_hand():
    estimator = EwmaVolatility(10, 2)
    estimator.update(np.array([100.0, 50.0]), np.array([True, True]))
    assert np.isnan(estimator.returns).all()
    estimator.update(np.array([110.0, 50.0]), np.array([True, False]))
    np.testing.assert_allclose(estimator.returns, [np.log(1.1), np.nan])
    assert estimator.count.tolist() == [1, 0]


def test_a_warm_up_of_nothing_is_refused():
    with pytest.raises(ValueError, match="warm_up is 0"):
        EwmaVolatility(10, 1, 0)

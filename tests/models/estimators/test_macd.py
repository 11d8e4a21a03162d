import numpy as np
import pandas as pd
import pytest
import talib

from nautilus_ai_firm.models.estimators.macd import MacdHistogram, macd_response

FORGOTTEN = 350  # bars after which the start of the slow average weighs less than 1e-11


def histogram(price, spans: tuple[int, int, int] = (12, 26, 9)):
    macd = MacdHistogram(*spans, price.shape[1])
    return np.array([macd.update(row) for row in price])


def test_equals_ta_lib_once_the_start_is_forgotten(closes):
    logs = np.log(closes)
    for i in range(3):
        *_, expected = talib.MACD(logs[:, i], 12, 26, 9)
        np.testing.assert_allclose(histogram(logs)[FORGOTTEN:, i], expected[FORGOTTEN:], atol=1e-9)


@pytest.mark.parametrize("spans", [(12, 26, 9), (3, 10, 16)])
def test_equals_pandas_from_the_first_value_on(closes, spans):
    fast, slow, signal = spans
    frame = pd.DataFrame(np.log(closes))
    line = (frame.ewm(span=fast).mean() - frame.ewm(span=slow).mean()).iloc[slow - 1 :]
    expected = (line - line.ewm(span=signal).mean()).reindex(frame.index).to_numpy()
    found = histogram(np.log(closes), spans)
    first = slow + signal - 2
    assert np.isnan(found[:first]).all()
    np.testing.assert_allclose(found[first:], expected[first:], atol=1e-10)


def test_a_gap_has_no_value_and_leaves_the_state(closes):
    gapped = np.insert(closes, 300, np.nan, axis=0)
    found = histogram(gapped)
    assert np.isnan(found[300]).all()
    np.testing.assert_array_equal(np.delete(found, 300, axis=0), histogram(closes))


def test_a_constant_price_has_a_histogram_of_zero():
    assert (histogram(np.full((100, 1), 4.2))[33:] == 0).all()


@pytest.mark.parametrize("spans", [(12, 26, 9), (3, 10, 16)])
def test_it_is_the_stated_sum_of_returns(spans):
    steps = np.random.default_rng(6).normal(size=(900, 4))
    response = macd_response(*spans)
    weights = (np.array(response.weights) * np.array(response.poles) ** np.arange(900)[:, np.newaxis]).sum(axis=1)
    expected = (weights[::-1, np.newaxis] * steps).sum(axis=0)
    np.testing.assert_allclose(histogram(steps.cumsum(axis=0), spans)[-1], expected, atol=1e-9)

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover, crossover_response
from nautilus_ai_firm.models.estimators.random_walk import weighted_sum
from nautilus_ai_firm.models.signals.momentum import FORECAST_SCALARS


def incremental(closes, fast=(16, 32), fresh=None):
    fresh = np.isfinite(closes) if fresh is None else fresh
    estimator = EwmaCrossover(fast, 36, closes.shape[1])
    return np.array([estimator.update(*bar) for bar in zip(closes, fresh, strict=True)])


def test_equals_pandas(closes):
    log_price = pd.DataFrame(np.log(closes))
    volatility = np.sqrt((log_price.diff() ** 2).ewm(span=36).mean())
    for k, fast in enumerate((16, 32)):
        expected = (log_price.ewm(span=fast).mean() - log_price.ewm(span=4 * fast).mean()) / volatility
        np.testing.assert_allclose(incremental(closes)[127:, k], expected[127:], rtol=1e-8, atol=1e-9)


def test_agrees_to_first_order_with_the_published_rule_on_prices(closes):
    """Carver's own form: price differences instead of logs (pysystemtrade, rules/ewmac.py)."""
    price = pd.DataFrame(closes)
    volatility = price.diff().ewm(span=36).std()
    published = (price.ewm(span=16).mean() - price.ewm(span=64).mean()) / volatility
    ours, theirs = incremental(closes, (16,))[127:, 0].ravel(), published.to_numpy()[127:].ravel()
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99


def test_no_value_before_the_slowest_average_is_warm(closes):
    assert np.isfinite(incremental(closes)).argmax(axis=0).tolist() == [[127] * 3] * 2


def test_a_stale_bar_has_no_value_and_a_constant_price_never_has(closes):
    closes[:, 2] = 10.0
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[400, 0] = False
    values = incremental(closes, fresh=fresh)
    assert np.isnan(values[400]).tolist() == [[True, False, True]] * 2
    assert np.isfinite(values[401, :, 0]).all()
    assert np.isnan(values[:, :, 2]).all()


def test_deviation_on_a_random_walk_is_that_of_simulated_ones():
    steps = np.random.default_rng(11).normal(size=(900, 2000))
    walks = pd.DataFrame(steps.cumsum(axis=0))
    fast, slow = (
        weight * (walks.ewm(span=span).mean() - walks.ewm(span=4 * span).mean()).iloc[-1]
        for span, weight in ((8, 2.0), (32, 0.5))
    )
    assert weighted_sum([crossover_response(8), crossover_response(32)], [2.0, 0.5]).deviation == pytest.approx(
        (fast + slow).std(), rel=0.05
    )


@pytest.mark.parametrize("fast", sorted(FORECAST_SCALARS))
def test_published_scalars_are_those_of_a_random_walk_within_a_third(fast):
    """A mean size of 10 on a walk needs 10 / (√(2/π) deviation); real prices trend, so the published are lower."""
    for_a_walk = 10 / (np.sqrt(2 / np.pi) * crossover_response(fast).deviation)
    assert 0.67 < FORECAST_SCALARS[fast] / for_a_walk < 1.05

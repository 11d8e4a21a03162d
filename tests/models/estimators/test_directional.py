import numpy as np
import pytest
import talib
from scipy.stats import norm

from nautilus_ai_firm.models.estimators.directional import (
    WALK_LOG_DEVIATION,
    WALK_LOG_MEAN,
    DirectionalIndex,
    persistence,
)

FORGOTTEN = 450  # bars after which the start of Wilder's means, one inside the other, weighs less than 1e-11


def walk(length, n, seed=3, steps=20):
    """High, low and close of walks without drift, shape (3, length, n), each bar from steps that begin at the close."""
    path = np.random.default_rng(seed).normal(scale=0.01 / np.sqrt(steps), size=(length * steps, n)).cumsum(axis=0)
    path = path.reshape(length, steps, n)
    close = path[:, -1]
    path = np.concatenate([np.concatenate([path[:1, 0], close[:-1]])[:, np.newaxis], path], axis=1)
    return np.stack([path.max(axis=1), path.min(axis=1), close])


def indices(bars):
    adx = DirectionalIndex(bars.shape[2])
    return np.array([adx.update(bars[:, t]) for t in range(bars.shape[1])])


def test_equals_ta_lib_once_the_start_is_forgotten():
    bars = walk(900, 3)
    found = indices(bars)
    for i in range(3):
        high, low, close = bars[:, :, i]
        expected = talib.ADX(high, low, close, 14)
        np.testing.assert_allclose(found[FORGOTTEN:, i], expected[FORGOTTEN:], atol=1e-9)
    assert np.isnan(found[:27]).all()
    assert np.isfinite(found[27:]).all()


def test_the_stated_distribution_is_that_of_random_walks():
    """Bars of different paths, so that the distribution does not hang on one way to draw a bar."""
    for steps in (20, 60):
        found = indices(walk(400, 200, seed=steps, steps=steps))[100:]
        levels = np.array([0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
        below = [(persistence(found.ravel()) <= level).mean() for level in levels]
        np.testing.assert_allclose(below, levels, atol=0.03)
    assert norm.cdf((np.log(25) - WALK_LOG_MEAN) / WALK_LOG_DEVIATION) == pytest.approx(0.62, abs=0.01)


def test_a_market_that_goes_one_way_has_more_than_walks_and_one_that_swings_less():
    slope = np.arange(200)[:, np.newaxis]
    swing = np.resize([0.0, 1.0, 2.0, 1.0], 200)[:, np.newaxis]
    rising, swinging = (indices(np.stack([x + 1.0, x - 1.0, x])) for x in (slope, swing))
    assert rising[-1, 0] == pytest.approx(100)
    assert persistence(rising[-1])[0] > 0.999
    assert persistence(swinging[-1])[0] < 0.05


def test_mirrored_bars_have_the_same_index():
    high, low, close = walk(300, 3)
    np.testing.assert_allclose(
        indices(np.stack([-low, -high, -close])), indices(np.stack([high, low, close])), atol=1e-9
    )


def test_a_gap_has_no_value_and_leaves_the_state():
    bars = walk(300, 2)
    gapped = np.insert(bars, 200, np.nan, axis=1)
    found = indices(gapped)
    assert np.isnan(found[200]).all()
    np.testing.assert_array_equal(np.delete(found, 200, axis=0), indices(bars))


def test_a_price_that_never_moved_has_no_index_and_no_persistence():
    found = indices(np.full((3, 100, 1), 4.0))
    assert np.isnan(found).all()
    assert np.isnan(persistence(found[-1])).all()


def test_an_index_of_zero_is_the_least_persistent():
    assert persistence(np.array([0.0])).tolist() == [0.0]

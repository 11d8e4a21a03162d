import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.models.estimators.reading import LevelReading, TrendReading, VolatilityReading


@pytest.fixture
def figures(closes):
    return closes[:, 0]


def read(reading, figures):
    return np.array([reading.update(float(figure)) for figure in figures])


def z_scores(x, mean_span, scale_span):
    deviation = x - x.ewm(span=mean_span).mean()
    return deviation / np.sqrt((deviation.iloc[1:] ** 2).ewm(span=scale_span).mean()).shift()


def test_a_level_is_its_z_score(figures):
    expected = z_scores(pd.Series(figures), 12, 36)
    found = read(LevelReading(12, 36), figures)
    np.testing.assert_allclose(found[11:], expected[11:], atol=1e-8)
    assert np.isnan(found[:11]).all()


def test_a_trend_is_standard_normal_on_walks():
    walks = 100 * np.exp(np.random.default_rng(2).normal(scale=0.01, size=(300, 150)).cumsum(axis=0))
    ends = [read(TrendReading(8, 36), walks[:, i])[-1] for i in range(150)]
    assert np.mean(ends) == pytest.approx(0, abs=0.2)
    assert np.std(ends) == pytest.approx(1, abs=0.12)


def test_a_volatility_is_read_from_a_price_or_given(figures):
    returns = pd.Series(np.log(figures)).diff()
    level = (returns**2).ewm(span=20, min_periods=20).mean().dropna().transform(np.log) / 2
    expected = z_scores(level, 60, 60).to_numpy()
    realised = read(VolatilityReading(60, 20), figures)
    np.testing.assert_allclose(realised[79:], expected[59:], atol=1e-8)
    assert np.isnan(realised[:79]).all()
    given = read(VolatilityReading(60), np.exp(level.to_numpy()))
    np.testing.assert_allclose(given[59:], expected[59:], atol=1e-8)


@pytest.mark.parametrize("bad", [0.0, -37.63, np.nan, np.inf])
@pytest.mark.parametrize(
    "make", [lambda: TrendReading(4, 10), lambda: VolatilityReading(20), lambda: VolatilityReading(20, 10)]
)
def test_what_is_no_price_is_no_observation(figures, bad, make):
    spoilt = read(make(), np.insert(figures, 300, bad))
    assert np.isnan(spoilt[300])
    np.testing.assert_array_equal(np.delete(spoilt, 300), read(make(), figures))

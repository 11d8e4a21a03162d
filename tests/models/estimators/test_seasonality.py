import numpy as np
import pandas as pd
import pytest
from statsmodels.api import OLS

from nautilus_ai_firm.models.estimators.seasonality import Seasonality


def fed(x, bins, span=10.0, n_bins=4):
    """Feed sessions of moves, shape (n_sessions, n_moves, n), and close each."""
    season = Seasonality(span, n_bins, x.shape[2])
    for session in x:
        for place, move in zip(bins, session, strict=True):
            season.update(np.full(x.shape[2], place), move)
        season.close()
    return season


@pytest.fixture
def moves():
    return np.random.default_rng(5).normal(0.3, 1.0, size=(40, 5, 3))


def test_equals_pandas_with_its_unbiased_weighted_variance(moves):
    bins = [0, 1, 1, 1, 3]
    season = fed(moves, bins)
    age = np.arange(40)[::-1]
    share = (9 / 11) ** age / ((9 / 11) ** age).sum()
    for place, x in ((0, moves[:, 0]), (1, moves[:, 1:4].sum(axis=1) / np.sqrt(3)), (3, moves[:, 4])):
        mean, t = season.measure(place, 2)
        weighted = pd.DataFrame(x).ewm(span=10)
        expected = weighted.mean().iloc[-1]
        error = np.sqrt(weighted.var(bias=False).iloc[-1] * (share**2).sum())
        np.testing.assert_allclose(mean, expected, rtol=1e-12)
        np.testing.assert_allclose(t, expected / error, rtol=1e-10)
    assert np.isnan(season.measure(2, 2)).all()


def test_without_decay_t_is_that_of_statsmodels(moves):
    mean, t = fed(moves[:, :4], range(4), span=1e12).measure(2, 2)
    for i in range(3):
        fit = OLS(moves[:, 2, i], np.ones(40)).fit()
        assert mean[i] == pytest.approx(fit.params[0], rel=1e-6)
        assert t[i] == pytest.approx(fit.tvalues[0], rel=1e-6)


def test_an_observation_counts_once_it_is_complete():
    season = Seasonality(10.0, 2, 1)
    for x in (1.0, 2.0):
        season.update(np.array([0]), np.array([x]))
        season.close()
    before = season.measure(0, 2)
    season.update(np.array([0]), np.array([9.0]))
    assert season.measure(0, 2) == before
    season.update(np.array([1]), np.array([0.0]))
    assert season.measure(0, 2)[0] > before[0] + 1


def test_is_silent_with_too_few_observations_where_all_are_equal_and_in_no_bin():
    season = fed(np.ones((5, 1, 1)), [0])
    assert np.isnan(season.measure(0, 2)).all()
    season = fed(np.arange(5.0).reshape(5, 1, 1), [0])
    assert np.isfinite(season.measure(0, 5)).all()
    assert np.isnan(season.measure(0, 6)).all()
    assert np.isnan(season.measure(4, 2)).all()
    assert np.isnan(season.measure(-1, 2)).all()


def test_a_move_that_is_missing_or_outside_of_the_bins_counts_for_nothing(moves):
    x = moves[:, :2].copy()
    plain = fed(x, [0, 1])
    holes = Seasonality(10.0, 4, 3)
    for session in x:
        holes.update(np.zeros(3, dtype=int), session[0])
        holes.update(np.full(3, 1), np.full(3, np.nan))
        holes.update(np.full(3, 4), np.full(3, 7.0))
        holes.update(np.ones(3, dtype=int), session[1])
        holes.close()
    np.testing.assert_array_equal(holes.measure(0, 2), plain.measure(0, 2))
    np.testing.assert_array_equal(holes.measure(1, 2), plain.measure(1, 2))


def test_a_span_below_one_is_refused():
    with pytest.raises(ValueError, match="span is 0"):
        Seasonality(0.0, 4, 1)

import numpy as np
import pytest
from scipy.stats import kstest, norm

from nautilus_ai_firm.models.estimators.significance import confidence, correlation_t


def test_is_the_two_sided_coverage_of_the_normal_distribution():
    t = np.linspace(-9, 9, 181)
    np.testing.assert_allclose(confidence(t), 1 - 2 * norm.sf(np.abs(t)), atol=1e-12)


def test_published_points():
    np.testing.assert_allclose(
        confidence(np.array([0.0, 1.0, -1.959963984540054])), [0, 0.6826894921, 0.95], atol=1e-10
    )


def test_nothing_in_nothing_out():
    assert np.isnan(confidence(np.array([np.nan]))).all()
    assert confidence(np.array([np.inf])).tolist() == [1.0]


@pytest.mark.parametrize("n", [5, 60, 1000])
def test_the_t_value_counts_as_many_observations_as_the_weights_are_worth(n):
    w = (1 - 2 / 41) ** np.arange(n)
    effective = w.sum() ** 2 / (w**2).sum()
    expected = 0.3 * np.sqrt((effective - 1) / (1 - 0.09))
    np.testing.assert_allclose(correlation_t(np.array([0.3, -0.3]), np.array([n, n]), 40.0), [expected, -expected])


def test_of_unrelated_series_the_t_value_is_standard_normal():
    x, y = np.random.default_rng(3).normal(size=(2, 300, 4000))
    w = (1 - 2 / 61) ** np.arange(299, -1, -1)[:, np.newaxis]
    rho = (w * x * y).sum(axis=0) / np.sqrt((w * x**2).sum(axis=0) * (w * y**2).sum(axis=0))
    t = correlation_t(rho, np.full(4000, 300), 60.0)
    assert kstest(t, "norm").pvalue > 0.01
    assert kstest(correlation_t(rho, np.full(4000, 300), 120.0), "norm").pvalue < 0.01  # the control: another span


def test_no_correlation_or_too_few_observations_have_no_t_value():
    t = correlation_t(np.array([np.nan, 0.5, 1.0]), np.array([100, 1, 100]), 50.0)
    assert np.isnan(t[:2]).all()
    assert t[2] == np.inf

import numpy as np
from scipy.stats import norm

from nautilus_ai_firm.models.estimators.significance import confidence


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

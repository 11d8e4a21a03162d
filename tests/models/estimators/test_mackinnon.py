import numpy as np
import pytest
from statsmodels.tsa.adfvalues import mackinnonp

from nautilus_ai_firm.models.estimators.mackinnon import mackinnon_p

STATISTICS = np.array(
    [-30.0, -18.87, -18.8, -5.0, -3.34, -2.62, -2.6, -1.61, -1.6, -1.0, 0.0, 0.91, 0.93, 2.7, 2.8, 5.0]
)


@pytest.mark.parametrize("n_series", [1, 2])
def test_p_values_are_the_published_ones(n_series):
    expected = [mackinnonp(statistic, regression="c", N=n_series) for statistic in STATISTICS]
    np.testing.assert_allclose(mackinnon_p(STATISTICS, n_series), expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("statistic", "p"), [(-3.43, 0.01), (-2.86, 0.05), (-2.57, 0.10)])
def test_critical_values_of_a_unit_root_are_those_of_dickey_and_fuller(statistic, p):
    """Fuller (1976), table 8.5.2, with a constant, as the sample grows."""
    assert mackinnon_p(np.array([statistic]), 1)[0] == pytest.approx(p, rel=0.02)


def test_no_statistic_is_no_evidence():
    assert mackinnon_p(np.array([np.nan]), 1).tolist() == [1.0]

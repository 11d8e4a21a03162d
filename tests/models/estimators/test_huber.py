from math import inf

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.huber import huber_fit


@st.composite
def samples(draw):
    """A design of one or two columns, and what was observed with errors of heavy tails."""
    n, columns = draw(st.integers(8, 60)), draw(st.integers(1, 2))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    design = generator.normal(1, 1, (n, columns))
    return design, design @ np.array([1.0, -2.0])[:columns] + generator.standard_t(2.5, n)


@given(samples())
def test_it_is_the_robust_regression_of_statsmodels(sample):
    design, observed = sample
    theirs = sm.RLM(observed, design, M=sm.robust.norms.HuberT(1.345)).fit(maxiter=2000, tol=1e-14)
    fit = huber_fit(design, observed)
    assert fit.coefficients == pytest.approx(theirs.params, rel=1e-6, abs=1e-8)
    assert fit.variance * fit.unscaled == pytest.approx(theirs.cov_params(), rel=1e-5, abs=1e-10)


@given(samples())
def test_without_tuning_it_is_least_squares(sample):
    design, observed = sample
    theirs = sm.OLS(observed, design).fit()
    fit = huber_fit(design, observed, inf)
    assert fit.coefficients == pytest.approx(theirs.params, rel=1e-9, abs=1e-9)
    assert fit.variance * fit.unscaled == pytest.approx(theirs.cov_params(), rel=1e-8, abs=1e-12)


def test_an_outlier_moves_least_squares_and_not_the_fit():
    x = np.arange(1.0, 21.0)
    observed = 2 * x + np.tile([0.1, -0.1], 10)
    observed[-1] = 1000.0
    assert huber_fit(x[:, np.newaxis], observed).coefficients[0] == pytest.approx(2, abs=0.01)
    assert huber_fit(x[:, np.newaxis], observed, inf).coefficients[0] > 8  # the control


@given(samples(), st.floats(1e-6, 1e6))
def test_the_unit_of_what_is_observed_does_not_matter(sample, unit):
    design, observed = sample
    one, other = huber_fit(design, observed), huber_fit(design, unit * observed)
    assert other.coefficients == pytest.approx(unit * one.coefficients, rel=1e-6, abs=1e-9 * unit)
    assert other.variance == pytest.approx(unit**2 * one.variance, rel=1e-6)


def test_errors_without_a_scale_are_fitted_by_least_squares():
    x, observed = np.ones(10), np.array([5.0] * 6 + [6.0] * 4)
    fit = huber_fit(x[:, np.newaxis], np.where(np.arange(10) < 6, 0.0, observed))
    theirs = sm.OLS(np.where(np.arange(10) < 6, 0.0, observed), x).fit()
    assert (fit.coefficients[0], fit.variance) == pytest.approx((theirs.params[0], theirs.mse_resid))


def test_a_perfect_line_has_no_errors():
    x = np.arange(1.0, 11.0)
    fit = huber_fit(x[:, np.newaxis], 0 * x)
    assert (fit.coefficients[0], fit.variance) == (0, 0)


@pytest.mark.parametrize(
    ("design", "message"),
    [(np.ones((2, 2)), "2 observations"), (np.ones((9, 2)), "told apart"), (np.zeros((9, 1)), "told apart")],
)
def test_what_cannot_be_fitted_is_refused(design, message):
    with pytest.raises(ValueError, match=message):
        huber_fit(design, np.ones(len(design)))

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nautilus_ai_firm.models.estimators.student_t import density, probability_above, quantile

FREEDOM = st.floats(0.5, 2000)


@given(st.floats(1e-6, 1 - 1e-6), FREEDOM)
def test_quantiles_equal_scipy(probability, freedom):
    assert quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-8, abs=5e-8)


@given(st.floats(0, 200), FREEDOM)
def test_probabilities_and_densities_equal_scipy(t, freedom):
    assert probability_above(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-8, abs=1e-300)
    assert density(t, freedom) == pytest.approx(stats.t.pdf(t, freedom), rel=1e-9)


@pytest.mark.parametrize(("freedom", "expected"), [(1, 31.820516), (5, 3.364930), (30, 2.457262)])
def test_known_quantiles_at_99_percent(freedom, expected):
    """Any table of Student's t."""
    assert quantile(0.99, freedom) == pytest.approx(expected, abs=1e-6)


def test_it_is_symmetric():
    assert quantile(0.01, 4.0) == pytest.approx(-quantile(0.99, 4.0), rel=1e-12)
    assert quantile(0.5, 4.0) == pytest.approx(0.0, abs=1e-300)


@pytest.mark.parametrize(("probability", "freedom"), [(0, 5), (1, 5), (0.9, 0), (0.9, 1e7), (float("nan"), 5)])
def test_what_is_out_of_range_is_refused(probability, freedom):
    with pytest.raises(ValueError, match="allowed are"):
        quantile(probability, freedom)

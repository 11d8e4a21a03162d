import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.random_walk import Response, weighted_sum

POLES = st.lists(st.tuples(st.floats(-0.95, 0.95), st.floats(-2, 2)), min_size=1, max_size=4)


def made(pairs):
    return Response(poles=tuple(pole for pole, _ in pairs), weights=tuple(weight for _, weight in pairs))


def coefficients(response):
    lags = np.arange(2000)[:, np.newaxis]
    return (np.array(response.weights) * np.array(response.poles) ** lags).sum(axis=1)


@given(one=POLES, other=POLES)
def test_covariances_are_those_of_the_coefficients(one, other):
    a, b = made(one), made(other)
    assert a.covariance(b) == pytest.approx(float((coefficients(a) * coefficients(b)).sum()), rel=1e-9, abs=1e-9)
    assert a.covariance(b) == pytest.approx(b.covariance(a), rel=1e-12, abs=1e-12)


@given(one=POLES, other=POLES, weight=st.floats(-2, 2))
def test_a_weighted_sum_has_the_coefficients_of_the_sum(one, other, weight):
    a, b = made(one), made(other)
    found = coefficients(weighted_sum([a, b], [1.0, weight]))
    np.testing.assert_allclose(found, coefficients(a) + weight * coefficients(b), atol=1e-12)

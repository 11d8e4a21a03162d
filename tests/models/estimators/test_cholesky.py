import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.cholesky import cholesky


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(1, 15))
def test_its_square_is_the_matrix_and_it_is_lower_triangular(seed, n, rank):
    """With fewer directions than rows the matrix is singular."""
    root = np.random.default_rng(seed).normal(size=(n, rank))
    matrix = root @ root.T
    factor = cholesky(matrix)
    np.testing.assert_allclose(factor @ factor.T, matrix, atol=1e-8 * max(np.abs(matrix).max(initial=0), 1))
    assert (np.triu(factor, 1) == 0).all()


def test_equals_the_library_where_that_has_a_factor():
    root = np.random.default_rng(2).normal(size=(30, 60))
    np.testing.assert_allclose(cholesky(root @ root.T), np.linalg.cholesky(root @ root.T), rtol=1e-10, atol=1e-12)


def test_a_copy_and_a_constant_get_no_direction_of_their_own():
    factor = cholesky(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_array_equal(factor, [[1, 0, 0], [1, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("matrix", "what"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "row 1 leaves -3"),
        ([[-1.0, 0.0], [0.0, 1.0]], "row 0"),
        ([[1.0, float("nan")], [float("nan"), 1.0]], "not finite"),
    ],
)
def test_what_is_no_covariance_is_refused(matrix, what):
    with pytest.raises(ValueError, match=what):
        cholesky(np.array(matrix))

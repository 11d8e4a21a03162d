import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.window import RollingWindow, total

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(np.nan), st.just(np.inf)), min_size=1, max_size=40)


@given(values=VALUES, length=st.integers(2, 12))
def test_holds_the_last_finite_values_in_their_order(values, length):
    window = RollingWindow(length, 1)
    for value in values:
        window.update(np.array([value]))
    finite = [value for value in values if np.isfinite(value)][-length:]
    np.testing.assert_array_equal(window.values[:, 0], [np.nan] * (length - len(finite)) + finite)


def test_entries_have_windows_of_their_own():
    window = RollingWindow(2, (2, 2))
    window.update(np.array([[1.0, 2.0], [3.0, np.nan]]))
    values = window.update(np.array([[5.0, np.nan], [7.0, 8.0]]))
    np.testing.assert_array_equal(values, [[[1, np.nan], [3, np.nan]], [[5, 2], [7, 8]]])


def test_what_was_returned_stays_as_it_is():
    window = RollingWindow(2, 1)
    before = window.update(np.array([1.0]))
    window.update(np.array([2.0]))
    np.testing.assert_array_equal(before[:, 0], [np.nan, 1.0])


def test_a_sum_does_not_depend_on_who_stands_beside():
    values = np.random.default_rng(3).normal(size=(200, 7))
    together = total(values)
    alone = [float(total(values[:, [i]])[0]) for i in range(7)]
    assert together.tolist() == alone
    np.testing.assert_allclose(together, values.sum(axis=0), rtol=1e-12)


def test_a_window_of_one_is_refused():
    with pytest.raises(ValueError, match="length is 1, allowed is 2 or more"):
        RollingWindow(1, 3)

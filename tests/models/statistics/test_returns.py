"""What is not a series of returns is refused in one line that says why."""

import numpy as np
import pytest

from nautilus_ai_firm.models.statistics.returns import checked, deviation, sharpe


@pytest.mark.parametrize(
    ("returns", "least", "said"),
    [
        (np.empty(0), 1, r"shape \(0,\)"),
        (np.zeros((2, 2, 2)), 1, r"shape \(2, 2, 2\)"),
        (np.float64(1), 1, r"shape \(\)"),
        (np.zeros(3), 4, "3 periods are too few"),
        (np.array([0.0, np.nan]), 1, r"the return at \(1,\) is nan"),
        (np.array([[0.0, 1.0], [np.inf, 1.0]]), 1, r"the return at \(1, 0\) is inf"),
    ],
)
def test_what_is_no_series_of_returns_is_refused(returns, least, said):
    with pytest.raises(ValueError, match=said):
        checked(returns, least)


def test_whole_numbers_become_fractions():
    assert checked(np.array([0, 1])).dtype == np.float64


def test_rounding_is_no_risk():
    steady = np.full((5000, 1), 0.001)
    assert steady.std() > 0
    assert deviation(steady).tolist() == [0.0]
    assert sharpe(steady).tolist() == [0.0]
    assert deviation(np.linspace(0.001, 0.001001, 5000)) > 0

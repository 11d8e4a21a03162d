import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.line import fit_line


@pytest.mark.parametrize("length", [2, 3, 20, 101])
def test_equals_numpy(length):
    window = 50 + np.random.default_rng(length).normal(size=(length, 4)).cumsum(axis=0)
    line = fit_line(window)
    for i in range(4):
        slope, start = np.polyfit(np.arange(length), window[:, i], 1)
        correlation = np.corrcoef(np.arange(length), window[:, i])[0, 1]
        assert line.slope[i] == pytest.approx(slope, rel=1e-9)
        assert line.end[i] == pytest.approx(start + slope * (length - 1), rel=1e-9)
        assert line.r_squared[i] == pytest.approx(correlation**2, rel=1e-9)


def test_a_line_is_found_exactly_and_a_constant_explains_nothing():
    line = fit_line(np.stack([3 + 2 * np.arange(9.0), np.full(9, 7.0)], axis=1))
    assert line.end.tolist() == [19.0, 7.0]
    assert line.slope.tolist() == [2.0, 0.0]
    assert line.r_squared.tolist() == [1.0, 0.0]


def test_one_missing_value_makes_the_line_unknown():
    window = np.random.default_rng(1).normal(size=(10, 2))
    window[4, 0] = np.nan
    line = fit_line(window)
    for figure in (line.end, line.slope, line.r_squared):
        assert np.isnan(figure).tolist() == [True, False]

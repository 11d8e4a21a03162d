import numpy as np
import pytest
import talib

from nautilus_ai_firm.models.estimators.bollinger import percent_b


def test_equals_ta_lib(closes):
    for i in range(3):
        upper, _, lower = talib.BBANDS(closes[:, i], 20, 2.0, 2.0, matype=talib.MA_Type.SMA)
        expected = (closes[:, i] - lower) / (upper - lower)
        found = [percent_b(closes[t - 19 : t + 1, [i]])[0] for t in range(19, 600)]
        np.testing.assert_allclose(found, expected[19:], atol=1e-8)


def test_the_unit_and_the_level_do_not_matter_and_a_mirror_mirrors(closes):
    window = np.log(closes[:20])
    np.testing.assert_allclose(percent_b(7 + 3 * window), percent_b(window), atol=1e-9)
    np.testing.assert_allclose(percent_b(-window), 1 - percent_b(window), atol=1e-9)


def test_a_window_that_is_not_full_or_never_moved_has_no_place(closes):
    window = np.concatenate([closes[:20], np.full((20, 1), 0.1)], axis=1)
    window[3, 0] = np.nan
    assert np.isnan(percent_b(window)).tolist() == [True, False, False, True]


@pytest.mark.parametrize(("last", "expected"), [(0.0, 0.5), (1.0, 0.5 + 19 / 20 / 4 / np.sqrt(19 / 400))])
def test_the_middle_is_half(last, expected):
    window = np.zeros((20, 1))
    window[-1] = last
    window[0] = -last if last == 0 else 0.0
    if last == 0:
        window[:2] = [[-1.0], [1.0]]
    assert percent_b(window)[0] == pytest.approx(expected)

"""The average true range against hand-computed figures, gaps and missing bars included."""

import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.average_true_range import AverageTrueRange

FRESH, STALE = np.array([True]), np.array([False])


def fed(period, bars):
    average = AverageTrueRange(period, 1)
    found = []
    for high, low, close in bars:
        fresh = FRESH if close else STALE
        found.append(float(average.update(np.array([high]), np.array([low]), np.array([close]), fresh)[0]))
    return found


def test_the_range_reaches_over_the_gap_from_the_last_close():
    # true ranges: none, 12 - 10 = 2 (gap up: low 11 above the close 10), 12 - 7 = 5 (gap down); Wilder's mean of two
    bars = [(11, 9, 10), (12, 11, 12), (8, 7, 7.5), (9, 8, 8.5)]
    assert fed(2, bars) == pytest.approx([np.nan, np.nan, 3.5, 3.5 + (1.5 - 3.5) / 2], nan_ok=True)


def test_an_instrument_without_a_bar_keeps_its_average_and_its_last_close():
    bars = [(11, 9, 10), (12, 10, 11), (0, 0, 0), (15, 14, 14)]
    assert fed(1, bars) == pytest.approx([np.nan, 2, 2, 4], nan_ok=True)


def test_instruments_do_not_know_each_other():
    average, both = AverageTrueRange(1, 2), np.array([True, True])
    closes = [np.array([100.0 + step, 50.0]) for step in range(3)]
    assert [average.update(close + 1, close - 1, close, both).tolist() for close in closes][1:] == [[2.0, 2.0]] * 2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.bands import SpreadBands

YES = np.array([True])


def sides(z, may_enter=None, may_stay=None):
    bands = SpreadBands(2.0, 0.5, 4.0, 1)
    rows = []
    for t, value in enumerate(z):
        enter = YES if may_enter is None else YES & may_enter[t]
        stay = YES if may_stay is None else YES & may_stay[t]
        ended = bands.update(np.array([value]), enter, stay)
        rows.append((int(bands.side[0]), bool(ended[0])))
    return rows


@pytest.mark.parametrize(
    ("z", "side", "ended"),
    [
        ([1.9, 2.0, 3.0, 1.0, 0.6, 0.5, 0.4], [0, -1, -1, -1, -1, 0, 0], [5]),
        ([-2.5, -0.6, 1.0, 2.5], [1, 1, 0, -1], [2]),
        ([2.5, -2.5, -2.5], [-1, 0, 1], [1]),  # a spread that crosses 0 is closed first
        ([2.5, 4.1, 3.0, 2.5, 1.9, 2.1], [-1, 0, 0, 0, 0, -1], [1]),  # after a stop it must come back first
        ([4.1, 3.0, 1.0, 3.0], [0, 0, 0, -1], []),
        ([2.5, np.nan, 1.0], [-1, -1, -1], []),
    ],
)
def test_positions_follow_the_bands(z, side, ended):
    rows = sides(z)
    assert [row[0] for row in rows] == side
    assert [t for t, row in enumerate(rows) if row[1]] == ended


def test_a_position_begins_and_goes_on_only_where_it_may():
    z = [2.5, 2.5, 2.5, 2.5]
    assert sides(z, may_enter=[False, True, False, False]) == [(0, False), (-1, False), (-1, False), (-1, False)]
    assert sides(z, may_stay=[True, True, False, True])[2:] == [(0, True), (-1, False)]


@given(z=st.lists(st.floats(-6, 6), max_size=60))
def test_mirrored_spreads_have_mirrored_positions(z):
    assert sides([-value for value in z]) == [(-side, ended) for side, ended in sides(z)]

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.regime import StressRegime


def stresses(z):
    regime = StressRegime(1.5, 0.5)
    return [regime.update(value) for value in z]


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        ([0.0, 1.4, 1.5, 1.0, 0.6, 0.5, 1.4], [False, False, True, True, True, False, False]),
        ([1.0, 2.0, nan, 1.0, -3.0, nan], [False, True, True, True, False, False]),
    ],
)
def test_stress_begins_at_one_level_and_ends_at_another(z, expected):
    assert stresses(z) == expected


@given(st.lists(st.floats(0.5, 1.5, exclude_min=True, exclude_max=True), max_size=30))
def test_what_trembles_between_the_levels_changes_nothing(z):
    assert not any(stresses(z))
    assert all(stresses([2.0, *z]))

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.halt import halted, reducing_part

WEIGHT = st.floats(-2, 2)


@pytest.mark.parametrize(
    ("current", "decided", "expected"),
    [
        (0.3, 0.5, 0.3),
        (0.3, 0.1, 0.1),
        (0.3, 0.0, 0.0),
        (0.3, -0.2, 0.0),
        (-0.3, -0.5, -0.3),
        (-0.3, 0.2, 0.0),
        (0, 0.2, 0),
    ],
)
def test_only_the_reducing_part_of_a_trade_passes(current, decided, expected):
    assert reducing_part(np.array([current]), np.array([decided])).tolist() == [expected]
    assert halted(np.array([current]), np.array([decided]), allow_reducing=True).tolist() == [expected]


@given(WEIGHT, WEIGHT, st.booleans())
def test_exposure_never_grows(current, decided, allow_reducing):
    out = halted(np.array([current]), np.array([decided]), allow_reducing=allow_reducing)[0]
    assert min(current, 0) <= out <= max(current, 0)


@given(WEIGHT, WEIGHT)
def test_without_reducing_everything_is_held(current, decided):
    before = np.array([current])
    out = halted(before, np.array([decided]), allow_reducing=False)
    assert out.tolist() == [current]
    assert out is not before


@pytest.mark.parametrize("decided", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_holds(decided):
    assert halted(np.array([0.3]), np.array([decided]), allow_reducing=True).tolist() == [0.3]

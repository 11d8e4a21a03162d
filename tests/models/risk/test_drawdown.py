import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.drawdown import Drawdown

EQUITIES = st.lists(st.floats(1, 1e9), min_size=1, max_size=50)


@given(EQUITIES)
def test_equals_the_distance_from_the_running_maximum(equities):
    curve = pd.Series(equities)
    tracker = Drawdown()
    np.testing.assert_allclose([tracker.update(equity) for equity in equities], 1 - curve / curve.cummax(), atol=1e-12)


@given(EQUITIES, st.integers(0, 50))
def test_a_saved_mark_survives_a_restart(equities, stop):
    whole, first = Drawdown(), Drawdown()
    expected = [whole.update(equity) for equity in equities]
    before = [first.update(equity) for equity in equities[:stop]]
    second = Drawdown(first.mark)
    assert before + [second.update(equity) for equity in equities[stop:]] == expected


def test_forgetting_the_mark_at_a_restart_hides_the_drawdown():
    """The control of the test above."""
    tracker = Drawdown()
    tracker.update(100.0)
    assert tracker.update(80.0) == pytest.approx(0.2)
    assert Drawdown().update(80.0) == 0.0


@pytest.mark.parametrize("flow", [-45.0, 45.0, 900.0])
def test_cash_paid_in_or_out_alone_changes_no_drawdown(flow):
    tracker = Drawdown()
    tracker.update(100.0)
    tracker.update(90.0)
    assert tracker.update(90.0 + flow, external_flow=flow) == pytest.approx(0.1)
    # the control: the same equity taken for a profit or loss does
    blind = Drawdown(100.0)
    assert blind.update(90.0 + flow) != pytest.approx(0.1)


def test_negative_equity_is_more_than_everything():
    tracker = Drawdown(100.0)
    assert tracker.update(-10.0) == pytest.approx(1.1)


@pytest.mark.parametrize("mark", [0.0, -1.0, float("nan"), float("inf")])
def test_a_mark_that_is_none_is_refused(mark):
    with pytest.raises(ValueError, match="mark is"):
        Drawdown(mark)


@pytest.mark.parametrize(
    ("equity", "flow", "message"),
    [
        (float("nan"), 0, "finite"),
        (10, float("inf"), "finite"),
        (10, 10, "does not allow"),
        (-5, -10, "does not allow"),
    ],
)
def test_equity_that_is_none_is_refused(equity, flow, message):
    with pytest.raises(ValueError, match=message):
        Drawdown(100.0).update(equity, flow)


def test_a_first_equity_must_be_positive():
    with pytest.raises(ValueError, match="first equity is 0"):
        Drawdown().update(0.0)

"""The largest exposure that any fill of what works can leave."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.exposure import leverage, working_floor, worst_case

SIZE = st.floats(0, 2, allow_subnormal=False)
SIGNED = st.floats(-2, 2, allow_subnormal=False)


@given(SIGNED, SIZE, SIZE)
def test_no_fill_of_any_part_of_the_orders_leaves_more(position, buys, sells):
    worst = worst_case(np.array([position]), np.array([buys]), np.array([sells]))[0]
    ends = [
        abs(position + bought * buys - sold * sells)
        for bought, sold in itertools.product(np.linspace(0, 1, 5), np.linspace(0, 1, 5))
    ]
    assert worst >= max(ends) - 1e-12
    assert worst == pytest.approx(max(ends))


def test_orders_of_one_instrument_net_and_instruments_do_not():
    """Long 0.6 with 0.4 to sell is 0.6 at the worst, not 1.0; a short beside it counts with its own size."""
    position, buys, sells = np.array([0.6, -0.5]), np.array([0.0, 0.1]), np.array([0.4, 0.2])
    assert leverage(position, buys, sells) == pytest.approx(0.6 + 0.7)
    wrong = float(np.abs(position).sum() + buys.sum() + sells.sum())  # every order added, netting forgotten
    assert wrong == pytest.approx(1.8)
    hidden = abs(float((position + buys - sells).sum()))  # long and short hide each other
    assert hidden < leverage(position, buys, sells) < wrong


@given(st.lists(st.tuples(SIGNED, SIGNED), min_size=1, max_size=5))
def test_the_floor_is_the_larger_of_what_is_held_and_what_is_on_its_way(pairs):
    position, projected = np.array(pairs).T
    np.testing.assert_allclose(
        working_floor(position, projected), np.maximum(np.abs(position), np.abs(projected)), rtol=1e-12, atol=1e-15
    )


def test_a_working_quantity_has_no_sign():
    with pytest.raises(ValueError, match="allowed are numbers from 0"):
        worst_case(np.zeros(1), np.array([-0.1]), np.zeros(1))

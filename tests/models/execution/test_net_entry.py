"""The entry price of what is left of a position."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.net_entry import net_entry

PARTS = st.lists(st.tuples(st.integers(-1_000, 1_000).filter(bool), st.floats(1, 1_000)), max_size=6)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(100, 50.0)], (100, 50.0)),
        ([(100, 50.0), (300, 54.0)], (400, 53.0)),
        ([(-586, 140.0), (649, 140.32)], (63, 140.32)),  # a short turned: a cost basis says 143.30
        ([(600, 100.0), (-200, 110.0)], (400, 100.0)),  # a sale leaves the entry price
        ([(-600, 100.0), (200, 90.0), (100, 80.0)], (-300, 100.0)),
    ],
)
def test_the_larger_side_keeps_its_entry_price(parts: list[tuple[int, float]], expected: tuple[int, float]) -> None:
    assert net_entry(parts) == pytest.approx(expected, rel=1e-12)


def test_nothing_has_no_entry_price() -> None:
    for parts in ([], [(100, 50.0), (-100, 60.0)]):
        net, price = net_entry(parts)
        assert net == 0
        assert isnan(price)


@given(PARTS)
def test_it_lies_among_the_prices_of_its_side_and_mirrors(parts: list[tuple[int, float]]) -> None:
    net, price = net_entry(parts)
    assert net == sum(quantity for quantity, _ in parts)
    mirrored = net_entry([(-quantity, entered) for quantity, entered in parts])
    assert mirrored[0] == -net
    assert np.array_equal(mirrored[1], price, equal_nan=True)
    if net:
        side = [entered for quantity, entered in parts if quantity * net > 0]
        assert min(side) * (1 - 1e-12) <= price <= max(side) * (1 + 1e-12)

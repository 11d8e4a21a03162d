"""The parts of a position -> its quantity, and the average price at which what is left of it was entered."""

from collections.abc import Iterable
from math import nan


def net_entry(parts: Iterable[tuple[int, float]]) -> tuple[int, float]:
    """Net the parts in which one instrument is held.

    A position that was there when a session began and what the firm traded since are two parts for the engine. Where
    they are of both signs the smaller side closed as much of the larger one, which leaves the larger side's entry price
    as it was; all prices together would be a cost basis, which may lie beyond any price that was ever traded.

    Parameters
    ----------
    parts : iterable of (int, float)
        Filled quantity, signed, and its average entry price.

    Returns
    -------
    tuple of int and float
        Net quantity, signed, and the average entry price of the parts of its sign; NaN where it is 0.

    """
    quantities, costs = [0, 0], [0.0, 0.0]  # long, short
    for quantity, price in parts:
        side = quantity < 0
        quantities[side] += quantity
        costs[side] += quantity * price
    net = sum(quantities)
    return net, costs[net < 0] / quantities[net < 0] if net else nan

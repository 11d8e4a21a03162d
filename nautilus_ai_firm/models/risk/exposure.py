"""Positions and working orders become the largest exposure that any fill of them can leave."""

import numpy as np

from nautilus_ai_firm.messages import Floats


def worst_case(position: Floats, working_buys: Floats, working_sells: Floats) -> Floats:
    """Return the largest size of each position that its working orders can leave, filled in part or whole.

    max(|position + buys|, |position - sells|): orders of one instrument net against its position, those of another
    one never do (RTS 6, article 15(2): every order that was sent counts at once).

    Parameters
    ----------
    position : ndarray of shape (n,)
        Filled positions, signed, any unit.
    working_buys, working_sells : ndarray of shape (n,)
        What is working on either side, same unit, at least 0.

    Returns
    -------
    ndarray of shape (n,)
        Sizes, same unit, at least |position|.

    Raises
    ------
    ValueError
        A working quantity below 0.

    """
    if bool(np.any(working_buys < 0)) or bool(np.any(working_sells < 0)):
        raise ValueError(
            f"working buys are {working_buys.tolist()} and sells {working_sells.tolist()}, allowed are numbers from 0"
        )
    return np.maximum(np.abs(position + working_buys), np.abs(position - working_sells))


def leverage(position: Floats, working_buys: Floats, working_sells: Floats) -> float:
    """Return the sum of worst cases: with fractions of equity the leverage that no fill can exceed.

    Long and short instruments do not hide each other: every one counts with its own size.
    """
    return float(np.sum(worst_case(position, working_buys, working_sells)))


def working_floor(position: Floats, projected: Floats) -> Floats:
    """Return the worst case of what works already, from positions and positions with working orders.

    The firm has at most one parent order in an instrument, so the difference is all on one side.

    Parameters
    ----------
    position, projected : ndarray of shape (n,)
        Weights of filled positions, and with working orders included; fractions of equity, signed.

    """
    working = projected - position
    return worst_case(position, np.maximum(working, 0.0), np.maximum(-working, 0.0))

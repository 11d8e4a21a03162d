"""Decided weights become weights without new exposure."""

import numpy as np

from nautilus_ai_firm.messages import Floats


def reducing_part(current: Floats, decided: Floats) -> Floats:
    """Return the part of each trade that only reduces: the point between 0 and current that is nearest to decided.

    A growing position stays at current, a flip ends at 0, a reduction passes.

    Parameters
    ----------
    current, decided : ndarray of shape (n,)
        Finite weights, fractions of equity, signed.

    Returns
    -------
    ndarray of shape (n,)
        Weights between 0 and current.

    """
    return np.clip(decided, np.minimum(current, 0.0), np.maximum(current, 0.0)) + 0.0  # adding 0 turns -0.0 into 0.0


def halted(current: Floats, decided: Floats, allow_reducing: bool) -> Floats:
    """Return the weights while trading is halted: no new exposure.

    Parameters
    ----------
    current : ndarray of shape (n,)
        Current weights, fractions of equity, signed, finite.
    decided : ndarray of shape (n,)
        Decided weights; one that is not finite holds the current one.
    allow_reducing : bool
        Whether the reducing part of a trade passes; else every current weight is held.

    Returns
    -------
    ndarray of shape (n,)
        Weights between 0 and current.

    """
    if not allow_reducing:
        return current.copy()
    return reducing_part(current, np.where(np.isfinite(decided), decided, current))

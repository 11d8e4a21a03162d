"""Weights become target quantities, and targets the quantities to order."""

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Bools, ClearedDecision, Floats

_WHOLE = 1e-9
"""Distance in lots at which a quotient counts as a whole number; weights of whole lots come back as those lots."""


def target_quantity(
    weight: Floats,
    equity: float,
    price: Floats,
    lot_size: Floats | NDArray[np.int64] | float,
    multiplier: Floats | float = 1.0,
) -> NDArray[np.int64]:
    """Return the quantity that a weight stands for, cut towards zero to whole lots.

    Parameters
    ----------
    weight : ndarray of shape (n,)
        Fractions of equity, signed, finite.
    equity : float
        Account equity, account currency.
    price : ndarray of shape (n,)
        Price of one unit, account currency. Where the weight is 0 it may be missing (NaN or 0).
    lot_size : float or ndarray of shape (n,)
        Smallest tradable step, whole instrument units.
    multiplier : float or ndarray of shape (n,)
        Contract multiplier.

    Returns
    -------
    ndarray of int64 of shape (n,)
        Signed quantities in instrument units, multiples of the lot size.

    Raises
    ------
    ValueError
        A weight that is not finite, or one other than 0 without a price above 0.

    """
    needed = weight != 0
    units_value = np.broadcast_to(price * multiplier, weight.shape)
    if not bool(np.all(np.isfinite(weight) & (~needed | (np.isfinite(units_value) & (units_value > 0))))):
        raise ValueError(
            f"weights {weight.tolist()} at prices {units_value.tolist()}: each weight needs a price above 0"
        )
    step = np.broadcast_to(np.asarray(lot_size, dtype=np.float64), weight.shape)
    lots = weight * equity / np.where(needed, units_value * step, 1.0)
    nearest = np.rint(lots)
    close_to_whole = np.abs(lots - nearest) <= _WHOLE + 1e-12 * np.abs(lots)
    return (np.where(close_to_whole, nearest, np.trunc(lots)) * step).astype(np.int64)


def order_quantity(
    target: NDArray[np.int64], held: NDArray[np.int64], no_trade_band: float, urgent: Bools | None = None
) -> NDArray[np.int64]:
    """Return what to order so that held becomes target, or nothing where the difference is too small to pay for.

    Position inertia (Carver 2015, Systematic Trading, chapter 11): a trade happens if |target - held| is above
    no_trade_band x max(|target|, |held|), and then goes all the way. With a band below 1, entering, leaving and
    changing sides always trade.

    Parameters
    ----------
    target : ndarray of int64 of shape (n,)
        Target quantities, signed.
    held : ndarray of int64 of shape (n,)
        Position plus working quantity, signed.
    no_trade_band : float
        Width of the band as a fraction of the larger of target and held, in [0, 1).
    urgent : ndarray of bool of shape (n,), optional
        Where the band does not apply, for instance where a desk reduced the target.

    Returns
    -------
    ndarray of int64 of shape (n,)
        Signed quantities to order; 0 is no order.

    Raises
    ------
    ValueError
        A band outside [0, 1).

    """
    if not 0 <= no_trade_band < 1:
        raise ValueError(f"no_trade_band is {no_trade_band}, allowed is [0, 1)")
    difference = target - held
    trades = np.abs(difference) > no_trade_band * np.maximum(np.abs(target), np.abs(held))
    if urgent is not None:
        trades |= urgent
    return np.where(trades, difference, 0)


def changed_targets(
    cleared: ClearedDecision, working: NDArray[np.int64], lot_sizes: NDArray[np.int64], no_trade_band: float
) -> list[tuple[int, int]]:
    """List the instruments whose target quantity calls for an order: place in the universe, and target.

    A cleared weight equal to the current one is a refusal and no order. A weight that a desk cut is urgent: no band
    holds it back.

    Parameters
    ----------
    cleared : ClearedDecision
        Final weights of the round.
    working : ndarray of shape (n_instruments,)
        Quantity that is held, open or still being sliced, signed.
    lot_sizes : ndarray of shape (n_instruments,)
        Units of a lot.
    no_trade_band : float
        As in `order_quantity`.

    """
    decision = cleared.risked.decision
    projected = decision.positions + working
    targets = target_quantity(cleared.weights, float(decision.equity), decision.close, lot_sizes)
    holds = cleared.weights == decision.current
    cut = (cleared.weights != decision.weights) & (np.abs(targets) < np.abs(projected))
    differences = order_quantity(np.where(holds, projected, targets), projected, no_trade_band, urgent=cut & ~holds)
    return [(int(place), int(targets[place])) for place in np.flatnonzero(differences)]

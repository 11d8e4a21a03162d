"""A risk figure becomes one that counts what it costs, and how long it takes, to get out."""

from math import inf

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.risk.tail import UNKNOWN, Measure, TailRisk


def rounds_to_liquidate(weights: Floats, volume_per_equity: Floats, participation: float) -> Floats:
    """Return how long each position takes to sell, in rounds: |w| over participation times volume.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Fractions of equity.
    volume_per_equity : ndarray of shape (n,)
        Average value that the market trades in a round, over the firm's equity; not negative, NaN is not known.
    participation : float
        Share of the volume that the firm may be, in (0, 1].

    Returns
    -------
    ndarray of shape (n,)
        0 where nothing is held; infinite where nothing trades; NaN where the volume is not known.

    Raises
    ------
    ValueError
        A participation out of range, or a volume below 0.

    """
    if not 0 < participation <= 1:
        raise ValueError(f"participation is {participation}, allowed is above 0 and at most 1")
    if bool(np.any(volume_per_equity < 0)):
        raise ValueError(f"volume_per_equity is {volume_per_equity.tolist()}, allowed are numbers from 0")
    rounds = np.full(len(weights), inf)
    sold = participation * volume_per_equity
    np.divide(np.abs(weights), sold, out=rounds, where=~(sold <= 0))
    return np.where(weights == 0, 0.0, rounds)


def liquidity_adjusted(
    measure: Measure, weights: Floats, rounds: Floats, half_spread: Floats, horizon_rounds: int
) -> TailRisk:
    """Return both figures with the time and the cost of getting out.

    A position sold evenly over T rounds, at the end of each, has the variance of (T + 1) (2 T + 1) / (6 T) rounds of
    the whole position (Jorion 2007, Value at Risk, 3rd edition, chapter 13). Where that is more than the horizon of
    the measure, the weight counts with the square root of the ratio. The cost of the spread is added: Σ |w| half_spread
    (Bangia, Diebold, Schuermann and Stroughair 1999, who stress the spread).

    Parameters
    ----------
    measure : Measure
        Any method.
    weights : ndarray of shape (n,)
        Fractions of equity, signed.
    rounds : ndarray of shape (n,)
        T of each, from `rounds_to_liquidate`.
    half_spread : ndarray of shape (n,)
        Half of the bid-ask spread, fractions of the price, not negative: the mean plus a multiple of its deviation.
    horizon_rounds : int
        Horizon of the measure.

    Returns
    -------
    TailRisk
        The plain figures where all can be sold within the horizon at no spread; infinite where a position cannot be
        sold; UNKNOWN where the volume or the spread of what is held is not known.

    """
    held = weights != 0
    if bool(np.any(np.isnan(np.where(held, rounds + half_spread, 0.0)))):
        return UNKNOWN
    if bool(np.any(np.isinf(rounds))):
        return TailRisk(inf, inf)
    t = np.where(held, np.maximum(rounds, 1.0), 1.0)
    stretch = np.sqrt(np.maximum((t + 1) * (2 * t + 1) / (6 * t) / horizon_rounds, 1.0))
    plain = measure.risk(weights * stretch)
    cost = float(np.where(held, np.abs(weights) * half_spread, 0.0).sum())
    return TailRisk(plain.value_at_risk + cost, plain.expected_shortfall + cost)

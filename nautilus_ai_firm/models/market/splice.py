"""Two sources of one price -> the factor that brings the first to the level of the second, where their returns agree.

Levels may differ, since one may be adjusted as of another day; returns may not. A split or dividend that only one of
them knows, another instrument of the same name, or a hole in one of them is a disagreement.
"""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats, Times

MIN_OVERLAP = 20
"""Bars that both must have."""

TOLERANCE_BPS = 10.0
"""By how much two returns of one bar may differ, beside the rounding of prices: sources differ in the last trade."""

TOLERANCE_SHARE = 0.25
"""Root mean square of what differs beyond rounding, over that of the returns: what is wide for days is not for minutes.
Two series of equal volatility are this far apart at a correlation of 0.97."""

BPS = 1e4


class SpliceError(ValueError):
    """Two series that do not continue each other: names the time and what each has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splice:
    """How two series meet.

    Attributes
    ----------
    ts_first : int
        Close of the first bar that both have, nanoseconds UTC: from it on the second counts.
    bars : int
        Bars that both have.
    price_factor, volume_factor : float
        By which prices and volumes of the first series are multiplied.
    largest_difference_bps : float
        Between two returns of one bar.

    """

    ts_first: int
    bars: int
    price_factor: float
    volume_factor: float
    largest_difference_bps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two series.

    Attributes
    ----------
    ts : ndarray of shape (n_bars,)
        Closes of the bars, nanoseconds UTC, ascending.
    close, volume : ndarray of shape (n_bars,)
        Close, above 0, and units traded.
    increment : float
        Step to which prices are rounded.

    """

    ts: Times
    close: Floats
    volume: Floats
    increment: float


def splice(old: Side, new: Side) -> Splice:
    """Compare two series where both have bars, and find what brings the old one to the level of the new one.

    With closes :math:`p_t` and :math:`q_t`, returns :math:`p_t/p_{t-1}-1` and :math:`q_t/q_{t-1}-1` differ by
    :math:`d_t`, of which rounding to steps :math:`a` and :math:`b` explains :math:`a/p_{t-1}+b/q_{t-1}`. What is left
    must be at most `TOLERANCE_BPS` in each bar, and its root mean square at most `TOLERANCE_SHARE` of that of the new
    returns. The price factor is :math:`q/p` at the first common bar, so that no return of either side is changed; the
    volume factor is the median of the ratios of common bars.

    Parameters
    ----------
    old, new : Side
        The series that ends, and the one that goes on.

    Raises
    ------
    SpliceError
        Fewer than `MIN_OVERLAP` bars in common; between the first of the new and the last of the old a bar that only
        one of them has; or returns that disagree.

    """
    here, there = _overlap(old.ts, new.ts)
    alone = np.setxor1d(old.ts[here], new.ts[there])
    if len(alone):
        missing = "new" if alone[0] in old.ts else "old"
        raise SpliceError(f"no bar at {_utc(alone[0])} in the {missing} series (allowed: the same bars in both)")
    common = np.intersect1d(old.ts[here], new.ts[there])
    if len(common) < MIN_OVERLAP:
        raise SpliceError(
            f"{len(common)} bars in common, the old series has {_extent(old.ts)}, the new one {_extent(new.ts)} "
            f"(allowed: {MIN_OVERLAP} or more)"
        )
    p, q = old.close[here], new.close[there]
    difference, allowed_bps = _differences(p, q, old.increment, new.increment)
    wrong = ~(difference <= allowed_bps)  # also where it is not a number
    old_returns, new_returns = p[1:] / p[:-1] - 1, q[1:] / q[:-1] - 1
    if wrong.any():
        place = int(np.argmax(wrong))
        raise SpliceError(
            f"returns disagree at {_utc(common[place + 1])}: {old_returns[place]:+.6f} in the old series, "
            f"{new_returns[place]:+.6f} in the new one (allowed: a difference of {allowed_bps[place]:.1f} bps)"
        )
    beyond = np.maximum(difference - (allowed_bps - TOLERANCE_BPS), 0.0) / BPS
    share, size = _rms(beyond), _rms(new_returns)
    if share > TOLERANCE_SHARE * size:
        place = int(np.argmax(beyond))
        raise SpliceError(
            f"returns disagree in all, by {share * BPS:.2f} bps of {size * BPS:.2f}, most at "
            f"{_utc(common[place + 1])}: {old_returns[place]:+.6f} in the old series, {new_returns[place]:+.6f} in the "
            f"new one (allowed: {TOLERANCE_SHARE:.0%} of the size of the returns)"
        )
    old_volume, new_volume = old.volume[here], new.volume[there]
    traded = (old_volume > 0) & (new_volume > 0)
    return Splice(
        ts_first=int(common[0]),
        bars=len(common),
        price_factor=float(q[0] / p[0]),
        volume_factor=float(np.median(new_volume[traded] / old_volume[traded])) if traded.any() else 1.0,
        largest_difference_bps=float(difference.max()),
    )


def _overlap(old_ts: Times, new_ts: Times) -> tuple[Bools, Bools]:
    """Select the bars of each series that lie within the extent of the other."""
    if not len(old_ts) or not len(new_ts):
        return np.zeros(len(old_ts), dtype=np.bool_), np.zeros(len(new_ts), dtype=np.bool_)
    first, last = max(old_ts[0], new_ts[0]), min(old_ts[-1], new_ts[-1])
    return (old_ts >= first) & (old_ts <= last), (new_ts >= first) & (new_ts <= last)


def _differences(p: Floats, q: Floats, p_step: float, q_step: float) -> tuple[Floats, Floats]:
    """Return how far apart the returns are and how far they may be, in basis points."""
    difference = np.abs(q[1:] / q[:-1] - p[1:] / p[:-1]) * BPS
    return difference, TOLERANCE_BPS + (p_step / p[:-1] + q_step / q[:-1]) * BPS


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _extent(ts: Times) -> str:
    return f"{len(ts)} from {_utc(ts[0])} to {_utc(ts[-1])}" if len(ts) else "none"


def _utc(ts_ns: np.int64) -> str:
    return f"{np.datetime64(int(ts_ns), 'ns').astype('datetime64[s]')}Z"

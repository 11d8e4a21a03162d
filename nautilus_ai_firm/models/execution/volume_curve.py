"""Volumes of past sessions become the share of a session's volume that is usually traded by each minute."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages.arrays import Floats, ReadOnlyArrays

_ENOUGH = 1e-13  # a change of a share that no quantity feels
_ROUNDS = 10_000


@dataclass(frozen=True, slots=True)
class VolumeCurve(ReadOnlyArrays):
    """Share of a session's volume that is traded by each minute.

    Attributes
    ----------
    bin_minutes : int
        Length of a bin, minutes, above 0.
    cumulative : ndarray of shape (n_bins + 1,)
        Share by each edge of the bins: 0 at the open, 1 at the end of the last bin, never falling.

    Raises
    ------
    ValueError
        No bins, or shares that do not run from 0 to 1 without falling.

    """

    bin_minutes: int
    cumulative: Floats

    def __post_init__(self) -> None:
        """Refuse what is no curve."""
        shares = self.cumulative
        if self.bin_minutes < 1 or shares.ndim != 1 or len(shares) <= 1:
            raise ValueError(f"bins of {self.bin_minutes} minutes and edges of shape {shares.shape} are no curve")
        if not (shares[0] == 0 and shares[-1] == 1 and bool((np.diff(shares) >= 0).all())):
            raise ValueError(f"shares {shares.tolist()} do not run from 0 to 1 without falling")
        ReadOnlyArrays.__post_init__(self)

    def traded_by(self, minute: float) -> float:
        """Return the share by a minute since the session's open: linear between edges, 0 before and 1 after."""
        place = minute / self.bin_minutes
        if place <= 0:
            return 0.0
        if place >= len(self.cumulative) - 1:
            return 1.0
        before = int(place)
        low, high = self.cumulative[before : before + 2].tolist()
        return min(low + (high - low) * (place - before), high)


def uniform_curve(n_bins: int, bin_minutes: int) -> VolumeCurve:
    """Return the curve of an even volume, along which a VWAP is a TWAP."""
    return VolumeCurve(bin_minutes, np.arange(n_bins + 1) / n_bins)


def fit_volume_curve(volume: Floats, bin_minutes: int) -> VolumeCurve:
    """Fit the shares p of the bins, with sessions of equal weight whatever they traded in all.

    A session s that traded T_s in all is expected to trade T_s p_b in bin b:

        p_b = mean over the sessions that know b of v_sb / T_s,   T_s = Σ v_sb / Σ p_b over the bins that s knows,

    solved by turns from an even curve. Where every bin is known this is the mean of the sessions' shares (the
    historical curve of Bialkowski, Darolles and Le Fol 2008, Improving VWAP strategies, section 2).

    Parameters
    ----------
    volume : ndarray of shape (n_sessions, n_bins)
        Traded quantity, at least 0; NaN where it is not known. A half day is another curve and does not belong here.
    bin_minutes : int
        Length of a bin, minutes.

    Raises
    ------
    ValueError
        No session that traded anything, a bin that no such session knows, or a volume that is negative or infinite.

    """
    if volume.ndim != 2 or bool(np.any(volume < 0)) or bool(np.any(np.isinf(volume))):  # noqa: PLR2004 - a matrix
        raise ValueError(f"volume has the shape {volume.shape}, allowed are sessions x bins, each NaN or from 0")
    rows = volume[np.nansum(volume, axis=1) > 0]
    known = np.isfinite(rows)
    if not len(rows) or not bool(known.any(axis=0).all()):
        raise ValueError(f"{len(rows)} of {len(volume)} sessions traded anything, and they do not know every bin")
    traded, sessions = np.where(known, rows, 0.0), known.sum(axis=0)
    share = np.full(volume.shape[1], 1 / volume.shape[1])
    for _ in range(_ROUNDS):
        expected = np.where(known, share, 0.0).sum(axis=1)
        total = traded.sum(axis=1) / np.where(expected > 0, expected, 1.0)
        found = (traded / total[:, np.newaxis]).sum(axis=0) / sessions
        found /= found.sum()
        change = float(np.abs(found - share).max())
        share = found
        if change <= _ENOUGH:
            break
    cumulative = np.minimum(np.concatenate([[0.0], np.add.accumulate(share)]), 1.0)
    cumulative[-1] = 1.0
    return VolumeCurve(bin_minutes, cumulative)

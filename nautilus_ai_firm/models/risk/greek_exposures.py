"""Sensitivities of prices become exposures of the firm, fractions of its equity."""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.greeks import Greeks

GREEKS = ("delta", "gamma", "vega", "theta")
"""The exposures, in the order of the rows of `GreekExposures.rows`."""

_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GreekExposures:
    """What positions gain when the market moves a little, each array of shape (n,), fractions of equity.

    A position gains delta x + gamma x² / 2 when its underlying moves by x percent.

    Attributes
    ----------
    delta : ndarray
        Gain per 1 % move of the underlying.
    gamma : ndarray
        Change of delta per 1 % move of the underlying.
    vega : ndarray
        Gain per volatility point (a hundredth a year).
    theta : ndarray
        Gain per calendar day that passes; negative where it costs to hold.

    """

    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats

    @property
    def rows(self) -> Floats:
        """The exposures as an array of shape (4, n), in the order of `GREEKS`."""
        return np.stack([self.delta, self.gamma, self.vega, self.theta])

    def of_positions(self, positions: Floats) -> "GreekExposures":
        """Return the exposures of positions from those of one unit of each; a position of 0 has none, even of NaN."""
        return exposures_of_rows(np.where(positions == 0, 0.0, self.rows * positions))

    def by_underlying(self, places: NDArray[np.intp], n_underlyings: int) -> "GreekExposures":
        """Add up the exposures of each underlying; `places`, shape (n,), says which each position is on."""
        summed = np.zeros((len(GREEKS), n_underlyings))
        for row, added in zip(summed, self.rows, strict=True):
            np.add.at(row, places, added)
        return exposures_of_rows(summed)


def exposures_of_one(greeks: Greeks, spot: Floats, multiplier: Floats, equity: float) -> GreekExposures:
    """Return the exposures of one contract of each option.

    With S the spot and m the multiplier over equity: delta = Δ S m / 100, gamma = Γ (S / 100)² m, vega = V m / 100,
    theta = Θ m / 365.

    Parameters
    ----------
    greeks : Greeks
        Sensitivities of the prices; NaN gives NaN.
    spot : ndarray of shape (n,)
        Prices of the underlyings.
    multiplier : ndarray of shape (n,)
        Units of the underlying that one contract is on.
    equity : float
        Account equity in the currency of the prices, above 0.

    Raises
    ------
    ValueError
        Equity that is not finite and above 0.

    """
    if not 0 < equity < inf:
        raise ValueError(f"equity is {equity}, allowed is a finite number above 0")
    percent, share = spot / 100.0, multiplier / equity
    return GreekExposures(
        delta=greeks.delta * percent * share,
        gamma=greeks.gamma * percent**2 * share,
        vega=greeks.vega / 100.0 * share,
        theta=greeks.theta / _DAYS_PER_YEAR * share,
    )


def exposures_of_rows(rows: Floats) -> GreekExposures:
    """Return exposures from an array of shape (4, n), in the order of `GREEKS`."""
    return GreekExposures(delta=rows[0], gamma=rows[1], vega=rows[2], theta=rows[3])

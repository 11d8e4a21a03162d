"""Scenarios become value at risk and expected shortfall: of the past, of the past at today's volatility, or drawn."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.risk.tail import (
    UNKNOWN,
    TailRisk,
    holds_unknown,
    tail_risk,
    tail_weights,
    worst_places,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRisk:
    """Risk of a portfolio over equally likely scenarios.

    Over h rounds instrument i returns h mean_i + √h scale_i Σ_j factor_ij shocks_sj in scenario s: one mean, once.

    Attributes
    ----------
    shocks : ndarray of shape (n_scenarios, n)
        In units of `scale`; an instrument that is not known has 0.
    known : ndarray of shape (n,)
        Of which instruments there are shocks.
    scale : ndarray of shape (n,)
        1 for returns as they were, volatilities per round for standardised ones; NaN is an instrument not known.
    mean : ndarray of shape (n,)
        Expected returns per round that the shocks do not have in them, fractions.
    confidence : float
        In [0.5, 1).
    horizon_rounds : int
        h, at least 1; shocks of one round are stretched by √h, which holds for independent returns.
    factor : ndarray of shape (n, n) or None
        Triangular factor of the correlation; None where the shocks are correlated as they are.
    mirrored : bool
        Whether every scenario also stands for its mirror image, so that there are twice as many.

    """

    shocks: Floats
    known: Bools
    scale: Floats
    mean: Floats
    confidence: float
    horizon_rounds: int = 1
    factor: Floats | None = None
    mirrored: bool = False

    def risk(self, weights: Floats) -> TailRisk:
        """Return the risk of weights, fractions of equity."""
        known = self._known()
        if holds_unknown(weights, known):
            return UNKNOWN
        return tail_risk(self._losses(weights, known), self.confidence)

    def marginals(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the mean return lost by each instrument in the scenarios that make each figure.

        The derivative of a quantile is the conditional mean (Tasche 2000): of the value at risk it rests on one or two
        scenarios and is noisy, of the expected shortfall on the whole tail.
        """
        known = self._known()
        if holds_unknown(weights, known):
            nothing = np.full(len(weights), np.nan)
            return nothing, nothing
        at_risk, shortfall = tail_weights((1 + self.mirrored) * len(self.shocks), self.confidence)
        places = worst_places(self._losses(weights, known), len(at_risk))
        rows = self.shocks[places % len(self.shocks)]
        if self.factor is not None:
            rows = np.einsum("sj,ij->si", rows, self.factor)
        mirror = np.where(places < len(self.shocks), 1.0, -1.0)[:, np.newaxis]
        lost = -(sqrt(self.horizon_rounds) * self.scale * mirror * rows + self.horizon_rounds * self.mean)
        lost = np.where(known, lost, np.nan)
        return (at_risk[:, np.newaxis] * lost).sum(axis=0), (shortfall[:, np.newaxis] * lost).sum(axis=0)

    def _known(self) -> Bools:
        return self.known & np.isfinite(self.scale) & np.isfinite(self.mean)

    def _losses(self, weights: Floats, known: Bools) -> Floats:
        exposure = np.where(known, weights * sqrt(self.horizon_rounds) * self.scale, 0.0)
        if self.factor is not None:
            exposure = np.einsum("ij,i->j", self.factor, exposure)
        moved = np.einsum("si,i->s", self.shocks, exposure)
        gain = self.horizon_rounds * float(np.where(known, weights * self.mean, 0.0).sum())
        return (np.concatenate([-moved, moved]) if self.mirrored else -moved) - gain

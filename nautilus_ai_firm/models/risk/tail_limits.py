"""Value at risk and expected shortfall become two limits of all weights together."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats, TailSplit
from nautilus_ai_firm.models.risk.decomposition import decompose
from nautilus_ai_firm.models.risk.limit_kinds import Joint
from nautilus_ai_firm.models.risk.liquidity import liquidity_adjusted, rounds_to_liquidate
from nautilus_ai_firm.models.risk.tail import UNKNOWN, Measure, TailRisk
from nautilus_ai_firm.models.risk.value_at_risk import ValueAtRiskModel, worst_of

RULES = ("max_var", "max_es")
SPLIT_AGAIN = 0.1
"""Relative change of the value at risk from which its parts are told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TailBounds:
    """Largest value at risk and expected shortfall, fractions of equity."""

    max_var: float
    max_es: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How positions are left.

    Attributes
    ----------
    participation : float
        Share of the average volume that the firm would be, in (0, 1].
    half_spread : float
        Half of the bid-ask spread, a fraction of the price.
    horizon_rounds : int
        Horizon of the figures.
    in_limits : bool
        Whether the limits hold for the figures with the time and cost of getting out.

    """

    participation: float
    half_spread: float
    horizon_rounds: int
    in_limits: bool


class TailLimits:
    """The tail of a portfolio, and how much of it is allowed.

    Parameters
    ----------
    model : ValueAtRiskModel
        How it is measured.
    bounds : TailBounds
        How much is allowed.
    leaving : Exit
        How positions are left.
    n : int
        Number of instruments.

    """

    __slots__ = ("_bounds", "_last", "_leaving", "_measures", "_model", "_split_at", "_volume_weight", "unknown")

    def __init__(self, model: ValueAtRiskModel, bounds: TailBounds, leaving: Exit, n: int) -> None:
        self._model = model
        self._bounds = bounds
        self._leaving = leaving
        self._measures: dict[str, Measure] = {}
        self._last: tuple[bytes, TailRisk] | None = None
        self._split_at = 0.0  # the value at risk of which the parts were told
        self.unknown: Bools = np.ones(n, dtype=np.bool_)  # instruments of which too little is known

    def update(self, close: Floats, fresh: Bools) -> None:
        """Take the closes of a round, shape (n,)."""
        self._model.update(close, fresh)
        self._last = None

    def measure(self, volume_weight: Floats) -> None:
        """Take the measures of this moment: before a decision, not in rounds that are only learnt from.

        Parameters
        ----------
        volume_weight : ndarray of shape (n,)
            Average value that the market trades in a round, over equity; NaN is not known.

        """
        self._measures = self._model.measures()
        self._volume_weight = volume_weight
        if bool(np.any(self.unknown)):  # what is known stays known
            nothing = np.zeros(len(self.unknown))
            slopes = [slope for one in self._measures.values() for slope in one.marginals(nothing)]
            self.unknown = np.any(~np.isfinite(slopes), axis=0)

    def joint(self) -> tuple[Joint, ...]:
        """Return both limits."""
        bounds = self._bounds
        return (
            Joint(rule=RULES[0], limit=bounds.max_var, measure=lambda w: self.risk(w).value_at_risk),
            Joint(rule=RULES[1], limit=bounds.max_es, measure=lambda w: self.risk(w).expected_shortfall),
        )

    def risk(self, weights: Floats) -> TailRisk:
        """Return the largest figures of the methods; both limits ask for the same weights, which are measured once."""
        asked = weights.tobytes()
        if self._last is None or self._last[0] != asked:
            adjusted = self._leaving.in_limits
            self._last = asked, self._adjusted(weights) if adjusted else worst_of(self._measures, weights)
        return self._last[1]

    def split(self, weights: Floats, instrument_ids: tuple[str, ...]) -> TailSplit | None:
        """Say whose the value at risk is, where it has changed much since it was last said; None elsewhere."""
        held = np.flatnonzero(weights)
        figures = {name: one.risk(weights).value_at_risk for name, one in self._measures.items()}
        if not len(held) or not all(isfinite(figure) for figure in figures.values()):
            return None
        method = max(figures, key=lambda name: figures[name])
        if abs(figures[method] - self._split_at) < SPLIT_AGAIN * self._split_at:
            return None
        self._split_at = figures[method]
        parts = decompose(self._measures[method], weights)
        return TailSplit(
            method=method,
            instruments=tuple(instrument_ids[place] for place in held.tolist()),
            marginal=parts.marginal_value_at_risk[held],
            component=parts.component_value_at_risk[held],
            liquidity_adjusted=self._adjusted(weights).value_at_risk,
        )

    def _adjusted(self, weights: Floats) -> TailRisk:
        leaving = self._leaving
        rounds = rounds_to_liquidate(weights, self._volume_weight, leaving.participation)
        spread = np.full(len(weights), leaving.half_spread)
        figures = [
            liquidity_adjusted(one, weights, rounds, spread, leaving.horizon_rounds) for one in self._measures.values()
        ]
        if not all(isfinite(value) for figure in figures for value in figure):
            return UNKNOWN  # also where something cannot be sold: it lets nothing in either
        return TailRisk(max(one.value_at_risk for one in figures), max(one.expected_shortfall for one in figures))

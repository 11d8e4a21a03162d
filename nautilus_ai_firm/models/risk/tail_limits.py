"""Value at risk and expected shortfall become two limits of all weights together."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.risk.limit_kinds import Joint
from nautilus_ai_firm.models.risk.tail import Measure, TailRisk
from nautilus_ai_firm.models.risk.value_at_risk import ValueAtRiskModel, worst_of

RULES = ("max_var", "max_es")


@dataclass(frozen=True, slots=True, kw_only=True)
class TailBounds:
    """Largest value at risk and expected shortfall, fractions of equity."""

    max_var: float
    max_es: float


class TailLimits:
    """The tail of a portfolio, and how much of it is allowed.

    Parameters
    ----------
    model : ValueAtRiskModel
        How it is measured.
    bounds : TailBounds
        How much is allowed.
    n : int
        Number of instruments.

    """

    __slots__ = ("_bounds", "_last", "_measures", "_model", "unknown")

    def __init__(self, model: ValueAtRiskModel, bounds: TailBounds, n: int) -> None:
        self._model = model
        self._bounds = bounds
        self._measures: dict[str, Measure] = {}
        self._last: tuple[bytes, TailRisk] | None = None
        self.unknown: Bools = np.ones(n, dtype=np.bool_)  # instruments of which too little is known

    def update(self, close: Floats, fresh: Bools) -> None:
        """Take the closes of a round, shape (n,)."""
        self._model.update(close, fresh)
        self._last = None

    def measure(self) -> None:
        """Take the measures of this moment: before a decision, not in rounds that are only learnt from."""
        self._measures = self._model.measures()
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
            self._last = asked, worst_of(self._measures, weights)
        return self._last[1]

"""The value at risk of a run -> how it was kept, and whose it was when it was largest."""

from dataclasses import dataclass
from math import nan

import numpy as np

from nautilus_ai_firm.messages import Floats, Times
from nautilus_ai_firm.models.risk.backtests import Backtest, backtest, exceptions
from nautilus_ai_firm.research.risk_rows import RiskRows
from nautilus_ai_firm.runs.risk_table import COMPONENT, LIQUIDITY_ADJUSTED
from nautilus_ai_firm.settings import Firm, stated


@dataclass(frozen=True, slots=True, kw_only=True)
class TailShare:
    """Whose the value at risk was when it was largest of the rounds that told: the parts sum to the total.

    Attributes
    ----------
    ts : int
        Close of that round, nanoseconds UTC.
    parts : tuple of (str, float)
        Instrument and its component, a fraction of equity, the largest first.
    liquidity_adjusted : float
        The value at risk with the time and cost of getting out, a fraction of equity; NaN where not known.

    """

    ts: int
    parts: tuple[tuple[str, float], ...]
    liquidity_adjusted: float

    @property
    def total(self) -> float:
        """The value at risk, a fraction of equity."""
        return sum(part for _, part in self.parts)


def judged(firm: Firm, rows: RiskRows, rounds: Times, returns: Floats) -> Backtest | None:
    """Hold the returns of rounds against the figure of the round before; rounds that held nothing do not count."""
    measured = stated(firm.risk.value_at_risk)
    if measured is None or measured.horizon_rounds != 1:
        return None
    figure = dict(zip(rows.round.tolist(), rows.value.tolist(), strict=True))
    before = np.array([figure.get(one, nan) for one in rounds[:-1].tolist()], dtype=np.float64)
    hits = exceptions(returns, np.where(before > 0, before, nan))
    return backtest(hits, measured.confidence) if len(hits) else None


def tail_share(rows: RiskRows) -> TailShare | None:
    """Find the round whose value at risk was largest, and whose it was."""
    parts, adjusted = rows.take(rows.rule == COMPONENT), rows.take(rows.rule == LIQUIDITY_ADJUSTED)
    if not len(parts.round):
        return None
    told, which = np.unique(parts.round, return_inverse=True)
    most = told[int(np.argmax(np.bincount(which, weights=parts.value)))]
    then = parts.take(parts.round == most)
    return TailShare(
        ts=int(then.ts[0]),
        parts=tuple(
            sorted(zip(then.subject.tolist(), then.value.tolist(), strict=True), key=lambda row: (-row[1], row[0]))
        ),
        liquidity_adjusted=float(adjusted.value[adjusted.round == most][0]),
    )

"""What the risk desk tells of its figures."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from nautilus_ai_firm.messages.arrays import Floats, ReadOnlyArrays


@dataclass(frozen=True, slots=True, kw_only=True)
class StressResult(ReadOnlyArrays):
    """What a portfolio would lose in each scenario.

    Attributes
    ----------
    scenarios : tuple of str
        Names, at least one.
    losses : ndarray of shape (n_scenarios,)
        Fractions of equity; positive is a loss.

    """

    scenarios: tuple[str, ...]
    losses: Floats

    @property
    def worst(self) -> int:
        """Place of the largest loss; the first of equal ones."""
        return int(np.argmax(self.losses))

    @property
    def worst_scenario(self) -> str:
        """Name of the scenario with the largest loss."""
        return self.scenarios[self.worst]

    @property
    def worst_loss(self) -> float:
        """The largest loss, a fraction of equity; negative where every scenario is a gain."""
        return float(self.losses[self.worst])


@dataclass(frozen=True, slots=True, kw_only=True)
class TailSplit(ReadOnlyArrays):
    """Whose the value at risk of a portfolio is, and how much more it is with the time and cost of getting out.

    Attributes
    ----------
    method : str
        The method that gives the largest figure; the others play no part.
    instruments : tuple of str
        What is held, in the order of the universe.
    marginal : ndarray of shape (n_instruments,)
        Loss per unit of weight added.
    component : ndarray of shape (n_instruments,)
        Weight times marginal, fractions of equity, below 0 for what hedges: they sum to the value at risk.
    liquidity_adjusted : float
        The portfolio's value at risk when positions are sold no faster than the volume bears, at the spread; NaN where
        a volume is not known or nothing trades.

    """

    method: str
    instruments: tuple[str, ...]
    marginal: Floats
    component: Floats
    liquidity_adjusted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionGreeks(ReadOnlyArrays):
    """Exposures of the options that are held beside the firm, by contract, fractions of equity; NaN is not known.

    Attributes
    ----------
    contracts : tuple of str
        What is held.
    delta : ndarray of shape (n_contracts,)
        Gain per 1 % move of the underlying.
    gamma : ndarray of shape (n_contracts,)
        Change of delta per 1 % move of the underlying.
    vega : ndarray of shape (n_contracts,)
        Gain per volatility point.
    theta : ndarray of shape (n_contracts,)
        Gain per calendar day.

    """

    contracts: tuple[str, ...]
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


class Severity(StrEnum):
    """How bad it is, from the mildest."""

    WARNING = "warning"
    BREACH = "breach"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAlertEvent:
    """A limit that is nearly or wholly used, told in the round in which it came to that and not again until it passed.

    Attributes
    ----------
    round : int
        The round.
    ts_event : int
        Its close, nanoseconds UTC.
    rule : str
        The limit.
    subject : str or None
        Instrument, sector, cluster, agent or scenario; None is the whole portfolio.
    value, limit : float
        What was seen, and what is allowed, in the unit of the limit.
    use : float
        value / limit; infinite values are told as the largest that a record holds.
    action : str
        What the desk did about it.
    severity : Severity
        A warning near a limit, a breach of one, or a halt.

    """

    round: int
    ts_event: int
    rule: str
    subject: str | None
    value: float
    limit: float
    use: float
    action: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport(ReadOnlyArrays):
    """How far each limit is used by what risk lets through in a round.

    Attributes
    ----------
    round : int
        The round.
    ts_event : int
        Its close, nanoseconds UTC.
    rules : tuple of str
        Names of the limits; one may be there for several subjects.
    subjects : tuple of str
        Instrument (of a limit of each instrument the one that uses most), sector, cluster, agent; empty is the whole
        portfolio.
    value, limit : ndarray of shape (n_rules,)
        What is used, NaN where it is not known, and what is allowed.
    stress : StressResult, optional
        Losses by scenario, where the firm has scenarios.
    split : TailSplit, optional
        Whose the value at risk is, in rounds in which it has changed much since it was last split.
    options : OptionGreeks, optional
        Exposures of the options that are held beside the firm, where there are any.

    """

    round: int
    ts_event: int
    rules: tuple[str, ...]
    subjects: tuple[str, ...]
    value: Floats
    limit: Floats
    stress: StressResult | None = None
    split: TailSplit | None = None
    options: OptionGreeks | None = None

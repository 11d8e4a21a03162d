"""What signal agents, CIO, risk and compliance tell: views, weights, breaches and commands."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages.arrays import Bools, Floats, ReadOnlyArrays
from nautilus_ai_firm.messages.pyramids import PyramidPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotingIntent(ReadOnlyArrays):
    """Where an agent would quote, for an execution that places limit orders and knows its own inventory.

    With q the inventory as a share of the largest one that is wanted, signed, the quotes are

        bid = mid (1 - bid_offset - q inventory_offset),  ask = mid (1 + ask_offset - q inventory_offset).

    Attributes
    ----------
    bid_offset, ask_offset : ndarray of shape (n_instruments,)
        Distance of the quotes from the mid where nothing is held, fractions of the mid; NaN is no intent. One may be
        negative, for the agent may see the fair price away from the mid; their sum, the spread, is not.
    inventory_offset : ndarray of shape (n_instruments,)
        How far both quotes go down with the whole inventory, fractions of the mid.

    """

    bid_offset: Floats
    ask_offset: Floats
    inventory_offset: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEvent(ReadOnlyArrays):
    """One agent's view of each instrument.

    Attributes
    ----------
    round : int
        The round that it is about.
    ts_event : int
        When it was said, nanoseconds UTC: at the close of that round, or later.
    agent : str
        Whose view it is.
    score, confidence : ndarray of shape (n_instruments,)
        In [-1, 1] and in [0, 1]; NaN is no view.
    quoting : QuotingIntent, optional
        Where the agent would quote, from agents that say so.

    """

    round: int
    ts_event: int
    agent: str
    score: Floats
    confidence: Floats
    quoting: QuotingIntent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A limit that was hit: what was seen, what is allowed, and what the desk did about it.

    `group` names the sector, cluster, agent or underlying of options whose limit it is.
    """

    rule: str
    instrument_id: str | None
    observed: float
    limit: float
    action: str
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """An agent that had not spoken when its round was decided.

    `last_round` is the round of its last signal, which counts instead, decayed; None where none counts any more.
    """

    agent: str
    last_round: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEvent(ReadOnlyArrays):
    """What the CIO wants to hold after this round.

    Attributes
    ----------
    decision_id : str
        Counter of the round, `R000001`.
    execution_ts : ndarray of shape (n_instruments,)
        Intended execution time of each instrument, nanoseconds UTC; 0 where the calendar knows no next session.
    equity : Decimal
        Account balance plus positions marked at the round's closes, account currency.
    balance : Decimal
        Account balance alone: realised profit, commissions and financing are booked in it, open profit is not.
    positions : ndarray of shape (n_instruments,)
        Filled quantity, signed.
    current : ndarray of shape (n_instruments,)
        Current weights, working orders included, fractions of equity, signed.
    close : ndarray of shape (n_instruments,)
        Price at which the weights were computed.
    fresh : ndarray of shape (n_instruments,)
        Whether the instrument has a bar in this round.
    weights : ndarray of shape (n_instruments,)
        Decided weights, fractions of equity, signed.
    agents : tuple of str
        Agents whose signal was used, be it of this round or an older one, sorted.
    contributions : ndarray of shape (n_agents, n_instruments)
        Part of each agent in the decided weights; columns sum to the weight where agents had a view.
    absences : tuple of Absence
        Agents that had said nothing about this round, sorted.
    plans : tuple of PyramidPlan
        Positions that are built in layers, by place.

    """

    round: int
    ts_event: int
    decision_id: str
    execution_ts: NDArray[np.int64]
    equity: Decimal
    balance: Decimal
    positions: NDArray[np.int64]
    current: Floats
    close: Floats
    fresh: Bools
    weights: Floats
    agents: tuple[str, ...]
    contributions: Floats
    absences: tuple[Absence, ...] = ()
    plans: tuple[PyramidPlan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskedDecision(ReadOnlyArrays):
    """A decision after the risk desk: weights only shrink; drawdown as a fraction of the high-water mark."""

    decision: DecisionEvent
    drawdown: float
    weights: Floats
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedDecision(ReadOnlyArrays):
    """A risked decision after the compliance desk: weights only shrink."""

    risked: RiskedDecision
    weights: Floats
    breaches: tuple[Breach, ...]


class RiskAction(StrEnum):
    """What the risk desk can order at any time."""

    HALT = "halt"
    CANCEL_ALL = "cancel_all"
    FLATTEN = "flatten"
    SET_STOP = "set_stop"
    SET_TAKE_PROFIT = "set_take_profit"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCommand:
    """An order of the risk stage to the execution desk, obeyed before any pending work.

    Attributes
    ----------
    sequence : int
        Counter of the commands of one sender.
    ts_event : int
        When it was given, nanoseconds UTC.
    action : RiskAction
        What is to be done.
    cause, who : str
        Why, and on whose word.
    place : int, optional
        The instrument's place in the universe: of a stop or take profit always, of `flatten` where one position alone
        is meant.
    price : float, optional
        Trigger price of a stop, limit of a take profit.
    sender : str
        Who gave it: `risk`, `stops`, or the `host`, who looks at the kill switch between rounds.
    layer : int, optional
        The layer of the position that the stop or take profit is for, from 1; the position itself when absent.
    quantity : int, optional
        Of the layer, unsigned, instrument units; 0 is a layer that is over.

    """

    sequence: int
    ts_event: int
    action: RiskAction
    cause: str
    who: str
    place: int | None = None
    price: float | None = None
    sender: str = "risk"
    layer: int | None = None
    quantity: int | None = None

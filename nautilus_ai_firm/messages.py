"""What one desk tells the next: one frozen, slotted dataclass per hand-over.

Arrays run over the universe in the order of the configuration. Whoever publishes a message makes its arrays
read-only, so that no desk can change what another one sees.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]
type Bools = NDArray[np.bool_]


class _ReadOnlyArrays:
    """Make every array of a message read-only when the message is made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSnapshot(_ReadOnlyArrays):
    """The market at one closed round.

    Attributes
    ----------
    round : int
        Counter of rounds, from 1; rounds of the history end with 0.
    ts_event : int
        Close of the decision bar, nanoseconds UTC.
    open, high, low, close, volume : ndarray of shape (n_instruments,)
        The closed bar; an instrument without a bar in this round keeps its last close in all four prices, with
        volume 0 (NaN before its first bar).
    fresh : ndarray of shape (n_instruments,)
        Whether the instrument has a bar in this round.
    inputs : ndarray of shape (n_inputs,)
        Last value of every input (index close or macro series) published by the close; NaN before the first.
    inputs_fresh : ndarray of shape (n_inputs,)
        Whether the input changed since the round before.

    """

    round: int
    ts_event: int
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    fresh: Bools
    inputs: Floats
    inputs_fresh: Bools

    @property
    def is_history(self) -> bool:
        """Whether desks only learn from this round: it lies before the first one, and nobody decides."""
        return self.round <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBar:
    """A bar that came after its round was closed: recorded, and otherwise not used.

    Attributes
    ----------
    ts_event, ts_init : int
        Close of the bar and its arrival, nanoseconds UTC.
    round : int
        The last round that was closed when it came.
    instrument_id : str
        Whose bar it is.
    close : Decimal
        Its close.

    """

    ts_event: int
    ts_init: int
    round: int
    instrument_id: str
    close: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalEvent(_ReadOnlyArrays):
    """One agent's view: score in [-1, 1], confidence in [0, 1], shape (n_instruments,); NaN is no view."""

    round: int
    ts_event: int
    agent: str
    score: Floats
    confidence: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A limit that was hit: what was seen, what is allowed, and what the desk did about it."""

    rule: str
    instrument_id: str | None
    observed: float
    limit: float
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEvent(_ReadOnlyArrays):
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
        Agents whose signal was used, sorted.
    contributions : ndarray of shape (n_agents, n_instruments)
        Part of each agent in the decided weights; columns sum to the weight where agents had a view.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskedDecision(_ReadOnlyArrays):
    """A decision after the risk desk: weights only shrink; drawdown as a fraction of the high-water mark."""

    decision: DecisionEvent
    drawdown: float
    weights: Floats
    breaches: tuple[Breach, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedDecision(_ReadOnlyArrays):
    """A risked decision after the compliance desk: weights only shrink."""

    risked: RiskedDecision
    weights: Floats
    breaches: tuple[Breach, ...]


class RiskAction(StrEnum):
    """What the risk desk can order at any time."""

    HALT = "halt"
    CANCEL_ALL = "cancel_all"
    FLATTEN = "flatten"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCommand:
    """An order of the risk desk to the execution desk, obeyed before any pending work."""

    sequence: int
    ts_event: int
    action: RiskAction
    cause: str
    who: str


class OrderEventKind(StrEnum):
    """What happened to an order."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    FILLED = "filled"
    DENIED = "denied"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """One event in the life of an order, as the execution desk saw it."""

    kind: OrderEventKind
    ts_event: int
    round: int
    decision_id: str
    instrument_id: str
    client_order_id: str
    parent_order_id: str
    exec_algorithm: str | None
    side: str
    quantity: Decimal
    price: Decimal | None = None
    commission: Decimal | None = None
    currency: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the order gate said of one order; `breach` is None where it passed."""

    ts_event: int
    round: int
    decision_id: str
    instrument_id: str
    client_order_id: str
    side: str
    quantity: int
    price: float
    breach: Breach | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRecord:
    """What became of a parent order: intended and filled quantity, in instrument units."""

    ts_event: int
    round: int
    decision_id: str
    instrument_id: str
    parent_order_id: str
    exec_algorithm: str | None
    side: str
    quantity: int
    filled_quantity: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTick:
    """A market event at which orders of one instrument may go out: what the algorithms hear of the market."""

    place: int
    ts_event: int
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelParent:
    """The execution desk takes a parent order back from its algorithm."""

    parent_order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildIntent:
    """An algorithm is about to send a child order of this quantity."""

    parent_order_id: str
    client_order_id: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentDone:
    """An algorithm will send no more children of this parent; `unsent` is what it leaves of the quantity."""

    parent_order_id: str
    unsent: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The session ends at this time, nanoseconds UTC: nothing new goes out; working orders are canceled or kept."""

    ts_event: int
    cancel_working: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first exception of a run."""

    component: str
    round: int
    error: str
    traceback: str

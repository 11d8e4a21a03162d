"""What the execution desk, its algorithms and the gate tell of orders, and the host of the end."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from nautilus_ai_firm.messages.decisions import Breach

STOP, TAKE_PROFIT = "S", "T"
"""What the decision ids of stops and of take profits begin with."""
CONTINUED = "C"
"""What the decision ids of orders that go on after an interruption begin with."""


class OrderEventKind(StrEnum):
    """What happened to an order."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    FILLED = "filled"
    DENIED = "denied"
    REJECTED = "rejected"
    UPDATED = "updated"
    CANCELED = "canceled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """One event in the life of an order, as the execution desk saw it.

    `received_ns` is the time on the wall at which the node had it, nanoseconds UTC, where that is not `ts_event`: at a
    broker, whose own times are whole seconds of fills. `layer` is the number of the layer that an exit closes; None for
    the exit of a whole position, and for every other order.
    """

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
    received_ns: int | None = None
    layer: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the order gate said of one order; `breach` is None where it passed.

    The price is the market's, the trigger of a stop, or a limit; `is_stop` is true of stops and of take profits, and
    the decision id of a take profit begins with T. `is_auction` is true of an order that is committed to the closing
    auction at this time: where the venue is simulated it leaves at the close.
    """

    ts_event: int
    round: int
    decision_id: str
    instrument_id: str
    client_order_id: str
    side: str
    quantity: int
    price: float
    breach: Breach | None
    is_stop: bool = False
    is_limit: bool = False
    is_auction: bool = False

    @property
    def is_take_profit(self) -> bool:
        """Whether the order closes at a limit with a profit."""
        return self.is_stop and self.decision_id.startswith(TAKE_PROFIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentRecord:
    """What became of a parent order: intended and filled quantity, in instrument units.

    `estimated_impact_bps` is what the impact was thought to be before it left, where somebody thought, from the average
    daily volume, instrument units, and the volatility a day, a fraction.
    """

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
    estimated_impact_bps: float | None = None
    average_daily_volume: float | None = None
    volatility_per_day: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTick:
    """A market event at which orders of one instrument may go out: what the algorithms hear of the market.

    `price` is what the working parent's side would trade at; at a trade all three are one price.
    """

    place: int
    ts_event: int
    price: float
    bid: float
    ask: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelParent:
    """The execution desk takes a parent order back from its algorithm, and the children that rest or leaves them."""

    parent_order_id: str
    cancels_children: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildIntent:
    """An algorithm is about to send a child order of this quantity."""

    parent_order_id: str
    client_order_id: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentDone:
    """An algorithm will send no more children of this parent; `unsent` is what it leaves of the quantity.

    `leaves_order` says that the parent's own order is still with the algorithm, and not its last child.
    """

    parent_order_id: str
    unsent: int
    reason: str
    leaves_order: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """What was left of a parent order when a lost connection or the end of its session took it away.

    Attributes
    ----------
    instrument_id : str
        Its instrument.
    parent_order_id : str
        Its id then.
    quantity : int
        What is left, signed, instrument units.
    execution_ns, end_ns, interval_ns : int
        Earliest release, end and step of slicing, nanoseconds (UTC the first two); 0 for what goes out at once.
    algorithm : str
        Who slices it, where it has an end.
    floor_price : float, optional
        Price that confirms it.
    parameters : tuple of (str, str)
        What its algorithm is told beside the times, by name.
    auction_ns, close_ns : int
        When the rest is committed to the closing auction, and when that is, nanoseconds UTC; 0 where nothing is.

    """

    instrument_id: str
    parent_order_id: str
    quantity: int
    execution_ns: int
    end_ns: int = 0
    interval_ns: int = 0
    algorithm: str = ""
    floor_price: float | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    auction_ns: int = 0
    close_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Whether orders can reach the market and what comes back can be trusted.

    Attributes
    ----------
    ts_event : int
        When the host knew, nanoseconds UTC.
    trusted : bool
        Whether new risk may be taken: without, held and sliced orders are dropped and none goes out.
    cause : str
        What happened.
    without_s : float
        Seconds since it was lost; 0 where it is.
    barred : tuple of str
        Instruments in which no new risk may be taken all the same, sorted: the market data of them are not fresh.
    resumed : tuple of Interrupted
        What goes on, now that orders can reach the market again.

    """

    ts_event: int
    trusted: bool
    cause: str
    without_s: float = 0.0
    barred: tuple[str, ...] = ()
    resumed: tuple[Interrupted, ...] = ()


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

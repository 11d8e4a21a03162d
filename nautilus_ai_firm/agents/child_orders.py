"""A quantity of a parent -> a child: asked of the gate, told to the execution desk, spawned and sent; used by 6."""

from dataclasses import replace
from typing import Any, Protocol

from nautilus_trader.common import Cache
from nautilus_trader.model import ClientId, LimitOrder, MarketOrder, Price, Quantity, TimeInForce

from nautilus_ai_firm.agents.book import Universe, nearest_float
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.sliced import Committed, Sliced
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.messages import ChildIntent, ExecutionTick, GateResult


class Spawner(Protocol):
    """What it needs of the algorithm: the engine lets nobody else make children."""

    line: Line

    @property
    def cache(self) -> Cache | None:
        """The engine's cache."""
        ...

    @property
    def portfolio(self) -> Any:
        """The engine's portfolio."""
        ...

    def spawn_market(
        self, primary: Any, quantity: Quantity, time_in_force: TimeInForce = TimeInForce.GTC, *, tags: Any = None
    ) -> MarketOrder:
        """Make a child at the market."""
        ...

    def spawn_limit(
        self, primary: Any, quantity: Quantity, price: Price, *, tags: Any = None, reduce_primary: bool = True
    ) -> LimitOrder:
        """Make a child that rests."""
        ...

    def submit_order(self, order: Any, *, client_id: ClientId | None = None) -> None:
        """Send it."""
        ...


class ChildOrders:
    """Sends the children of one algorithm.

    Parameters
    ----------
    universe : Universe
        What the firm trades.
    gate : OrderGate
        What every child must pass.
    algorithm : Spawner
        The algorithm.
    are_limits : bool
        Whether children rest.

    """

    def __init__(self, universe: Universe, gate: OrderGate, algorithm: Spawner, *, are_limits: bool) -> None:
        self._universe = universe
        self._gate = gate
        self._algorithm = algorithm
        self._are_limits = are_limits

    @property
    def last_is_parent(self) -> bool:
        """Whether the last child is the parent: not at a broker, whose adapter sends an order as it was first made."""
        return self._universe.client_id is None

    def send(self, sliced: Sliced, tick: ExecutionTick, quantity: int, limit: Price | None) -> bool:
        """Send a child that passes the gate, and say whether it did; the last at the market can be the parent."""
        parent_id, children = sliced.parent_id, sliced.children
        last = self.last_is_parent and limit is None and quantity == children.unsent
        child_id = parent_id if last else sliced.next_child_id
        price = tick.price if limit is None else nearest_float(limit)
        question = self.question(sliced, child_id, quantity, tick.ts_event, price)
        if not self._gate.check(self._algorithm.line, question, sliced.place, lambda: self.position(sliced)):
            return False
        self._announce(sliced, child_id, quantity, tick.ts_event, None if limit is None else price)
        primary = self._primary(sliced)
        self._submit(primary if last else self._spawn(sliced, primary, quantity, limit))
        return True

    def send_committed(self, sliced: Sliced, committed: Committed, ts_event: int, time_in_force: TimeInForce) -> None:
        """Send what was committed to the closing auction, and passed the gate then."""
        self._announce(sliced, committed.child_id, committed.quantity, ts_event)
        size = Quantity.from_int(committed.quantity)
        self._submit(self._algorithm.spawn_market(self._primary(sliced), size, time_in_force, tags=sliced.order.tags))

    def _announce(
        self, sliced: Sliced, child_id: str, quantity: int, ts_event: int, price: float | None = None
    ) -> None:
        """Count a child that is about to leave, here and at the execution desk."""
        intent = ChildIntent(parent_order_id=sliced.parent_id, client_order_id=child_id, quantity=quantity)
        self._algorithm.line.publish(Topic.CHILD_INTENT, intent)
        sliced.children.send(child_id, quantity, sliced.window.interval(ts_event), price)
        sliced.changed_ns = ts_event
        sliced.spawned += child_id != sliced.parent_id

    def _primary(self, sliced: Sliced) -> Any:
        """Read the parent's order: the engine's copy has shrunk by what was spawned."""
        cache = self._algorithm.cache
        assert cache is not None  # there is one from the start on
        return cache.order(sliced.order.client_order_id)

    def _submit(self, order: Any) -> None:
        """Hand an order to the venue."""
        self._algorithm.submit_order(order, client_id=self._universe.client_id)

    def _spawn(self, sliced: Sliced, primary: Any, quantity: int, limit: Price | None) -> Any:
        size, tags = Quantity.from_int(quantity), sliced.order.tags
        if limit is None:
            return self._algorithm.spawn_market(primary, size, tags=tags)
        # what comes back of a limit is given to the parent by the engine, before or after the firm hears of it: so the
        # parent keeps its quantity, and the children alone count
        return self._algorithm.spawn_limit(primary, size, limit, tags=tags, reduce_primary=False)

    def auction_question(self, sliced: Sliced, committed: Committed, ts_event: int) -> GateResult:
        """Describe an order for the closing auction to the gate."""
        question = self.question(sliced, committed.child_id, committed.quantity, ts_event, committed.price)
        return replace(question, is_limit=False, is_auction=True)

    def question(self, sliced: Sliced, child_id: str, quantity: int, ts_event: int, price: float) -> GateResult:
        """Describe a child to the gate."""
        return GateResult(
            ts_event=ts_event,
            round=self._algorithm.line.failures.round,
            decision_id=sliced.order.tags[0],
            instrument_id=self._universe.names[sliced.place],
            client_order_id=child_id,
            side="BUY" if sliced.buys else "SELL",
            quantity=quantity if sliced.buys else -quantity,
            price=price,
            breach=None,
            is_limit=self._are_limits,
        )

    def position(self, sliced: Sliced) -> int:
        """Return the filled quantity of the instrument, signed."""
        return round(self._algorithm.portfolio.net_position(sliced.order.instrument_id))

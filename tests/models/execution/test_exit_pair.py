"""A stop and a take profit of one quantity: whatever fills, and however late it is heard, no position is turned."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.exit_pair import ExitPair, ExitStep, pair_step
from nautilus_ai_firm.models.execution.stop_order import StopOrder, closing_quantity

S = ExitStep
TRIGGER, LIMIT = 97.0, 103.0


def resting(price: float, quantity: int = 100, **more: Any) -> StopOrder:
    order = StopOrder(sign=-1, quantity=quantity, trigger=price, pending=False)
    for name, value in more.items():
        setattr(order, name, value)
    return order


def stop(quantity: int = 100, **more: Any) -> StopOrder:
    return resting(more.pop("price", TRIGGER), quantity, **more)


def take(quantity: int = 100, **more: Any) -> StopOrder:
    return resting(more.pop("price", LIMIT), quantity, **more)


@pytest.mark.parametrize(
    ("pair", "wanted", "trigger", "limit", "linked", "broker"),
    [
        (ExitPair(), 100, TRIGGER, None, (S.SUBMIT_STOP, 100), (S.SUBMIT_STOP, 100)),
        (ExitPair(), 100, TRIGGER, LIMIT, (S.SUBMIT_PAIR, 100), (S.SUBMIT_STOP, 100)),
        (ExitPair(), 0, TRIGGER, LIMIT, None, None),
        (ExitPair(), 100, None, LIMIT, None, None),
        (ExitPair(stop()), 100, TRIGGER, None, None, None),
        (ExitPair(stop()), 100, TRIGGER, LIMIT, (S.CANCEL, 0), None),
        (ExitPair(stop(pending=True)), 100, TRIGGER, LIMIT, None, None),
        (ExitPair(stop()), 60, TRIGGER, None, (S.MODIFY, 60), (S.MODIFY, 60)),
        (ExitPair(stop(), take()), 100, TRIGGER, LIMIT, None, None),
        (ExitPair(stop(), take()), 150, TRIGGER, LIMIT, (S.CANCEL, 0), (S.CANCEL_TAKE, 0)),
        (ExitPair(stop(), take()), 60, TRIGGER, LIMIT, (S.CANCEL, 0), (S.CANCEL_TAKE, 0)),
        (ExitPair(stop(), take()), 100, TRIGGER + 1, LIMIT, (S.MODIFY, 100), (S.CANCEL_TAKE, 0)),
        (ExitPair(stop(), take()), 100, TRIGGER, LIMIT + 1, (S.CANCEL, 0), (S.CANCEL_TAKE, 0)),
        (ExitPair(stop(), take()), 100, None, None, (S.CANCEL, 0), (S.CANCEL_TAKE, 0)),
        (ExitPair(stop(taken=40), take(filled=40)), 60, TRIGGER, LIMIT, (S.CANCEL, 0), None),
        (ExitPair(stop(), take(pending=True)), 60, TRIGGER, LIMIT, None, None),
        (ExitPair(None, take()), 0, None, None, (S.CANCEL_TAKE, 0), (S.CANCEL_TAKE, 0)),
        (ExitPair(stop(is_market=True)), 60, TRIGGER, LIMIT, None, None),
        (ExitPair(None, take(is_market=True)), 60, TRIGGER, LIMIT, None, None),
    ],
)
def test_the_next_step(
    pair: ExitPair, wanted: int, trigger: float | None, limit: float | None, linked: Any, broker: Any
) -> None:
    assert pair_step(pair, 100, wanted, trigger, limit, linked=True) == linked
    assert pair_step(pair, 100, wanted, trigger, limit, linked=False) == broker


def test_what_one_fills_is_taken_from_the_other_until_the_venue_says_how_it_stands() -> None:
    order = stop()
    order.gives(40)
    assert (order.left, order.most, order.pending) == (60, 60, False)
    order.is_changed(60, TRIGGER)
    assert (order.quantity, order.left) == (60, 60)
    order.gives(60)
    assert (order.left, order.pending) == (0, True)  # it ends by itself


class Broker:
    """What the broker knows: commands reach it late, and what happens there is heard late."""

    def __init__(self) -> None:
        self.position, self.working = 0, 0
        self.orders: dict[str, list[int]] = {}  # what is left of the stop and of the take profit
        self.commands: deque[tuple[str, str, int]] = deque()
        self.events: deque[tuple[str, str, int]] = deque()
        self.turned = False

    def obey(self) -> None:
        if not self.commands:
            return
        what, name, quantity = self.commands.popleft()
        if what == "parent":
            self.working = quantity
        elif what == "bracket":
            self.working = quantity
            self.orders = {"stop": [abs(quantity), 0], "take": [abs(quantity), 0]}
        elif what == "submit":
            self.orders[name] = [quantity, 0]
            self.events.append(("accepted", name, 0))
        elif name not in self.orders:
            self.events.append(("refused", name, 0))
        elif what == "modify":
            self.orders[name][0] = max(quantity - self.orders[name][1], 0)
            self.events.append(("updated", name, quantity))
        else:
            del self.orders[name]
            self.events.append(("canceled", name, 0))

    def fill_parent(self, quantity: int) -> None:
        signed = min(quantity, abs(self.working)) * (1 if self.working > 0 else -1)
        if signed:
            before = self.position
            self.position += signed
            self.working -= signed
            self.turned |= before * self.position < 0
            self.events.append(("filled", "parent", signed))

    def fill(self, name: str, quantity: int) -> None:
        """Fill an exit, and take as much from the other one, at once: a group with block."""
        if name not in self.orders or (self.working and abs(self.position) == 0):
            return  # an exit works when its entry has filled
        if self.attached_waits:
            return
        quantity = min(quantity, self.orders[name][0])
        if not quantity:
            return
        before = self.position
        self.position -= quantity
        self.turned |= before <= 0 or self.position < 0
        for one in list(self.orders):
            self.orders[one][0] -= quantity
            self.orders[one][1] += quantity if one == name else 0
        self.events.append(("filled", name, quantity))
        for one in list(self.orders):
            left, filled = self.orders[one]
            if left <= 0:
                del self.orders[one]
                if one != name:
                    self.events.append(("canceled", one, 0))
            elif one != name:
                self.events.append(("updated", one, left + filled))

    @property
    def attached_waits(self) -> bool:
        return "take" in self.orders and self.working > 0


class Desk:
    """The firm at a broker, as far as one long position goes: it sees what it was told."""

    def __init__(self, *, waits: bool = True) -> None:
        self.broker = Broker()
        self.waits = waits
        self.position = self.working = self.wanted = 0
        self.trigger = TRIGGER
        self.pair = ExitPair()
        self.attached = False

    def enter(self, quantity: int) -> None:
        if self.position or self.working or self.wanted or not self.pair.is_empty or self.broker.events:
            return
        self.pair = ExitPair(*(StopOrder(sign=-1, quantity=quantity, trigger=one) for one in (self.trigger, LIMIT)))
        for order in (self.pair.stop, self.pair.take):
            assert order is not None
            order.pending = False
        self.working, self.attached = quantity, True
        self.broker.commands.append(("bracket", "", quantity))

    def add(self, quantity: int) -> None:
        if self.position > 0 and not self.working and not self.wanted:
            self.working = quantity
            self.broker.commands.append(("parent", "", quantity))

    def close(self, quantity: int) -> None:
        if self.position > 0 and not self.working and not self.wanted:
            self.wanted = -min(quantity, self.position)
            self.sync()
            self.leave()

    def trail(self, _ignored: int) -> None:
        self.trigger += 0.5
        self.sync()

    def leave(self) -> None:
        if not self.wanted:
            return
        room = closing_quantity(self.position, self.wanted)
        if self.waits and (self.pair.pending or self.pair.most + room > self.position):
            return
        self.working, self.wanted = self.wanted, 0
        self.broker.commands.append(("parent", "", self.working))
        self.sync()

    def sync(self) -> None:
        if self.attached and self.working:
            return
        self.attached = False
        room = closing_quantity(self.position, self.wanted)
        closing = min(max(closing_quantity(self.position, self.working), room), abs(self.position))
        wanted = abs(self.position) - closing
        trigger = self.trigger if self.position else None
        step = pair_step(self.pair, self.position, wanted, trigger, LIMIT, linked=False)
        if step is None:
            return
        kind, quantity = step
        if kind is S.SUBMIT_STOP:
            self.pair.stop = StopOrder(sign=-1, quantity=quantity, trigger=self.trigger)
            self.broker.commands.append(("submit", "stop", quantity))
        elif kind is S.MODIFY and self.pair.stop is not None:
            self.pair.stop.pending, self.pair.stop.asked, self.pair.stop.trigger = True, quantity, self.trigger
            self.broker.commands.append(("modify", "stop", quantity))
        else:
            name = "stop" if kind is S.CANCEL else "take"
            order = getattr(self.pair, name)
            order.pending = order.leaving = True
            self.broker.commands.append(("cancel", name, 0))

    def hear(self) -> None:
        if not self.broker.events:
            return
        what, name, quantity = self.broker.events.popleft()
        if name == "parent":
            self.position += quantity
            self.working -= quantity
        else:
            self._hear_exit(what, name, quantity)
        self.sync()
        self.leave()

    def _hear_exit(self, what: str, name: str, quantity: int) -> None:
        order, other = getattr(self.pair, name), self.pair.take if name == "stop" else self.pair.stop
        if what == "filled":
            self.position -= quantity
            self.wanted = 0  # an exit that fills ends what was decided before it
            order.filled += quantity
            if other is not None:
                other.gives(quantity)
            if not order.left:
                setattr(self.pair, name, None)
        elif order is None:
            return
        elif what == "accepted":
            order.pending = False
        elif what == "updated":
            order.is_changed(quantity, order.trigger)
        elif what == "canceled":
            setattr(self.pair, name, None)


ACTIONS = st.tuples(
    st.sampled_from(["enter", "add", "close", "trail", "obey", "obey", "hear", "hear", "parent", "stop", "take"]),
    st.sampled_from([10, 30, 50, 100]),
)


def played(actions: Sequence[tuple[str, int]], *, waits: bool = True) -> Desk:
    desk = Desk(waits=waits)
    for name, quantity in actions:
        if name in {"obey", "hear"}:
            (desk.broker.obey if name == "obey" else desk.hear)()
        elif name == "parent":
            desk.broker.fill_parent(quantity)
        elif name in {"stop", "take"}:
            desk.broker.fill(name, quantity)
        else:
            getattr(desk, name)(quantity)
    return desk


def settled(desk: Desk) -> None:
    """Let everything arrive that is on its way."""
    while desk.broker.commands or desk.broker.events or desk.broker.working:
        desk.broker.obey()
        desk.broker.fill_parent(1_000)
        desk.hear()


@given(st.lists(ACTIONS, max_size=60))
def test_at_a_broker_no_position_is_turned_however_late_everything_arrives(actions: list[tuple[str, int]]) -> None:
    desk = played([("enter", 100), ("obey", 0), ("parent", 100), *actions])
    assert not desk.broker.turned
    settled(desk)
    broker = desk.broker
    assert desk.position == broker.position >= 0
    assert not broker.turned
    assert broker.orders.get("stop", [0])[0] == broker.position


def test_a_closing_order_that_does_not_wait_for_both_turns_it() -> None:
    """The control: the same moves, once with room and once without."""
    moves = [
        ("enter", 100), ("obey", 0), ("parent", 100), ("hear", 0), ("close", 100), ("obey", 0), ("obey", 0),
        ("parent", 100), ("stop", 100),
    ]  # fmt: skip
    assert not played(moves).broker.turned
    assert played(moves, waits=False).broker.turned


ORDERS = st.none() | st.builds(
    stop, st.integers(1, 100), pending=st.booleans(), is_market=st.booleans(), filled=st.just(0)
)


@given(
    pair=st.builds(ExitPair, ORDERS, ORDERS),
    position=st.integers(-100, 100),
    share=st.floats(0, 1),
    trigger=st.none() | st.just(TRIGGER),
    limit=st.none() | st.just(LIMIT),
    linked=st.booleans(),
)
def test_a_pair_that_waits_has_no_step_whatever_is_wanted(
    pair: ExitPair, position: int, share: float, trigger: float | None, limit: float | None, linked: bool
) -> None:
    wanted = round(abs(position) * share)
    if pair.waits:
        assert pair_step(pair, position, wanted, trigger, limit, linked=linked) is None
        assert not pair.is_empty

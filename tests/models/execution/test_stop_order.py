"""Steps of a stop order: it covers what nothing else closes, and together they never turn a position."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.stop_order import StopOrder, StopStep, closing_quantity, next_step

SUBMIT, MODIFY, CANCEL = StopStep.SUBMIT, StopStep.MODIFY, StopStep.CANCEL


def resting(sign=-1, quantity=100, trigger=97.0, **more):
    order = StopOrder(sign=sign, quantity=quantity, trigger=trigger, pending=False)
    for name, value in more.items():
        setattr(order, name, value)
    return order


@pytest.mark.parametrize(
    ("position", "working", "closing"),
    [(100, -40, 40), (100, -150, 100), (100, 40, 0), (-100, 40, 40), (-100, -40, 0), (0, 40, 0), (100, 0, 0)],
)
def test_what_closes_a_position_is_never_more_than_it(position, working, closing):
    assert closing_quantity(position, working) == closing


@pytest.mark.parametrize(
    ("order", "position", "closing", "trigger", "step"),
    [
        (None, 100, 0, 97.0, (SUBMIT, 100)),
        (None, -100, 30, 103.0, (SUBMIT, 70)),
        (None, 100, 100, 97.0, None),
        (None, 100, 0, None, None),
        (None, 0, 0, 97.0, None),
        (resting(), 100, 0, 97.0, None),
        (resting(), 150, 0, 97.0, (MODIFY, 150)),
        (resting(), 100, 40, 97.0, (MODIFY, 60)),
        (resting(), 100, 0, 98.0, (MODIFY, 100)),
        (resting(filled=30), 70, 0, 97.0, None),
        (resting(filled=30), 70, 20, 97.0, (MODIFY, 80)),
        (resting(), 100, 100, 97.0, (CANCEL, 0)),
        (resting(), 0, 0, 97.0, (CANCEL, 0)),
        (resting(), 100, 0, None, (CANCEL, 0)),
        (resting(), -100, 0, 97.0, (CANCEL, 0)),
        (resting(pending=True), 150, 0, 97.0, None),
        (resting(is_market=True), 150, 0, 97.0, None),
    ],
)
def test_the_next_step(order, position, closing, trigger, step):
    assert next_step(order, position, closing, trigger) == step


class Venue:
    """A venue that answers late, fills whatever it likes, and a desk that asks for room before it closes."""

    def __init__(self, *, asks=True):
        self.asks = asks
        self.position, self.working = 0, 0  # signed; of the parent that left
        self.order: StopOrder | None = None
        self.step: tuple[StopStep, int] = (SUBMIT, 0)
        self.wanted = 0  # what the held parent would do, signed
        self.turned = False

    def sync(self):
        room = closing_quantity(self.position, self.wanted) if self.asks else 0
        closing = max(closing_quantity(self.position, self.working), room)
        trigger = 97.0 if self.position else None
        step = next_step(self.order, self.position, min(closing, abs(self.position)), trigger)
        if step is None:
            return
        self.step = step
        if step[0] is SUBMIT:
            self.order = StopOrder(sign=-1 if self.position > 0 else 1, quantity=step[1], trigger=97.0)
        elif self.order is not None:
            self.order.pending = True

    def answer(self):
        if self.order is None or not self.order.pending:
            return
        kind, quantity = self.step
        if kind is CANCEL:
            self.order = None
        else:
            self.order.pending, self.order.quantity = False, max(quantity, self.order.filled)
        self.sync()

    def decide(self, target):
        if not self.working and target != self.position:
            self.wanted = target - self.position
            self.sync()
            self.leave()

    def leave(self):
        if not self.wanted:
            return
        room = closing_quantity(self.position, self.wanted)
        order = self.order
        blocked = order is not None and order.sign * self.wanted > 0 and (
            order.pending or order.left + room > abs(self.position)
        )  # fmt: skip
        if not (self.asks and blocked):
            self.working, self.wanted = self.wanted, 0
            self.sync()

    def fill_parent(self, quantity):
        signed = min(quantity, abs(self.working)) * (1 if self.working > 0 else -1)
        self.position += signed
        self.working -= signed
        self.sync()

    def fill_stop(self, quantity):
        """Fill some of the stop; one whose step is under way may still fill."""
        if self.order is None or (self.step[0] is SUBMIT and self.order.pending):
            return
        quantity = min(quantity, self.order.left)
        if not quantity:
            return
        after = self.position + self.order.sign * quantity
        self.turned |= after * self.position < 0 or not self.position
        self.position = after
        self.order.filled += quantity
        self.wanted = 0  # a stop that fills ends what was decided before it
        if not self.order.left:
            self.order = None
        self.sync()


MOVES = st.one_of(
    st.tuples(st.just("decide"), st.integers(-3, 3).map(lambda lots: lots * 50)),
    st.tuples(st.just("fill_parent"), st.integers(1, 120)),
    st.tuples(st.just("fill_stop"), st.integers(1, 120)),
    st.tuples(st.just("answer"), st.none()),
    st.tuples(st.just("leave"), st.none()),
)


def played(moves, *, asks=True):
    venue = Venue(asks=asks)
    for name, value in moves:
        getattr(venue, name)(*(() if value is None else (value,)))
        order = venue.order
        if order is not None and asks and not order.pending and order.sign * venue.position < 0:
            closing = closing_quantity(venue.position, venue.working)
            assert order.left + closing <= abs(venue.position)
    return venue


@given(st.lists(MOVES, max_size=40))
def test_a_stop_never_turns_a_position_whatever_fills_first(moves):
    assert not played(moves).turned


def test_a_closing_order_that_does_not_ask_for_room_turns_it():
    """The control: the same moves, once with room and once without."""
    moves = [
        ("decide", 100), ("fill_parent", 100), ("answer", None), ("decide", 0), ("fill_parent", 100),
        ("fill_stop", 100),
    ]  # fmt: skip
    assert not played(moves).turned
    assert played(moves, asks=False).turned

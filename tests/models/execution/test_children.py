"""Children of one parent: never more than the parent, whatever the venue answers and whenever."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nautilus_ai_firm.models.execution.children import ChildError, Children


class Life(RuleBasedStateMachine):
    """Random schedules, partial fills, rejections, cancels and fills that cross with them, against plain books."""

    @initialize(
        lots=st.integers(1, 50), lot=st.sampled_from([1, 10]), low=st.integers(1, 30), high=st.integers(1, 60),
        limited=st.booleans(),
    )  # fmt: skip
    def begin(self, lots, lot, low, high, limited):
        most = max(low, high) * lot if limited else None
        self.children = Children(total=lots * lot, lot=lot, min_child=low, max_child=most)
        self.due = self.interval = self.count = 0
        self.left: dict[str, int] = {}
        self.gone: dict[str, int] = {}
        self.filled = 0
        self.intervals: set[int] = set()
        self.resting: set[str] = set()
        self.committed = ""

    @rule(more=st.integers(0, 300), passes=st.booleans(), hurries=st.booleans(), price=st.none() | st.just(9.0))
    def tick(self, more, passes, hurries, price):
        if self.committed:
            return  # the algorithm asks no more
        self.due = min(self.due + more, self.children.total)
        self.interval += passes
        quantity = self.children.sendable(self.due, self.interval, in_a_hurry=hurries)
        assert quantity <= max(self.due - self.children.sent, 0)
        assert quantity % self.children.lot == 0
        if not quantity:
            return
        assert quantity >= self.children.min_child or quantity == self.children.unsent
        self.count += 1
        self.children.send(f"E{self.count}", quantity, self.interval, price)
        self.left[f"E{self.count}"] = quantity
        self.resting |= set() if price is None else {f"E{self.count}"}
        assert self.children.max_child is None or quantity <= self.children.max_child
        assert hurries or self.interval not in self.intervals
        self.intervals.add(self.interval)

    @precondition(lambda self: not self.committed and not self.children.resting() and self.children.unsent)
    @rule()
    def commit(self):
        """All that is left goes to the closing auction in one order, when nothing rests; no child follows it."""
        self.committed, quantity = "AUCTION", self.children.unsent
        self.children.send("AUCTION", quantity, self.interval)
        self.left["AUCTION"] = quantity
        assert self.children.unsent == 0

    @precondition(lambda self: any(self.left.values()))
    @rule(data=st.data())
    def fill(self, data):
        child = data.draw(st.sampled_from([one for one, left in self.left.items() if left]))
        quantity = data.draw(st.integers(1, self.left[child]))
        self.children.fill(child, quantity)
        self.left[child] -= quantity
        self.filled += quantity

    @precondition(lambda self: any(self.left.values()))
    @rule(data=st.data(), refused=st.booleans())
    def close(self, data, refused):
        child = data.draw(st.sampled_from([one for one, left in self.left.items() if left]))
        self.children.close(child, refused=refused)
        self.gone[child], self.left[child] = self.left[child], 0

    @precondition(lambda self: any(self.gone.values()))
    @rule(data=st.data())
    def fill_after_all(self, data):
        """A fill that the venue tells after the end of the order, while nothing has replaced it."""
        child = data.draw(st.sampled_from([one for one, gone in self.gone.items() if gone]))
        room = self.children.total - self.filled - sum(self.left.values())
        if room < 1:
            return
        quantity = data.draw(st.integers(1, min(self.gone[child], room)))
        self.children.fill(child, quantity)
        self.gone[child] -= quantity
        self.filled += quantity

    @invariant()
    def filled_open_and_unsent_are_the_parent(self):
        children = self.children
        assert children.filled == self.filled
        assert children.sent == self.filled + sum(self.left.values())
        assert children.filled + sum(self.left.values()) + children.unsent == children.total
        assert children.open() == [one for one, left in self.left.items() if left]
        assert children.resting() == [one for one in children.open() if one in self.resting]
        assert children.is_filled == (self.filled == children.total)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=150, stateful_step_count=40)


def test_the_control_a_replacement_before_the_answer_would_overfill():
    """Why a cancel gives nothing back until it is answered: here the books forget the child at once."""
    children = Children(total=100)
    children.send("E1", 100, 0, 10.0)
    children.close("E1")  # planted: nobody answered
    children.send("E2", 100, 1)
    children.fill("E1", 100)
    children.fill("E2", 100)
    assert children.filled == 200


def test_a_child_that_is_asked_back_still_counts():
    children = Children(total=100)
    children.send("E1", 100, 0, 10.0)
    children.orders["E1"].is_canceling = True
    assert children.sendable(100, 1) == 0
    children.fill("E1", 30)  # on its way while the cancel was
    children.close("E1")
    assert (children.unsent, children.sendable(100, 1)) == (70, 70)


def test_what_was_missed_is_caught_up_with_one_child_an_interval():
    children = Children(total=1_000, max_child=150)
    sent = []
    for number, interval in enumerate([0, 0, 1, 1, 2, 9, 9]):
        quantity = children.sendable(1_000, interval)
        sent.append(quantity)
        if quantity:
            children.send(f"E{number}", quantity, interval)
    assert sent == [150, 0, 150, 0, 150, 150, 0]


def test_in_a_hurry_more_than_one_child_goes_out_in_an_interval():
    children = Children(total=400, max_child=150)
    sent = []
    for number in range(4):
        quantity = children.sendable(400, 0, in_a_hurry=True)
        sent.append(quantity)
        if quantity:
            children.send(f"E{number}", quantity, 0)
    assert sent == [150, 150, 100, 0]


def test_less_than_the_minimum_waits_but_for_all_that_is_left():
    children = Children(total=250, min_child=100)
    assert children.sendable(99, 0) == 0
    children.send("E1", children.sendable(230, 0), 0)
    assert children.sendable(249, 1) == 0
    assert children.sendable(250, 1) == 20


def test_refusals_count_until_a_fill():
    children = Children(total=100)
    for number in range(2):
        children.send(f"E{number}", 10, number)
        children.close(f"E{number}", refused=True)
    assert children.refusals == 2
    children.send("E9", 10, 3)
    children.fill("E9", 1)
    assert children.refusals == 0


def test_a_confirmed_limit_ends_the_asking():
    children = Children(total=100)
    children.send("E1", 10, 0, 9.0)
    children.orders["E1"].asks = 2
    children.confirm("E1", 9.5)
    assert (children.orders["E1"].price, children.orders["E1"].asks) == (9.5, 0)


@pytest.mark.parametrize(
    "misuse",
    [
        lambda children: children.send("E1", 10, 0),
        lambda children: children.send("E2", 61, 0),
        lambda children: children.send("E2", 0, 0),
        lambda children: children.fill("E1", 41),
        lambda children: children.fill("E1", 0),
        lambda children: children.fill("E9", 1),
        lambda children: children.close("E9"),
        lambda children: children.confirm("E9", 1.0),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(misuse):
    children = Children(total=100)
    children.send("E1", 40, 0)
    with pytest.raises(ChildError, match=r"E[129]: "):
        misuse(children)
    assert (children.sent, children.filled, children.unsent) == (40, 0, 60)

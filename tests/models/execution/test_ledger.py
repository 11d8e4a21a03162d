"""The working ledger: nothing is counted twice, nothing is lost, whatever the order of events."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nautilus_ai_firm.models.execution.ledger import LedgerError, Parent, WorkingLedger

N = 3


def parent(parent_id="P1", place=0, quantity=100):
    return Parent(parent_id=parent_id, place=place, quantity=quantity, round=1, decision_id="R000001", execution_ns=0)


class LedgerMachine(RuleBasedStateMachine):
    """Random lives of parents, against plain books: what was committed is filled, working, or was given up."""

    def __init__(self):
        super().__init__()
        self.ledger = WorkingLedger(N)
        self.count = 0
        self.committed = [0] * N  # all that was ever held, signed
        self.given_up = [0] * N  # what was dropped, closed or never spawned, signed
        self.position = [0] * N
        self.parents: dict[int, Parent] = {}
        self.released: set[str] = set()
        self.finished: set[str] = set()
        self.spawned: dict[str, int] = {}
        self.filled: dict[str, int] = {}
        self.leaves: dict[str, int] = {}
        self.closed: dict[str, int] = {}
        self.owner: dict[str, Parent] = {}

    def forget(self, order):
        del self.parents[order.place]
        for child in [child for child, owner in self.owner.items() if owner is order]:
            del self.owner[child], self.leaves[child]

    @rule(place=st.integers(0, N - 1), quantity=st.integers(-20, 20))
    def hold(self, place, quantity):
        self.count += 1
        order = parent(f"P{self.count}", place, quantity)
        if place in self.parents or quantity == 0:
            with pytest.raises(LedgerError):
                self.ledger.hold(order)
            return
        self.ledger.hold(order)
        self.parents[place] = order
        self.committed[place] += quantity
        self.spawned[order.parent_id] = self.filled[order.parent_id] = 0

    @rule()
    def drop_held(self):
        expected = [order for _, order in sorted(self.parents.items()) if order.parent_id not in self.released]
        assert self.ledger.drop_held() == expected
        for order in expected:
            self.given_up[order.place] += order.quantity
            self.forget(order)

    @precondition(lambda self: self.parents)
    @rule(data=st.data())
    def release(self, data):
        order = data.draw(st.sampled_from(list(self.parents.values())))
        if order.parent_id in self.released:
            with pytest.raises(LedgerError):
                self.ledger.release(order.parent_id)
        else:
            self.ledger.release(order.parent_id)
            self.released.add(order.parent_id)

    @precondition(lambda self: self.parents)
    @rule(data=st.data(), quantity=st.integers(0, 12))
    def submit(self, data, quantity):
        order = data.draw(st.sampled_from(list(self.parents.values())))
        name = order.parent_id
        self.count += 1
        child = f"{name}-E{self.count}"
        active = name in self.released and name not in self.finished
        if not active or not 0 < quantity <= abs(order.quantity) - self.spawned[name]:
            with pytest.raises(LedgerError):
                self.ledger.child_submitted(name, child, quantity)
            return
        self.ledger.child_submitted(name, child, quantity)
        self.spawned[name] += quantity
        self.leaves[child] = quantity
        self.owner[child] = order

    @precondition(lambda self: self.leaves)
    @rule(data=st.data(), quantity=st.integers(0, 12))
    def fill(self, data, quantity):
        child = data.draw(st.sampled_from(list(self.leaves)))
        order = self.owner[child]
        if not 0 < quantity <= self.leaves[child] + self.closed.get(child, 0):
            with pytest.raises(LedgerError):
                self.ledger.child_filled(child, quantity)
            return
        late = max(quantity - self.leaves[child], 0)
        name, sign = order.parent_id, 1 if order.quantity > 0 else -1
        if name not in self.finished and self.spawned[name] + late > abs(order.quantity):
            return  # replaced already: what happens then has a test of its own
        self.ledger.child_filled(child, quantity)
        self.leaves[child] -= quantity - late
        if late:
            self.closed[child] -= late
            self.spawned[name] += late
            self.given_up[order.place] -= sign * late if name in self.finished else 0
        self.filled[order.parent_id] += quantity
        self.position[order.place] += quantity if order.quantity > 0 else -quantity

    @precondition(lambda self: self.leaves)
    @rule(data=st.data())
    def close_child(self, data):
        child = data.draw(st.sampled_from(list(self.leaves)))
        order = self.owner[child]
        self.ledger.child_closed(child)
        left, self.leaves[child] = self.leaves[child], 0
        self.spawned[order.parent_id] -= left
        self.closed[child] = self.closed.get(child, 0) + left
        if order.parent_id in self.finished:
            self.given_up[order.place] += left if order.quantity > 0 else -left

    @precondition(lambda self: self.parents)
    @rule(data=st.data())
    def finish(self, data):
        order = data.draw(st.sampled_from(list(self.parents.values())))
        name = order.parent_id
        if name not in self.released:
            with pytest.raises(LedgerError):
                self.ledger.finish(name)
            return
        self.ledger.finish(name)
        if name not in self.finished:
            unspawned = abs(order.quantity) - self.spawned[name]
            self.given_up[order.place] += unspawned if order.quantity > 0 else -unspawned
        self.finished.add(name)

    @precondition(lambda self: self.parents)
    @rule(data=st.data())
    def close_parent(self, data):
        order = data.draw(st.sampled_from(list(self.parents.values())))
        name = order.parent_id
        open_leaves = sum(self.leaves[child] for child, owner in self.owner.items() if owner is order)
        unspawned = 0 if name in self.finished else abs(order.quantity) - self.spawned[name]
        if name not in self.released or open_leaves or unspawned:
            assert self.ledger.close_if_done(name) is None
        else:
            assert self.ledger.close_if_done(name) == self.filled[name]
            self.forget(order)

    @invariant()
    def committed_is_filled_working_or_given_up(self):
        working = self.ledger.working()
        for place in range(N):
            assert self.position[place] + working[place] + self.given_up[place] == self.committed[place]

    @invariant()
    def at_most_one_parent_works_in_an_instrument(self):
        for place in range(N):
            held, active = self.ledger.held(place), self.ledger.active(place)
            assert held is None or active is None
            assert (held or active) == self.parents.get(place)
            if place not in self.parents:
                assert self.ledger.working()[place] == 0

    @invariant()
    def what_works_and_what_is_filled_never_exceeds_the_parent(self):
        for order in self.parents.values():
            filled, working = self.ledger.filled(order.parent_id), int(self.ledger.working()[order.place])
            assert filled == self.filled[order.parent_id]
            assert filled + abs(working) <= abs(order.quantity)
            assert working * order.quantity >= 0


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=40)


def test_a_life_in_slices_with_a_rejection():
    ledger = WorkingLedger(2)
    ledger.hold(parent(place=1, quantity=-100))
    assert ledger.working().tolist() == [0, -100]
    ledger.release("P1")
    ledger.child_submitted("P1", "P1-E1", 40)
    ledger.child_filled("P1-E1", 25)
    assert ledger.working().tolist() == [0, -75]
    ledger.child_closed("P1-E1")
    assert ledger.working().tolist() == [0, -75]  # what it did not fill can be spawned again
    ledger.child_submitted("P1", "P1-E2", 75)
    ledger.child_closed("P1-E2")
    assert ledger.close_if_done("P1") is None
    ledger.finish("P1")
    assert ledger.working().tolist() == [0, 0]
    assert ledger.close_if_done("P1") == 25
    assert ledger.parent_of("P1-E1") is None


def test_an_order_that_is_its_own_child_is_over_when_it_is_rejected():
    ledger = WorkingLedger(1)
    ledger.hold(parent())
    ledger.release("P1")
    ledger.child_submitted("P1", "P1", 100)
    ledger.child_closed("P1")
    assert ledger.working().tolist() == [0]
    assert ledger.close_if_done("P1") == 0


def test_a_fill_that_crosses_with_its_cancel_counts_and_works_no_more():
    ledger = WorkingLedger(1)
    ledger.hold(parent())
    ledger.release("P1")
    ledger.child_submitted("P1", "P1-E1", 60)
    ledger.child_closed("P1-E1")
    assert ledger.working().tolist() == [100]
    ledger.child_filled("P1-E1", 50)
    assert (ledger.filled("P1"), ledger.working().tolist()) == (50, [50])


def test_after_it_was_replaced_such_a_fill_leaves_nothing_unspawned():
    ledger = WorkingLedger(1)
    ledger.hold(parent())
    ledger.release("P1")
    ledger.child_submitted("P1", "P1-E1", 60)
    ledger.child_closed("P1-E1")
    ledger.child_submitted("P1", "P1-E2", 80)
    ledger.child_filled("P1-E1", 60)
    assert (ledger.filled("P1"), ledger.working().tolist()) == (60, [80])
    with pytest.raises(LedgerError, match="exceeds"):
        ledger.child_submitted("P1", "P1-E3", 1)


def test_a_parent_is_committed_from_its_cut_off_on_and_one_that_leaves_later_has_missed_the_auction():
    for released_ns, committed in ((90, True), (100, False), (101, False)):
        ledger = WorkingLedger(1)
        parent = Parent(
            parent_id="P", place=0, quantity=9, round=1, decision_id="R", execution_ns=0, end_ns=200, interval_ns=10,
            auction_ns=100, close_ns=200,
        )  # fmt: skip
        ledger.hold(parent)
        assert not ledger.is_committed(0, 150)  # it has not left
        released = ledger.release("P", released_ns)
        assert (released.auction_ns, released.close_ns) == ((100, 200) if committed else (0, 0))
        assert [ledger.is_committed(0, now) for now in (99, 100, 150)] == [False, committed, committed]


def test_the_unspawned_remainder_works():
    """The control: open children alone would order the remainder of a sliced parent a second time."""
    ledger = WorkingLedger(1)
    ledger.hold(parent())
    ledger.release("P1")
    ledger.child_submitted("P1", "P1-E1", 10)
    assert ledger.working().tolist() == [100]


@pytest.mark.parametrize(
    "misuse",
    [
        lambda ledger: ledger.release("P9"),
        lambda ledger: ledger.drop("P1"),
        lambda ledger: ledger.hold(parent("P1", place=1)),
        lambda ledger: ledger.child_submitted("P1", "P1-E1", 1),
        lambda ledger: ledger.child_filled("P9-E1", 1),
        lambda ledger: ledger.child_filled("P1-E1", 41),
        lambda ledger: ledger.child_closed("P9-E1"),
        lambda ledger: ledger.finish("P9"),
        lambda ledger: ledger.close_if_done("P9"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(misuse):
    ledger = WorkingLedger(2)
    ledger.hold(parent())
    ledger.release("P1")
    ledger.child_submitted("P1", "P1-E1", 40)
    with pytest.raises(LedgerError, match=r"P[19]"):
        misuse(ledger)
    assert ledger.working().tolist() == [100, 0]

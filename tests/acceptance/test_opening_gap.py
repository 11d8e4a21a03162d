"""What would open a position over a gap of the opening is dropped, or waits."""

from types import SimpleNamespace
from typing import Any

import pytest

from nautilus_ai_firm.agents.opening_gap import OpeningGap
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import GateResult
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.settings import Opening
from tests.acceptance.one_share import MONDAY, parents
from tests.firm_runs import Played, flat_minutes

GAPPED = flat_minutes(MONDAY, 2, prices=dict.fromkeys(range(390, 780), 104.0))
"""The second day opens four per cent higher."""


def opening(worked: Any, wait_minutes: int = 0, max_gap: float = 0.03, quantity: int = 5) -> Played:
    table = {"execution.opening": {"max_gap": max_gap, "wait_minutes": wait_minutes}}
    return worked({390: [quantity]}, None, GAPPED, table)


def test_a_gap_drops_what_would_open_a_position(worked: Any) -> None:
    played = opening(worked)
    assert parents(played) == [(None, 5, 0, "dropped: opening gap")]
    (breach,) = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
    assert (breach.rule, breach.observed, breach.limit) == ("opening_gap", pytest.approx(0.04), 0.03)
    assert breach.action == "dropped"


def test_without_the_table_or_within_the_limit_it_goes_out(worked: Any) -> None:
    assert parents(opening(worked, max_gap=0.05)) == [(None, 5, 5, "filled")]
    assert parents(worked({390: [5]}, None, GAPPED)) == [(None, 5, 5, "filled")]


def test_what_waits_is_dropped_with_its_round_where_the_next_one_comes_first(worked: Any) -> None:
    played = opening(worked, wait_minutes=10)
    assert parents(played) == [(None, 5, 0, "dropped: no trade before the next round")]
    (breach,) = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
    assert breach.action == "waits 10 minutes"


def test_a_gap_lets_what_reduces_go(worked: Any) -> None:
    table = {"execution.opening": {"max_gap": 0.03}}
    played = worked({100: [5], 390: [0]}, None, GAPPED, table)
    assert [filled for _, _, filled, _ in parents(played)] == [5, 5]
    assert played.positions == [0]


def test_an_order_that_waited_out_its_gap_goes_out_wherever_the_market_is() -> None:
    parent = Parent(parent_id="P", place=0, quantity=100, round=1, decision_id="R000001", execution_ns=1_000)
    ledger, said = WorkingLedger(1), []
    ledger.hold(parent)
    rule = OpeningGap(
        Opening(max_gap=0.03, wait_minutes=10),
        SimpleNamespace(names=("A.US",)),  # pyright: ignore[reportArgumentType] - what it asks of a universe
        ledger,
        lambda _: 0,
        lambda _, ts_event, breach: said.append((ts_event, breach.action)),
        SimpleNamespace(),  # pyright: ignore[reportArgumentType] - it waits, and nothing is dropped
    )
    assert rule.holds_back(parent, 2_000, 104.0, 100.0)
    waiting = ledger.held(0)
    assert waiting is not None
    assert waiting.execution_ns == 2_000 + 10 * MINUTE_NS
    assert not rule.holds_back(waiting, waiting.execution_ns, 110.0, 100.0)
    assert said == [(2_000, "waits 10 minutes")]

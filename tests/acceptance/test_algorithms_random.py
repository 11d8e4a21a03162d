"""Random markets, targets, commands, partial fills and denied children: what holds for every algorithm, always."""

from collections import defaultdict
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nautilus_trader.model import TimeInForce

from nautilus_ai_firm.agents.closing_auction import ClosingAuction
from nautilus_ai_firm.agents.parents import ParentPlanner
from nautilus_ai_firm.agents.resting import RestingChildren
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.data import arrow, objects
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.hosts import backtest_engine
from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord, ParentRecord, RiskAction
from nautilus_ai_firm.models.execution.children import Children
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from tests.acceptance.one_share import LIMITS, SLICED, moving
from tests.firm_runs import Played, play, settings, write_bars

CASES, AUCTION_CASES, ROUNDS = 36, 36, 120

type Plan = dict[int, list[int | RiskAction]]
OVER = {OrderEventKind.DENIED, OrderEventKind.REJECTED, OrderEventKind.CANCELED, OrderEventKind.EXPIRED}
OWN: dict[str, dict[str, Any]] = {
    "twap": {"randomise_times": 0.5, "randomise_sizes": 0.5},
    "vwap": {"curve_bin_minutes": 10},
    "pov": {"participation": 0.5},
    "almgren_chriss": {"risk_aversion": 1e-4, "spread_bps": 2.0},
}


def table_of(case: int, random: np.random.Generator) -> dict[str, Any]:
    name = list(OWN)[case % 4]
    table: dict[str, Any] = {"name": name, "at_end": ["leave", "cross"][int(random.integers(2))]} | OWN[name]
    if random.random() < 0.5:
        table["max_child"] = int(random.integers(200, 2_000))
    if random.random() < 0.5:
        table["min_child"] = int(random.integers(1, 200))
    if case // 4 % 2:
        share = float(random.choice([0.0, 0.2, 0.5, 1.0]))
        table["limit"] = {"offset_bps": float(random.choice([0.0, 3.0, 10.0])), "cross_share": share}
    return table


def plan_of(random: np.random.Generator) -> Plan:
    plan: Plan = {}
    for round_ in sorted(random.choice(np.arange(5, ROUNDS - 5), 12, replace=False).tolist()):
        target = int(random.integers(-5_000, 5_000))
        plan[round_] = [target] if random.random() < 0.75 else [RiskAction.CANCEL_ALL, target]
    halted = int(random.integers(40, 80))
    plan[halted] = [RiskAction.HALT, *plan.get(halted, [0])[-1:]]
    plan[halted + 8] = [RiskAction.RESUME, *plan.get(halted + 8, [1_000])[-1:]]
    return plan


def heard(case: int) -> np.ndarray:
    """Which minutes have a bar: four silences of up to a quarter of an hour have none."""
    random = np.random.default_rng(1_000 + case)
    minutes = np.ones(ROUNDS, dtype=np.bool_)
    for begin in random.integers(5, ROUNDS - 20, 4):
        minutes[begin : begin + int(random.integers(2, 16))] = False
    return minutes


def two_closes(case: int) -> BarColumns:
    """The last hours of two sessions."""
    minute = np.arange(780) % 390
    return moving(780, seed=case, volume=1_000.0).take(minute >= 390 - ROUNDS // 2)


def played(
    case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, to_the_close: bool = False, silent: bool = False
) -> tuple[Played, Plan]:
    random = np.random.default_rng(case)
    table, plan = table_of(case, random), plan_of(random)
    bars = moving(ROUNDS, seed=case, volume=1_000.0)
    if silent:
        bars = bars.take(heard(case))
    if to_the_close:
        table |= {"at_end": "auction", "closing_cutoff_minutes": int(random.choice([5, 15, 30]))}
        bars = two_closes(case)
        if case % 5 == 0:  # the simulated venue rejects the time in force that a broker takes
            send = ClosingAuction._send
            monkeypatch.setattr(
                ClosingAuction, "_send",
                lambda auction, sliced, order, _: send(auction, sliced, order, TimeInForce.AT_THE_CLOSE),
            )  # fmt: skip
    size = int(random.choice([10_000_000, 400]))  # of a tick: the small one fills in parts
    for module in (arrow, objects):
        monkeypatch.setattr(module, "OPENING_TICK_SIZE", size)
    if case % 3 == 0:  # the second wall denies some of the children
        honest = backtest_engine.engine_limits
        monkeypatch.setattr(
            backtest_engine, "engine_limits",
            lambda *args: replace(honest(*args), max_order_submit_rate="2/00:05:00"),
        )  # fmt: skip
    catalog = write_bars(tmp_path / "catalog", {"A": bars})
    times = {"above_participation": 0.001, "duration_minutes": 15, "interval_minutes": int(random.choice([1, 3, 5]))}
    changes = SLICED | LIMITS | {"execution.algorithm": table, "execution.twap": times}
    loaded = settings(["A"], changes, macro=False)
    run = play(loaded, catalog, tmp_path / "run", lambda snapshot, _: plan.get(snapshot.round))
    assert run.failures.first is None, run.failures.first
    return run, plan


def signed(record: OrderRecord) -> int:
    return int(record.quantity) if record.side == "BUY" else -int(record.quantity)


def assert_lawful(run: Played, plan: Plan) -> None:
    records = run.tape.of(OrderRecord)
    filled: dict[str, int] = defaultdict(int)
    for fill in (one for one in records if one.kind is OrderEventKind.FILLED):
        filled[fill.parent_order_id] += int(fill.quantity)
    for parent in run.tape.of(ParentRecord):
        assert parent.filled_quantity == filled[parent.parent_order_id] <= parent.quantity
        assert (parent.state == "filled") == (parent.filled_quantity == parent.quantity)
    path = run.path()
    assert run.positions == [path[-1] if path else 0]
    assert run.positions[0] == sum(signed(one) for one in records if one.kind is OrderEventKind.FILLED)
    targets = [0, *(one for planned in plan.values() for one in planned if not isinstance(one, RiskAction))]
    assert all(min(targets) <= position <= max(targets) for position in path)
    for seen in run.seen:
        position, projected = int(seen.holdings.positions[0]), int(seen.holdings.projected[0])
        assert min(targets) <= position + (projected - position) <= max(targets)
    assert_nothing_works_after_a_cancel(run, plan)


def asked(run: Played) -> dict[str, int]:
    """Quantity of every order that passed the gate, by its id."""
    return {gate.client_order_id: abs(gate.quantity) for gate in run.tape.of(GateResult) if gate.breach is None}


def assert_nothing_works_after_a_cancel(run: Played, plan: Plan) -> None:
    """A cancel of everything ends each order of before: nothing of it is open, and nothing happens to it any more."""
    closes = {seen.round: seen.ts_event for seen in run.seen}
    quantities, lives = asked(run), defaultdict[str, list[OrderRecord]](list)
    for record in run.tape.of(OrderRecord):
        lives[record.client_order_id].append(record)
    for round_ in (number for number in closes if RiskAction.CANCEL_ALL in plan.get(number, [])):
        answered_ns = closes[round_] + 1  # the venue answers a cancel a nanosecond later
        for order_id, life in lives.items():
            if life[0].round >= round_:
                continue
            filled = sum(int(one.quantity) for one in life if one.kind is OrderEventKind.FILLED)
            assert max(one.ts_event for one in life) <= answered_ns, f"round {round_}: {order_id}"
            assert filled == quantities[order_id] or life[-1].kind in OVER, f"round {round_}: {order_id}"


def assert_sizes(run: Played, table: dict[str, Any]) -> int:
    """No child above the largest one, and none below the smallest that is not all that was left; returns how many."""
    sliced = {one.parent_order_id: one.quantity for one in run.tape.of(ParentRecord) if one.exec_algorithm is not None}
    sent, filled, passed = (defaultdict[str, int](int) for _ in range(3))
    children = 0
    for message in run.tape.messages:
        if isinstance(message, GateResult) and message.breach is None:
            passed[message.client_order_id] = abs(message.quantity)
        if not isinstance(message, OrderRecord) or message.parent_order_id not in sliced:
            continue
        owner, order_id = message.parent_order_id, message.client_order_id
        if message.kind is OrderEventKind.SUBMITTED:
            quantity, left = passed[order_id], sliced[owner] - sent[owner]
            assert quantity <= min(table.get("max_child", quantity), left), order_id
            assert quantity >= table.get("min_child", 1) or quantity == left, order_id
            sent[owner] += quantity
            children += 1
        elif message.kind is OrderEventKind.FILLED:
            filled[order_id] += int(message.quantity)
        elif message.kind in OVER - {OrderEventKind.DENIED}:  # a denied one was never submitted
            sent[owner] -= passed[order_id] - filled[order_id]
    return children


@pytest.mark.parametrize("case", range(CASES))
def test_no_order_of_events_sends_more_than_the_parent(
    case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plan = played(case, tmp_path, monkeypatch)
    assert_lawful(run, plan)
    assert assert_sizes(run, table_of(case, np.random.default_rng(case))) > 3
    assert len(run.fills()) > 3


def resting_after_silence(run: Played, silent_ns: int) -> list[tuple[str, int]]:
    """What still rested when the market had been silent for so long: the order, and how long it had been."""
    bars = [seen.ts_event for seen in run.seen]
    lives = defaultdict[str, list[OrderRecord]](list)
    for record in run.tape.of(OrderRecord):
        lives[record.client_order_id].append(record)
    found: list[tuple[str, int]] = []
    for order_id, life in lives.items():
        first, last = life[0].ts_event, life[-1].ts_event
        for before, after in pairwise(bars):
            rested_ns = min(last, after) - max(first, before)
            if rested_ns > silent_ns + MINUTE_NS and last > before:  # a bar's tick comes up to a minute after the close
                found.append((order_id, rested_ns))
    return found


WITH_LIMITS = [case for case in range(CASES) if case // 4 % 2]


@pytest.mark.parametrize("case", WITH_LIMITS)
def test_in_silent_markets_no_more_is_sent_and_what_rests_is_taken_back(
    case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plan = played(case, tmp_path, monkeypatch, silent=True)
    assert_lawful(run, plan)
    assert assert_sizes(run, table_of(case, np.random.default_rng(case))) > 3
    interval_ns = run.stage.firm.execution.twap.interval_minutes * MINUTE_NS
    assert resting_after_silence(run, 2 * interval_ns) == []


def test_the_control_what_is_left_resting_in_a_silence_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestingChildren, "take_back", lambda *_: None)
    run, _ = played(31, tmp_path, monkeypatch, silent=True)
    interval_ns = run.stage.firm.execution.twap.interval_minutes * MINUTE_NS
    assert resting_after_silence(run, 2 * interval_ns)


@pytest.mark.parametrize("case", range(12))
def test_additions_obey_the_same_laws_and_leave_at_prices_that_confirm_them_alone(
    case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every parent as an addition to a pyramid, with a floor that the market crosses again and again."""
    honest = ParentPlanner.plan
    monkeypatch.setattr(
        ParentPlanner, "plan",
        lambda planner, *args: (planned := honest(planner, *args))
        and replace(planned, parent=planner.confirmed(planned.parent, 100.0)),
    )  # fmt: skip
    run, plan = played(case, tmp_path, monkeypatch, silent=case % 2 == 1)
    assert {parent.exec_algorithm for parent in run.tape.of(ParentRecord) if parent.filled_quantity} <= {"PYRAMID"}
    assert_lawful(run, plan)
    assert_sizes(run, table_of(case, np.random.default_rng(case)))
    sent = [one for one in run.tape.of(OrderRecord) if one.kind is OrderEventKind.SUBMITTED]
    prices = {gate.client_order_id: gate.price for gate in run.tape.of(GateResult) if not gate.is_limit}
    for one in sent:
        assert one.client_order_id not in prices or (prices[one.client_order_id] - 100.0) * signed_side(one) >= 0
    assert sent


def signed_side(record: OrderRecord) -> int:
    return 1 if record.side == "BUY" else -1


def assert_one_auction(run: Played, bars: BarColumns) -> int:
    """What is committed goes whole and at the closing price, or not at all, and is the last of its parent."""
    columns = (bars.ts_close_ns.tolist(), bars.close.tolist())
    closing = {ts: price for ts, price in zip(*columns, strict=True) if ts in (columns[0][59], columns[0][119])}
    gates = {gate.client_order_id: gate for gate in run.tape.of(GateResult) if gate.is_auction}
    assert len({order_id.split("-E")[0] for order_id in gates}) == len(gates)
    filled: dict[str, list[OrderRecord]] = defaultdict(list)
    for fill in run.fills():
        filled[fill.parent_order_id].append(fill)
    n_fills = 0
    for order_id, gate in gates.items():
        fills = filled[order_id.split("-E")[0]]
        assert all(fill.ts_event <= gate.ts_event for fill in fills if fill.client_order_id != order_id)
        own = [fill for fill in fills if fill.client_order_id == order_id]
        n_fills += len(own)
        for fill in own:
            assert (int(fill.quantity), fill.ts_event in closing) == (abs(gate.quantity), True)
            assert float(fill.price or 0) == pytest.approx(closing[fill.ts_event], abs=1e-9)
    return n_fills


@pytest.mark.parametrize("case", range(AUCTION_CASES))
def test_no_order_of_events_sends_more_than_the_parent_to_the_close(
    case: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, plan = played(case, tmp_path, monkeypatch, to_the_close=True)
    assert_lawful(run, plan)
    assert_one_auction(run, two_closes(case))
    assert run.working == [0]


def test_the_cases_of_the_close_hold_what_they_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Auctions that fill, that a command takes back, and whose order is rejected."""
    seen: dict[str, int] = defaultdict(int)
    for case in range(AUCTION_CASES):
        with monkeypatch.context() as patch:
            run, _ = played(case, tmp_path / str(case), patch, to_the_close=True)
        seen["fills"] += assert_one_auction(run, two_closes(case))
        gates = {gate.client_order_id for gate in run.tape.of(GateResult) if gate.is_auction and gate.breach is None}
        seen["committed"] += len(gates)
        for record in run.tape.of(OrderRecord):
            seen[f"auction {record.kind}"] += record.client_order_id in gates
    assert seen["fills"] > 10
    assert seen["auction rejected"] > 2
    assert seen["committed"] > seen["fills"] + seen["auction rejected"]


def test_the_cases_hold_what_they_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partial fills, denied and canceled children, changed limits: else the test above would prove little."""
    seen: dict[str, int] = defaultdict(int)
    for case in (0, 4, 5, 6, 7, 12, 13):
        with monkeypatch.context() as patch:
            run, _ = played(case, tmp_path / str(case), patch)
        for record in run.tape.of(OrderRecord):
            seen[str(record.kind)] += 1
        fills = [one.client_order_id for one in run.fills()]
        seen["partial"] += len(fills) - len(set(fills))
        for parent in run.tape.of(ParentRecord):
            seen[parent.state] += 1
    assert {"denied", "canceled", "updated", "partial", "expired", "refused", "filled"} <= set(seen)
    assert min(seen[kind] for kind in ("denied", "canceled", "updated", "partial")) > 3


def test_the_control_a_replacement_that_does_not_wait_for_what_is_open_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted in the children and in the ledger, the two walls: what is open is forgotten, and sent again."""

    def submitted(ledger: WorkingLedger, parent_id: str, child_id: str, quantity: int) -> None:
        entry = ledger._entry(parent_id)
        entry.spawned = min(entry.spawned + quantity, abs(entry.parent.quantity))
        entry.leaves[child_id] = quantity
        ledger._child_parent[child_id] = parent_id

    monkeypatch.setattr(Children, "unsent", property(lambda children: children.total - children.filled))
    monkeypatch.setattr(Children, "sendable", lambda children, due, *_, **__: max(due - children.filled, 0))
    monkeypatch.setattr(WorkingLedger, "child_submitted", submitted)
    found = 0
    for case in (4, 7, 13):
        with monkeypatch.context() as patch:
            run, plan = played(case, tmp_path / str(case), patch)
        try:
            assert_lawful(run, plan)
        except AssertionError:
            found += 1
    assert found


def test_the_control_a_cancel_that_leaves_orders_resting_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted in the algorithm and in the desk, which both take back what rests."""
    monkeypatch.setattr(RestingChildren, "take_back", lambda *_: None)
    monkeypatch.setattr(Withdrawal, "cancel_open", lambda *_: None)
    for case in (6, 14, 29):
        with monkeypatch.context() as patch:
            run, plan = played(case, tmp_path / str(case), patch)
        with pytest.raises(AssertionError, match=r"round \d+: R\d+-A\.US-E\d"):
            assert_nothing_works_after_a_cancel(run, plan)


@pytest.mark.parametrize(("bound", "cases"), [("max_child", (2, 3)), ("min_child", (6, 14))])
def test_the_control_children_of_another_size_are_found(
    bound: str, cases: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = 0
    for case in cases:
        with monkeypatch.context() as patch:
            run, _ = played(case, tmp_path / str(case), patch)
        table = table_of(case, np.random.default_rng(case))
        quantities = [quantity for order_id, quantity in asked(run).items() if "-E" in order_id]
        planted = {"max_child": max(quantities) - 1, "min_child": max(quantities)}[bound]
        try:
            assert_sizes(run, table | {bound: planted})
        except AssertionError:
            found += 1
    assert found == len(cases)


def test_two_runs_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for case in (5, 6):
        runs = [played(case, tmp_path / f"{case}-{turn}", monkeypatch)[0] for turn in range(2)]
        first, second = ([asdict(one) for one in run.tape.of(OrderRecord)] for run in runs)
        assert first == second

"""Two sessions are compared record by record: what differs has one cause from a closed list, the first of its round."""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from nautilus_trader.model import Bar

from nautilus_ai_firm.messages import ClearedDecision, Connection, QuotingIntent, RiskedDecision
from nautilus_ai_firm.runs.causes import FIELDS, NOT_COMPARED, RANK, Cause, cause_of_field
from nautilus_ai_firm.runs.comparison import Comparison, compare
from nautilus_ai_firm.runs.session_facts import End
from nautilus_ai_firm.runs.session_reading import MARKET, PLAIN, Entry
from nautilus_ai_firm.runs.wording import Names, same
from tests.firm_runs import ROOT
from tests.recorded import Recorded, record_days, record_minutes
from tests.runs.a_session import BREACH, FAILURE, FINANCING, bar, snapshot

ONE = Names(instruments=("A.US",), inputs=("wti",))
ENDED = Entry(record="end", fact=End(reason="normal", exit_status=0))
NAMES = Names(instruments=("A.US", "B.US", "C.US"), inputs=("SPX.INDEX", "wti", "credit_spread"))
HALTED = (20, 30)
LATE = 25

type Entries = tuple[Entry, ...]
type Change = Callable[[Entries], Entries]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Entries:
    return record_days(tmp_path_factory.mktemp("days"), 100, HALTED, LATE).session.entries


@pytest.fixture(scope="module")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record_minutes(tmp_path_factory.mktemp("minutes"), 2, (100, 200), 60)


def against(then: Iterable[Entry], now: Iterable[Entry]) -> Comparison:
    return compare(then, now, NAMES)


def place_of(entries: Entries, record: str, nth: int, fits: Callable[[Any], bool] = lambda _fact: True) -> int:
    """Where the nth record of a kind stands."""
    places = [place for place, entry in enumerate(entries) if entry.record == record and fits(entry.fact)]
    assert len(places) > nth, record
    return places[nth]


def changed(record: str, nth: int, fits: Callable[[Any], bool] = lambda _fact: True, **values: Any) -> Change:
    """Give fields of one record other values; a function makes the new one of the old one."""

    def apply(entries: Entries) -> Entries:
        place = place_of(entries, record, nth, fits)
        fact = entries[place].fact
        new = {name: value(getattr(fact, name)) if callable(value) else value for name, value in values.items()}
        return (*entries[:place], Entry(record=record, fact=replace(fact, **new)), *entries[place + 1 :])

    return apply


def dropped(record: str, nth: int, fits: Callable[[Any], bool] = lambda _fact: True) -> Change:
    def apply(entries: Entries) -> Entries:
        place = place_of(entries, record, nth, fits)
        return (*entries[:place], *entries[place + 1 :])

    return apply


def without_round(number: int) -> Change:
    def of_round(fact: Any) -> int | None:
        if isinstance(fact, RiskedDecision):
            return fact.decision.round
        if isinstance(fact, ClearedDecision):
            return fact.risked.decision.round
        return fact.round if hasattr(fact, "decision_id") or hasattr(fact, "inputs") else None

    return lambda entries: tuple(entry for entry in entries if of_round(entry.fact) != number)


def failing(entries: Entries) -> Entries:
    return (*entries[:-1], Entry(record="failure", fact=FAILURE), entries[-1])


def cut_off(entries: Entries) -> Entries:
    place = place_of(entries, "snapshot", 11)
    fact = Connection(ts_event=entries[place].fact.ts_event, trusted=False, cause="planted")
    return (*entries[: place + 1], Entry(record="connection", fact=fact), *entries[place + 1 :])


def up(array: np.ndarray) -> np.ndarray:
    """Move the first number of an array by the smallest step."""
    other = array.copy()
    flat = other.reshape(-1)
    flat[0] = not flat[0] if array.dtype.kind == "b" else (
        flat[0] + 1 if array.dtype.kind == "i" else np.nextafter(0.0 if np.isnan(flat[0]) else flat[0], np.inf)
    )  # fmt: skip
    return other


def cent(amount: Decimal) -> Decimal:
    return amount + Decimal("0.01")


def later(ts_ns: int) -> int:
    return ts_ns + 1


def is_fill(fact: Any) -> bool:
    return fact.kind == "filled"


def is_submission(fact: Any) -> bool:
    return fact.kind == "submitted"


def passes(fact: Any) -> bool:
    return fact.breach is None


def refuses(fact: Any) -> bool:
    return fact.breach is not None


QUOTING = QuotingIntent(bid_offset=np.ones(3), ask_offset=np.ones(3), inventory_offset=np.ones(3))
PLANTED: list[tuple[Cause, Change, str]] = [
    (Cause.LATE_BAR, changed("late_bar", 0, close=cent), "late bar C.US close: "),
    (Cause.LATE_BAR, dropped("late_bar", 0), "round 25, late bar C.US: now, none then"),
    (Cause.MARKET_DATA, changed("snapshot", 11, close=up), "round 12, snapshot close A.US: "),
    (Cause.MARKET_DATA, changed("snapshot", 11, inputs=up), "round 12, snapshot inputs SPX.INDEX: "),
    (Cause.MARKET_DATA, changed("snapshot", 11, fresh=up), "fresh A.US: False then, True now"),
    (Cause.MARKET_DATA, dropped("snapshot", 11), "snapshot: now, none then"),
    (Cause.MARKET_DATA, changed("gate_result", 40, passes, price=lambda price: price + 0.01), "price: "),
    (Cause.CONNECTION, cut_off, "round 12, connection: then, none now"),
    (Cause.SIGNAL, changed("signal", 40, score=up), "round 14, signal mean_reversion score A.US: "),
    (Cause.SIGNAL, changed("signal", 40, confidence=up), "confidence A.US: "),
    (Cause.SIGNAL, changed("signal", 40, quoting=QUOTING), "mean_reversion quoting: QuotingIntent(bid_"),
    (Cause.SIGNAL, dropped("signal", 40), "round 14, signal mean_reversion: now, none then"),
    (Cause.STATE, changed("decision", 11, equity=cent), "round 12, decision equity: "),
    (Cause.STATE, changed("decision", 11, balance=cent), "balance: "),
    (Cause.STATE, changed("decision", 11, positions=up), "positions A.US: "),
    (Cause.STATE, changed("decision", 11, current=up), "current A.US: "),
    (Cause.CALENDAR, changed("decision", 11, execution_ts=up), "execution_ts A.US: "),
    (Cause.DECISION, changed("decision", 11, weights=up), "weights A.US: "),
    (Cause.DECISION, changed("decision", 11, contributions=up), "contributions macro A.US: "),
    (Cause.DECISION, changed("decision", 11, agents=("nobody",)), "agents: ('nobody',) then"),
    (Cause.KILL_SWITCH, dropped("kill_switch", 1), "round 20, kill switch: "),
    (Cause.COMMAND, dropped("command", 0), "command 1 halt: now, none then"),
    (Cause.COMMAND, changed("command", 0, who="someone else"), "who: someone else then, tester now"),
    (Cause.RISK, changed("risked", 11, weights=up), "risked weights A.US: "),
    (Cause.RISK, changed("risked", 11, drawdown=lambda one: one + 1e-12), "drawdown: "),
    (Cause.RISK, changed("risked", HALTED[0], breaches=()), "breaches: () then, (Breach("),
    (Cause.COMPLIANCE, changed("cleared", 11, weights=up), "cleared weights A.US: "),
    (Cause.ORDER, dropped("order", 40, is_submission), " submitted: now, none then"),
    (Cause.ORDER, changed("order", 40, is_submission, ts_event=later), " submitted ts_event: "),
    (Cause.ORDER, changed("order", 40, is_submission, side="NEITHER"), "side: NEITHER then, "),
    (Cause.ORDER, dropped("gate_result", 40, passes), "gate R0"),
    (Cause.ORDER, dropped("parent", 40), "parent R0"),
    (Cause.ORDER, changed("parent", 40, state="eaten"), "state: eaten then, filled now"),
    (Cause.ORDER_SIZE, changed("gate_result", 40, passes, quantity=lambda one: one + 1), "quantity: "),
    (Cause.ORDER_SIZE, changed("parent", 40, quantity=lambda one: one + 1), "quantity: "),
    (Cause.GATE, changed("gate_result", 40, passes, breach=BREACH), "breach: Breach(rule='halt', "),
    (Cause.FILL, dropped("order", 40, is_fill), " filled: now, none then"),
    (Cause.FILL, changed("order", 40, is_fill, ts_event=later), " filled ts_event: "),
    (Cause.FILL_SIZE, changed("order", 40, is_fill, quantity=lambda one: one + 1), "quantity: "),
    (Cause.FILL_SIZE, changed("parent", 40, filled_quantity=lambda one: one - 1), "filled_quantity: "),
    (Cause.FILL_PRICE, changed("order", 40, is_fill, price=cent), " filled price: "),
    (Cause.COMMISSION, changed("order", 40, is_fill, commission=cent), " filled commission: "),
    (Cause.COMMISSION, changed("fill_costs", 40, costs=lambda one: replace(one, fee=one.fee + 1)), "costs of R0"),
    (Cause.FINANCING, changed("financing", 11, amount=cent), "financing amount: "),
    (Cause.FINANCING, dropped("financing", 11), "financing: now, none then"),
    (Cause.FAILURE, failing, "failure of risk in round 2: ValueError: no: then, none now"),
]


@pytest.mark.parametrize(("cause", "plant", "said"), PLANTED, ids=[f"{one[0]}-{n}" for n, one in enumerate(PLANTED)])
def test_a_planted_difference_is_the_only_one_and_is_named(
    days: Entries, cause: Cause, plant: Change, said: str
) -> None:
    found = against(plant(days), days).differences
    assert {difference.cause for difference in found} == {cause}
    assert len({difference.round for difference in found}) == (10 if cause is Cause.KILL_SWITCH else 1)
    assert said in str(found[0])


def test_a_refusal_that_did_not_come_again_is_a_verdict_of_the_gate(days: Entries) -> None:
    refused = changed("gate_result", 40, breach=BREACH)(days)
    (found,) = against(refused, dropped("gate_result", 0, refuses)(refused)).differences
    assert found.cause is Cause.GATE
    assert str(found).endswith(": then, none now")


def test_the_size_of_a_child_is_compared(minutes: Recorded) -> None:
    entries = minutes.session.entries
    plant = changed("gate_result", 20, lambda fact: "-E" in fact.client_order_id, quantity=lambda one: one + 1)
    (found,) = against(plant(entries), entries).differences
    assert found.cause is Cause.ORDER_SIZE
    assert "-E" in found.text


def test_every_cause_was_planted() -> None:
    assert {cause for cause, _, _ in PLANTED} == set(Cause) - {Cause.LATENCY}  # below: a broker's alone


def test_the_time_of_a_brokers_event_is_a_cause_of_its_own(days: Entries) -> None:
    later_fill = changed("order", 40, is_fill, ts_event=later)(days)
    (found,) = compare(later_fill, days, NAMES, at_broker=True).differences
    assert found.cause is Cause.LATENCY
    other_price = changed("order", 40, is_fill, ts_event=later, price=cent)(days)
    (found,) = compare(other_price, days, NAMES, at_broker=True).differences
    assert found.cause is Cause.FILL_PRICE


def test_every_cause_is_on_the_page() -> None:
    page = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
    table = page[page.index("## Causes") :]
    assert set(re.findall(r"`([a-z_]+)`", table)) == {str(cause) for cause in Cause}


def test_every_field_of_every_record_has_a_cause_or_is_an_identity() -> None:
    kinds = PLAIN | {"risked": RiskedDecision, "cleared": ClearedDecision}
    assert set(FIELDS) == set(kinds) - NOT_COMPARED
    assert set(MARKET) <= NOT_COMPARED
    for record, kind in kinds.items():
        if record not in NOT_COMPARED:
            names = {"client_order_id", "costs"} if record == "fill_costs" else {field.name for field in fields(kind)}
            assert set(FIELDS[record]) == names
            assert any(cause_of_field(record, name, None) for name in names)


def test_equal_sessions_have_no_difference(days: Entries, minutes: Recorded) -> None:
    one = against(days, days)
    assert one.differences == ()
    assert (one.rounds, one.decisions, one.children) == (53, 53, 0)
    assert one.orders == one.fills > 100
    other = against(minutes.session.entries, minutes.session.entries)
    assert other.differences == ()
    assert other.orders > other.children > 200


def test_the_same_difference_is_seen_from_the_other_side(days: Entries) -> None:
    other = dropped("signal", 40)(days)
    (found,) = against(days, other).differences
    assert (found.cause, str(found)) == (Cause.SIGNAL, "round 14, signal mean_reversion: then, none now")


def test_of_a_round_only_the_first_stage_that_differs_is_told(days: Entries) -> None:
    other = changed("cleared", 11, weights=up)(changed("risked", 11, weights=up)(days))
    other = changed("signal", 33, score=up)(
        changed("signal", 34, score=up)(changed("decision", 20, equity=cent)(other))
    )
    found = against(other, days).differences
    assert [(one.round, one.cause) for one in found] == [(12, Cause.SIGNAL), (12, Cause.SIGNAL), (21, Cause.STATE)]


def test_what_happens_first_comes_first_though_its_stage_is_later(days: Entries) -> None:
    """A fill of an order of round 12 is in time before the decision of round 13 that it changes."""
    filled = place_of(days, "order", 0, lambda fact: is_fill(fact) and fact.round == 12)
    price = days[filled].fact.price
    other = changed("order", 0, lambda fact: is_fill(fact) and fact.round == 12, price=cent)(days)
    other = changed("decision", 12, equity=cent)(other)
    first, second = against(other, days).differences
    assert (first.round, first.cause, second.round, second.cause) == (12, Cause.FILL_PRICE, 13, Cause.STATE)
    assert f"price: {price + Decimal('0.01')} then, {price} now" in str(first)


def test_a_missing_round_is_missing_market_data(days: Entries) -> None:
    (found,) = against(days, without_round(31)(days)).differences
    assert str(found) == "round 31, snapshot: then, none now"
    assert found.cause is Cause.MARKET_DATA


@pytest.mark.parametrize("record", ["signal", "decision", "cleared", "gate_result", "order", "parent"])
def test_a_killed_session_is_a_prefix_of_its_replay(days: Entries, record: str) -> None:
    cut = days[: place_of(days, record, 30)]
    assert against(cut, days).differences == ()
    if record != "parent":  # after the last event, what becomes of orders is not compared
        lacking = (*cut[: place_of(cut, record, 20)], *cut[place_of(cut, record, 20) + 1 :])
        assert against(lacking, days).differences != ()
        assert against(cut, lacking).differences != ()


def test_the_end_of_working_orders_is_not_compared_but_an_earlier_one_is(days: Entries) -> None:
    last = place_of(days, "parent", 0, lambda fact: fact.state == "dropped: the run ended")
    assert against((*days[:last], *days[last + 1 :]), days).differences == ()
    first = dropped("parent", 0)
    assert [one.cause for one in against(first(days), days).differences] == [Cause.ORDER]


def test_how_a_session_was_run_is_not_compared(days: Entries) -> None:
    bare = tuple(entry for entry in days if entry.record not in {"start", "history"})
    ended = changed("end", 0, wall_seconds=1.0, peak_rss_mb=1)(bare)
    assert against(ended, days).differences == ()


def test_a_failure_that_comes_again_is_none(days: Entries) -> None:
    failed = failing(days[: place_of(days, "decision", 30)])
    assert against(failed, failed).differences == ()
    other = changed("failure", 0, traceback="elsewhere")(failed)
    assert against(failed, other).differences == ()
    worse = changed("failure", 0, error="KeyError: 1")(failed)
    assert [one.cause for one in against(failed, worse).differences] == [Cause.FAILURE]


def test_a_session_that_failed_only_when_it_ran_again_differs_by_its_failure_alone(days: Entries) -> None:
    failed = failing((*days[: place_of(days, "decision", 30)], days[-1]))
    assert [one.cause for one in against(days, failed).differences] == [Cause.FAILURE]


GRACE_NS = 200


def arriving(ts_ns: int, arrival_ns: int) -> Entry:
    on_time = bar(ts_ns)
    fact = Bar(
        on_time.bar_type, on_time.open, on_time.high, on_time.low, on_time.close, on_time.volume, ts_ns, arrival_ns
    )
    return Entry(record="market", fact=fact)


@pytest.mark.parametrize(
    ("events", "excused"),
    [
        ([(1_000, 1_000)], True),
        ([(1_000, 1_000), (2_000, 1_200)], True),
        ([(1_000, 1_000), (2_000, 1_300)], False),
        ([(1_000, 1_800)], True),
        ([(1_000, 1_800), (2_000, 2_000)], False),
    ],
    ids=["waiting", "before the grace is over", "after it", "opened by a late bar", "and long closed"],
)
def test_a_killed_session_owes_what_the_firm_said_before_its_last_event(
    events: list[tuple[int, int]], *, excused: bool
) -> None:
    killed = tuple(arriving(*event) for event in events)
    went_on = (*killed, Entry(record="snapshot", fact=snapshot(1)), ENDED)
    assert (compare(killed, went_on, ONE, GRACE_NS).differences == ()) is excused


def test_a_session_that_ended_while_a_round_waited_owes_nothing_of_it() -> None:
    closed = Entry(record="snapshot", fact=snapshot(1))
    waiting = (arriving(1_000, 1_000), ENDED)
    assert compare(waiting, (waiting[0], closed, ENDED), ONE, GRACE_NS).differences == ()
    assert len(compare(waiting, (waiting[0], closed, ENDED), ONE).differences) == 1, "without grace it had closed"
    assert len(compare((waiting[0], closed, ENDED), waiting, ONE, GRACE_NS).differences) == 1


def test_a_booking_whose_market_event_was_not_written_any_more_is_no_difference() -> None:
    killed = (arriving(1_000, 1_000), Entry(record="financing", fact=FINANCING))
    assert compare(killed, (killed[0], ENDED), ONE).differences == ()
    (found,) = compare((*killed, arriving(2_000, 2_000)), (killed[0], arriving(2_000, 2_000), ENDED), ONE).differences
    assert found.cause is Cause.FINANCING


def test_nothing_against_nothing_is_no_difference(days: Entries) -> None:
    assert against(days[:1], ()).differences == ()
    assert len(against(days, ()).differences) > 0


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (np.array([np.nan]), np.array([np.nan]), True),
        (np.array([0.0]), np.array([-0.0]), False),
        (np.array([1.0]), np.array([1]), False),
        (np.array([1.0]), np.array([[1.0]]), False),
        (float("nan"), float("nan"), True),
        (0.1 + 0.2, 0.3, False),
        (0.0, -0.0, False),
        (1, 1.0, False),
        (Decimal("1.0"), Decimal("1.00"), True),
        (Decimal("1.0"), Decimal("1.01"), False),
        (None, None, True),
        (None, Decimal(0), False),
        ((1.0,), (1.0, 2.0), False),
        ((0.0,), (-0.0,), False),
    ],
    ids=str,
)
def test_same_is_bit_by_bit(one: Any, other: Any, expected: bool) -> None:
    assert same(one, other) is expected


def test_causes_stand_in_the_order_of_a_round() -> None:
    order = [Cause.MARKET_DATA, Cause.SIGNAL, Cause.STATE, Cause.DECISION, Cause.RISK, Cause.COMPLIANCE, Cause.GATE]
    assert sorted(order, key=RANK.__getitem__) == order

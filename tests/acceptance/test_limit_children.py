"""Children with limits: they wait, follow the market, cross it in time, and are taken back when told."""

from dataclasses import replace
from typing import Any

import numpy as np

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import GateResult, OrderEventKind, RiskAction
from nautilus_ai_firm.runs.order_report import order_report
from tests.acceptance.one_share import HOUR, MONDAY, PEGGED, decided_ns, kinds, minutes_of, moving, parents, steps
from tests.firm_runs import flat_minutes


def test_a_limit_at_the_price_of_a_trade_fills_there_as_a_market_order_would(worked: Any) -> None:
    played = worked({10: [10_000]}, {"limit": {}})
    assert steps(played) == [2_000] * 5
    assert {float(fill.price) for fill in played.fills()} == {100.0}
    assert parents(played) == [("TWAP", 10_000, 10_000, "filled")]
    orders = played.orders
    assert list(orders.loc["R000010-A.US", ["status", "quantity", "filled_qty"]]) == ["CANCELED", "10000", "0"]
    assert set(orders.loc[orders.index != "R000010-A.US", "type"]) == {"LIMIT"}


def test_a_limit_waits_for_a_better_price_and_crosses_near_the_end_of_its_interval(worked: Any) -> None:
    """Flat prices never come to a limit at 99.95: a quarter before the end it goes to 100, and fills there."""
    played = worked({10: [6_000]}, PEGGED, changes={"execution.twap": HOUR})
    assert steps(played) == [1_000] * 6
    assert minutes_of(played, 10) == [8, 18, 28, 38, 48, 58]
    assert [float(one.price or 0) for one in kinds(played, OrderEventKind.UPDATED)] == [100.0] * 6
    assert {float(fill.price) for fill in played.fills()} == {100.0}


def test_a_limit_that_the_market_touches_is_a_price_improvement(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    low = bars.low.copy()
    low[14] = 99.90
    played = worked({10: [6_000]}, PEGGED, replace(bars, low=low), {"execution.twap": HOUR})
    first = played.fills()[0]
    assert float(first.price) == 99.95
    assert first.ts_event == decided_ns(played, 15)
    assert parents(played) == [("TWAP", 6_000, 6_000, "filled")]


def test_a_limit_follows_the_market_and_a_gap_through_it_fills_at_the_limit(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1, prices={12: 101.0, 13: 102.0, 14: 101.0}).take(slice(0, 90))
    played = worked({10: [6_000]}, PEGGED, bars, {"execution.twap": HOUR})
    prices = [float(one.price or 0) for one in kinds(played, OrderEventKind.UPDATED)]
    assert prices == [100.9495, 101.949, *[100.0] * 5]
    assert [float(fill.price) for fill in played.fills()] == [101.949, *[100.0] * 5]


def test_what_is_left_of_a_limit_at_the_end_is_taken_back_and_decided_anew(worked: Any) -> None:
    played = worked({10: [10_000]}, PEGGED, repeat=True)
    first = parents(played)[0]
    assert first == ("TWAP", 10_000, 8_000, "expired")
    assert played.positions == [10_000]
    assert played.working == [0]
    assert max(played.path()) == 10_000


def test_cancel_all_takes_resting_children_back_and_none_fills_after_it(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    low = bars.low.copy()
    low[16:] = 99.0  # every limit would fill from here on
    targets = {10: [6_000], 16: [RiskAction.CANCEL_ALL]}
    played = worked(targets, PEGGED, replace(bars, low=low), {"execution.twap": HOUR})
    assert parents(played) == [("TWAP", 6_000, 0, "canceled")]
    assert played.positions == [0]
    assert len(kinds(played, OrderEventKind.CANCELED)) == 1
    control = worked({10: [6_000]}, PEGGED, replace(bars, low=low), {"execution.twap": HOUR})
    assert control.positions == [6_000]


def test_a_halt_takes_resting_children_back_at_the_next_tick(worked: Any) -> None:
    targets = {10: [6_000], 13: [RiskAction.HALT]}
    played = worked(targets, PEGGED, changes={"execution.twap": HOUR})
    assert parents(played) == [("TWAP", 6_000, 0, "refused")]
    refused = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
    assert [one.rule for one in refused] == ["halt"]
    (canceled,) = kinds(played, OrderEventKind.CANCELED)
    assert canceled.ts_event == decided_ns(played, 13) + 1_000


def test_a_changed_target_waits_until_resting_children_are_answered(worked: Any) -> None:
    played = worked({10: [6_000], 14: [-6_000]}, PEGGED, changes={"execution.twap": HOUR}, repeat=True)
    assert [state for *_, state in parents(played)][:1] == ["canceled"]
    assert played.positions == [-6_000]
    assert min(played.path()) >= -6_000


def test_a_silent_market_takes_resting_children_back_and_they_go_out_again(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    keep = np.ones(90, dtype=np.bool_)
    keep[12:42] = False
    played = worked({10: [6_000]}, PEGGED, bars.take(keep), {"execution.twap": HOUR})
    (canceled,) = kinds(played, OrderEventKind.CANCELED)
    assert canceled.ts_event == decided_ns(played, 12) - MINUTE_NS + 20 * MINUTE_NS + 1_000
    assert parents(played)[0][2] == 6_000


def test_the_firms_own_report_of_limit_orders_is_the_engines(worked: Any) -> None:
    played = worked(
        {10: [6_000], 33: [3_000], 50: [RiskAction.CANCEL_ALL, 0]}, PEGGED, moving(90), {"execution.twap": HOUR}
    )
    names = played.stage.catalog.instruments(map(str, played.stage.universe.bar_types))
    own = order_report(played.tape.messages, {str(one.id): one for one in names})
    shared = ["status", "side", "type", "quantity", "filled_qty", "exec_algorithm_id", "exec_spawn_id"]
    assert own[shared].sort_index().to_dict() == played.orders[shared].sort_index().to_dict()
    assert len(own) > 6

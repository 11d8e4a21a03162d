"""Risked decisions in, smaller ones out: hours, restricted list, largest order."""

from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.compliance import ComplianceDesk
from nautilus_ai_firm.bus import Topic
from tests.agents.conftest import Bench
from tests.firm_runs import ABSENT


def review(bench: Bench, risked: Any) -> Any:
    firm = bench.stage.firm
    (cleared,) = bench.sit(
        lambda _book, _ledger, failures: [
            ComplianceDesk(
                firm.compliance, firm.execution.gate, firm.market, bench.stage.universe, bench.stage.sessions, failures
            )
        ],
        [(Topic.RISKED, risked)],
        [Topic.CLEARED],
    )
    assert bench.failures.first is None
    assert cleared.risked is risked
    return cleared


def test_a_small_order_in_market_hours_passes(bench: Bench) -> None:
    cleared = review(bench, bench.risked([0.2, -0.1]))
    assert cleared.weights.tolist() == [0.2, -0.1]
    assert cleared.breaches == ()


@pytest.mark.parametrize("minutes", [-1, 390, 600])
def test_outside_market_hours_at_the_execution_time_nothing_is_traded(bench: Bench, minutes: int) -> None:
    opened = int(bench.stage.sessions.next_open_ns(bench.close_ns))
    times = np.array([opened, opened + minutes * 60_000_000_000], dtype=np.int64)
    cleared = review(bench, bench.risked([0.2, -0.1], execution_ts=times))
    assert cleared.weights.tolist() == [0.2, 0.0]
    (breach,) = cleared.breaches
    assert (breach.rule, breach.instrument_id) == ("market_closed", "B.US")


def test_after_the_last_known_session_nothing_is_traded(bench: Bench) -> None:
    cleared = review(bench, bench.risked([0.2, -0.1], execution_ts=np.zeros(2, dtype=np.int64)))
    assert cleared.weights.tolist() == [0.0, 0.0]
    assert {breach.rule for breach in cleared.breaches} == {"market_closed"}


@pytest.mark.parametrize(("may_reduce", "expected"), [(True, 0.1), (False, 0.2)])
def test_a_restricted_stock_may_shrink_if_the_settings_say_so(
    new_bench: Any, may_reduce: bool, expected: float
) -> None:
    bench = new_bench({"compliance.restricted": ["A.US"], "compliance.restricted_may_reduce": may_reduce})
    cleared = review(bench, bench.risked([0.1, 0.3], current=np.array([0.2, 0.2])))
    assert cleared.weights.tolist() == [expected, 0.3]


def test_the_largest_order_leaves_room_for_the_collar(new_bench: Any) -> None:
    bench = new_bench({"market.universe.max_order_value": 110_000.0, "execution.gate.max_collar": 0.10})
    cleared = review(bench, bench.risked([0.5, -0.5]))
    assert cleared.weights.tolist() == pytest.approx([0.1, -0.1])
    assert [breach.rule for breach in cleared.breaches] == ["max_order_value", "max_order_value"]


def test_the_largest_volume_is_in_units(new_bench: Any) -> None:
    bench = new_bench({"market.universe.max_order_volume": 1_000})
    cleared = review(bench, bench.risked([0.5, -0.5]))
    assert cleared.weights.tolist() == pytest.approx([0.1, -0.05])


@pytest.mark.parametrize("limit", ["max_order_value", "max_order_volume"])
def test_without_a_maximum_there_is_no_order(new_bench: Any, limit: str) -> None:
    bench = new_bench({f"market.universe.{limit}": ABSENT})
    cleared = review(bench, bench.risked([0.5, -0.5]))
    assert cleared.weights.tolist() == [0.0, 0.0]
    assert {breach.rule for breach in cleared.breaches} == {f"{limit}_missing"}

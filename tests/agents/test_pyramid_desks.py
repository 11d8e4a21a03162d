"""A plan from desk to desk: the CIO makes it, risk and compliance can refuse it, execution confirms its price."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.algorithms import PYRAMID
from nautilus_ai_firm.agents.cio import CioDesk
from nautilus_ai_firm.agents.compliance import ComplianceDesk
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.agents.obedience import Safety
from nautilus_ai_firm.agents.risk import RiskDesk
from nautilus_ai_firm.agents.risk_plan import risk_plan
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.bus import Priority, Topic
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.gateways.kill_switch import OPEN
from nautilus_ai_firm.messages import ClearedDecision, DecisionEvent, PyramidPlan, SignalEvent
from nautilus_ai_firm.models.execution.pyramid import Pyramid
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules
from nautilus_ai_firm.models.risk.memory import FRESH, forget
from nautilus_ai_firm.models.risk.review import RiskReview
from tests.agents.conftest import Bench

ROUNDS = 60
HELD, WANTED = 0.20, 0.29
"""A first layer, and with the second one on top, fractions of equity."""


def plan(place: int = 0, floor_price: float | None = None) -> PyramidPlan:
    return PyramidPlan(
        plan_id=f"P000001-{place}", place=place, instrument_id="A.US", side=1, layers=(), unlocked=2, total_layers=4,
        intended_weight=0.4, weight=WANTED, average_entry_price=95.0, close=100.0, next_trigger=None,
        volume_confirms=False, floor_price=floor_price, cause="layer unlocked",
    )  # fmt: skip


# --- The CIO --------------------------------------------------------------------------------------------------------


def decisions(bench: Bench, pyramid: Pyramid | None, score: tuple[float, float]) -> list[DecisionEvent]:
    """Play moving prices to a CIO who hears the same scores in every round; nothing is ever filled."""
    walk = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, (ROUNDS, 2)), axis=0)) * [100.0, 50.0]

    class Choir(CioDesk):
        def on_start(self) -> None:
            super().on_start()
            self.line.subscribe(Topic.SNAPSHOT, self._sing, Priority.SIGNALS)

        def _sing(self, snapshot: Any) -> None:
            for agent in ("momentum", "macro", "mean_reversion"):
                event = SignalEvent(
                    round=snapshot.round, ts_event=snapshot.ts_event, agent=agent,
                    score=np.array(score), confidence=np.ones(2),
                )  # fmt: skip
                self.line.publish(Topic.SIGNAL, event)

    firm = bench.stage.firm
    heard = bench.sit(
        lambda book, _ledger, failures: [
            Choir(firm.cio, firm.signals.agents, book, bench.stage.sessions, failures, pyramid)
        ],
        [
            (Topic.SNAPSHOT, bench.snapshot(number + 1, open=price, high=price * 1.001, low=price * 0.999, close=price))
            for number, price in enumerate(walk)
        ],
        [Topic.DECISION],
    )
    assert bench.failures.first is None
    return heard


def test_the_cio_decides_the_first_layer_and_says_what_it_intends(new_bench: Any) -> None:
    rules = PyramidRules(stop_atr=50.0)  # so that a stop is far away
    layered = Pyramid(rules, ("A.US", "B.US"), np.ones(2, dtype=np.int64), 0.1)
    ours, all_in = decisions(new_bench(), layered, (0.5, -0.5)), decisions(new_bench(), None, (0.5, -0.5))
    for one, other in zip(ours, all_in, strict=True):
        np.testing.assert_allclose(one.weights, 0.25 * other.weights, rtol=1e-12)
        np.testing.assert_allclose(one.contributions, 0.25 * other.contributions, rtol=1e-12)
        assert other.plans == ()
    told = ours[-1].plans
    assert [(one.place, one.instrument_id, one.side, one.unlocked) for one in told] == [
        (0, "A.US", 1, 1), (1, "B.US", -1, 1),
    ]  # fmt: skip
    assert [one.intended_weight for one in told] == all_in[-1].weights.tolist()
    assert {one.cause for one in told} == {"waits for a fill"}
    assert [layer.quantity for one in told for layer in one.layers] == [0, 0]


# --- Risk and compliance --------------------------------------------------------------------------------------------


def risked(bench: Bench, decision: DecisionEvent) -> Any:
    """Let the risk desk see two stocks that move as one, and then a decision."""
    walk = np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, ROUNDS)))
    stage = bench.stage
    bench.sit(
        lambda _book, _ledger, failures: [
            RiskDesk(
                RiskReview(risk_plan(stage.firm, stage.universe, FRESH)),
                stage.sessions, DAY_NS, Open(), failures, True, FRESH.was_halted, forget,
            )
        ],
        [
            *(
                (Topic.SNAPSHOT, bench.snapshot(number - ROUNDS + 1, close=np.array([100.0, 50.0]) * price))
                for number, price in enumerate(walk)
            ),
            (Topic.DECISION, decision),
        ],
        [Topic.RISKED],
    )  # fmt: skip
    assert bench.failures.first is None
    return bench.heard[-1][1]


class Open:
    """A kill switch that nobody throws."""

    last = OPEN

    def state(self) -> Any:
        return OPEN

    def latch(self, cause: str, who: str, time: str) -> None:
        raise AssertionError(f"{who} latched at {time}: {cause}")


CLUSTER = {"cluster_threshold": 0.8, "span": 20.0, "window_rounds": 20, "history_span": 60.0, "alert_z": 9.0}


def addition(bench: Bench, weights: Sequence[float], current: Sequence[float]) -> DecisionEvent:
    units = np.array([100.0, 50.0]) / 1e6
    positions = np.round(np.array(current) / units).astype(np.int64)
    return bench.decision(weights, current=np.array(current), positions=positions, plans=(plan(),))


@pytest.mark.parametrize(
    ("limits", "rule"),
    [
        ({"risk.max_gross": 0.6}, "max_gross"),
        ({"risk.correlation": CLUSTER | {"max_cluster": 0.6}}, "max_cluster"),
        ({"risk.max_position": 0.25}, "max_position"),
    ],
)
def test_risk_refuses_an_addition_that_a_limit_has_no_room_for(new_bench: Any, limits: Any, rule: str) -> None:
    """The same addition passes without the limit, and the position that is there stays."""
    current = [HELD, 0.38]
    bench = new_bench(limits)
    found = risked(bench, addition(bench, [WANTED, 0.38], current))
    assert found.weights[0] < WANTED
    assert found.weights[0] >= HELD - 1e-12
    assert rule in {breach.rule for breach in found.breaches}
    bench = new_bench({"risk.correlation": "off"})
    control = risked(bench, addition(bench, [WANTED, 0.38], current))
    assert control.weights[0] == WANTED
    assert control.breaches == ()


@pytest.mark.parametrize("restricted", [True, False])
def test_compliance_refuses_an_addition_to_a_restricted_stock_and_leaves_what_is_held(
    new_bench: Any, *, restricted: bool
) -> None:
    bench = new_bench({"compliance.restricted": ["A.US"] if restricted else []})
    firm, stage = bench.stage.firm, bench.stage
    decision = addition(bench, [WANTED, 0.0], [HELD, 0.0])
    (cleared,) = bench.sit(
        lambda _book, _ledger, failures: [
            ComplianceDesk(firm.compliance, firm.execution.gate, firm.market, stage.universe, stage.sessions, failures)
        ],
        [(Topic.RISKED, replace(bench.risked([WANTED, 0.0]), decision=decision))],
        [Topic.CLEARED],
    )
    assert bench.failures.first is None
    assert cleared.weights[0] == (HELD if restricted else WANTED)
    assert [breach.rule for breach in cleared.breaches] == (["restricted"] if restricted else [])


# --- Execution ------------------------------------------------------------------------------------------------------


def executed(bench: Bench, floor: float | None) -> tuple[list[Any], list[Any]]:
    """Order a first layer of A in round 1 that a floor confirms, as additions are."""
    stage, firm = bench.stage, bench.stage.firm
    catalog = Catalog(stage.study.catalog)
    closes = np.array([catalog.bar_columns(str(name)).close[1] for name in stage.universe.bar_types])
    plans = () if floor is None else (plan(floor_price=float(closes[0]) * floor),)
    speech = bench.risked([0.05, 0.0], close=closes, plans=plans)

    def desks(book: Any, ledger: Any, failures: Any) -> list[Any]:
        gate = OrderGate(firm.execution.gate, firm.market, stage.universe, halt_allows_reducing=True)
        time = MarketTime()
        return [
            MarketDesk(stage.universe, stage.sessions, Feed(), time, failures),
            ExecutionDesk(firm.execution, book, ledger, gate, stage.sessions, time, failures, Safety.of(firm)),
            SlicingAlgorithm(PYRAMID, stage.universe, gate, time, failures, None),
        ]

    bench.sit(
        desks,
        [(Topic.CLEARED, ClearedDecision(risked=speech, weights=speech.weights, breaches=()))],
        [Topic.ORDER_RECORD, Topic.PARENT_RECORD],
    )
    assert bench.failures.first is None
    return tuple(
        [message for heard, message in bench.heard if heard is topic]
        for topic in (Topic.ORDER_RECORD, Topic.PARENT_RECORD)
    )  # type: ignore[return-value]


@pytest.mark.parametrize(("floor", "algorithm", "fills"), [(None, None, 1), (0.5, "PYRAMID", 1), (2.0, "PYRAMID", 0)])
def test_an_addition_leaves_only_while_the_price_is_beyond_its_floor(
    bench: Bench, floor: float | None, algorithm: str | None, fills: int
) -> None:
    orders, parents = executed(bench, floor)
    assert sum(record.kind == "filled" for record in orders) == fills
    (parent,) = parents
    assert parent.exec_algorithm == algorithm
    assert parent.filled_quantity == (parent.quantity if fills else 0)
    assert parent.state == ("filled" if fills else "expired")

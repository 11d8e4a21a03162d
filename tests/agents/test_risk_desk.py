"""Decisions in, smaller ones out; a drawdown or the kill switch halts, and only a person resumes."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from nautilus_ai_firm.agents.risk import RiskDesk
from nautilus_ai_firm.agents.risk_plan import risk_plan
from nautilus_ai_firm.bus import Failures, Topic
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.gateways.kill_switch import OPEN, KillSwitchState
from nautilus_ai_firm.messages import RiskAction
from nautilus_ai_firm.models.risk.memory import FRESH, CarriedRisk, EquityState, RiskMemory, forget
from nautilus_ai_firm.models.risk.review import RiskReview
from tests.agents.conftest import Bench
from tests.firm_runs import ABSENT


class Switch:
    def __init__(self, states: Sequence[KillSwitchState] = ()) -> None:
        self._states = list(states)
        self.last = OPEN
        self.latched: list[tuple[str, str, str]] = []

    def state(self) -> KillSwitchState:
        if self._states:
            self.last = self._states.pop(0)
        return self.last

    def latch(self, cause: str, who: str, time: str) -> None:
        self.latched.append((cause, who, time))
        self._states.insert(0, KillSwitchState(latched=True, cause=cause, who=who, time=time))


LATCHED = KillSwitchState(latched=True, cause="a test", who="tester", time="")


def desk(
    bench: Bench,
    switch: Switch,
    failures: Failures,
    carried: CarriedRisk = FRESH,
    remember: Callable[[RiskMemory], None] = forget,
) -> RiskDesk:
    stage = bench.stage
    models = RiskReview(risk_plan(stage.firm, stage.universe, carried))
    reduces = stage.firm.risk.halt_allows_reducing
    return RiskDesk(models, stage.sessions, DAY_NS, switch, failures, reduces, carried.was_halted, remember)


def review(
    bench: Bench,
    decisions: Sequence[Any],
    switch: Switch | None = None,
    carried: CarriedRisk = FRESH,
    remember: Callable[[RiskMemory], None] = forget,
) -> tuple[list[Any], list[Any]]:
    bench.sit(
        lambda _book, _ledger, failures: [desk(bench, switch or Switch(), failures, carried, remember)],
        [(Topic.SNAPSHOT, bench.snapshot()), *((Topic.DECISION, decision) for decision in decisions)],
        [Topic.RISKED, Topic.RISK_COMMAND],
    )
    assert bench.failures.first is None
    risked = [message for topic, message in bench.heard if topic is Topic.RISKED]
    return risked, [message for topic, message in bench.heard if topic is Topic.RISK_COMMAND]


def rules(risked: Any) -> set[str]:
    return {breach.rule for breach in risked.breaches}


def test_a_decision_within_the_limits_passes_as_it_is(bench: Bench) -> None:
    decision = bench.decision([0.2, -0.1])
    (risked,), commands = review(bench, [decision])
    assert risked.decision is decision
    assert risked.weights.tolist() == [0.2, -0.1]
    assert (risked.breaches, commands) == ((), [])


def test_a_weight_above_the_limit_is_clipped_and_named(bench: Bench) -> None:
    (risked,), _ = review(bench, [bench.decision([0.7, -0.1])])
    assert risked.weights.tolist() == [0.4, -0.1]
    (breach,) = risked.breaches
    assert (breach.rule, breach.instrument_id, breach.observed, breach.limit) == ("max_position", "A.US", 0.7, 0.4)


def test_drawdown_is_measured_from_the_highest_equity(bench: Bench) -> None:
    values = ["1000000", "1200000", "900000", "1200000"]
    risked, commands = review(bench, [bench.decision([0.1, 0.1], equity=Decimal(value)) for value in values])
    assert [one.drawdown for one in risked] == [0.0, 0.0, 0.25, 0.0]
    assert commands == []


def test_a_drawdown_at_the_limit_latches_the_switch_and_commands(bench: Bench) -> None:
    switch = Switch()
    decisions = [bench.decision([0.1, 0.1], equity=Decimal(value)) for value in ("1000000", "700000", "1000000")]
    risked, commands = review(bench, decisions, switch)
    assert [rules(one) for one in risked] == [set(), {"halt"}, {"halt"}]
    assert [one.weights.tolist() for one in risked[1:]] == [[0.0, 0.0], [0.0, 0.0]]
    assert [one.action for one in commands] == [RiskAction.HALT, RiskAction.CANCEL_ALL]
    ((cause, who, time),) = switch.latched
    assert cause == "drawdown 0.3000 reached the limit 0.3000"
    assert who == "risk"
    assert time.startswith("2012-01-04T21:00:00")


def test_commands_precede_the_risked_decision_of_their_round(bench: Bench) -> None:
    review(bench, [bench.decision([0.1, 0.1])], Switch([LATCHED]))
    assert [topic for topic, _ in bench.heard] == [Topic.RISK_COMMAND, Topic.RISK_COMMAND, Topic.RISKED]


def test_a_halt_lets_a_position_shrink_and_cuts_a_flip_at_zero(bench: Bench) -> None:
    import numpy as np  # noqa: PLC0415 - of this test alone

    decision = bench.decision([0.1, 0.3], current=np.array([0.2, -0.2]))
    (risked,), _ = review(bench, [decision], Switch([LATCHED]))
    assert risked.weights.tolist() == [0.1, 0.0]


def test_resume_is_commanded_once_with_who_and_why_and_starts_a_new_mark(bench: Bench) -> None:
    resumed = KillSwitchState(latched=False, cause="seen and understood", who="a person", time="")
    values = ("1000000", "600000", "600000", "600000")
    decisions = [bench.decision([0.1, 0.1], equity=Decimal(value)) for value in values]
    risked, commands = review(bench, decisions, Switch([OPEN, resumed, resumed]))
    assert [one.action for one in commands] == [RiskAction.HALT, RiskAction.CANCEL_ALL, RiskAction.RESUME]
    assert (commands[-1].cause, commands[-1].who) == ("seen and understood", "a person")
    assert [one.sequence for one in commands] == [1, 2, 3]
    assert [rules(one) for one in risked][-1] == set()
    assert risked[-1].drawdown == 0.0


@pytest.mark.parametrize("limit", ["max_position", "max_gross", "max_net", "max_drawdown"])
def test_a_missing_limit_refuses_new_exposure_by_name(new_bench: Any, limit: str) -> None:
    bench = new_bench({f"risk.{limit}": ABSENT})
    (risked,), _ = review(bench, [bench.decision([0.1, -0.1])])
    assert risked.weights.tolist() == [0.0, 0.0]
    assert f"limit_missing:{limit}" in rules(risked)


def test_alerts_and_use_are_told_before_the_risked_decision(bench: Bench) -> None:
    bench.sit(
        lambda _book, _ledger, failures: [desk(bench, Switch(), failures)],
        [(Topic.SNAPSHOT, bench.snapshot()), (Topic.DECISION, bench.decision([0.7, -0.1]))],
        [Topic.RISKED, Topic.RISK_ALERT, Topic.RISK_REPORT],
    )
    assert bench.failures.first is None
    assert [topic for topic, _ in bench.heard] == [Topic.RISK_ALERT, Topic.RISK_REPORT, Topic.RISKED]
    (alert, report, _) = (message for _, message in bench.heard)
    assert (alert.rule, alert.subject, alert.value, alert.limit) == ("max_position", "A.US", 0.7, 0.4)
    assert dict(zip(report.rules, report.value.tolist(), strict=False))["max_gross"] == pytest.approx(0.5)


def test_the_tier_that_flattens_sells_by_quantity_once_and_halts(new_bench: Any) -> None:
    bench = new_bench({"risk.drawdown_tiers": [{"action": "flatten", "drawdown": 0.1}]})
    values = ("1000000", "880000", "870000", "860000")
    risked, commands = review(bench, [bench.decision([0.1, 0.1], equity=Decimal(value)) for value in values])
    assert [one.action for one in commands] == [RiskAction.HALT, RiskAction.CANCEL_ALL, RiskAction.FLATTEN]
    assert {rule for one in risked[1:] for rule in rules(one)} == {"halt", "drawdown_tier:flatten"}
    assert all(one.weights.tolist() == [0.0, 0.0] for one in risked[1:])


def test_what_is_held_through_the_close_is_cut_where_nothing_executes_before_it(new_bench: Any) -> None:
    bench = new_bench({"risk.max_overnight": 0.3})
    (risked,), _ = review(bench, [bench.decision([0.4, -0.2])])
    assert risked.weights.tolist() == pytest.approx([0.2, -0.1])
    assert rules(risked) == {"max_overnight"}


def carried(*, halted: bool = False, mark: float = 1_250_000.0, flow: float = 0.0) -> CarriedRisk:
    memory = RiskMemory(ts_ns=0, equity=EquityState(mark=mark), halted=halted)
    return CarriedRisk(memory=memory, external_flow=flow)


def test_a_second_session_goes_on_from_the_mark_of_the_first(bench: Bench) -> None:
    decision = bench.decision([0.1, 0.1], equity=Decimal(1_000_000))
    (fresh,), _ = review(bench, [decision])
    assert fresh.drawdown == 0.0  # without what is remembered
    bench.heard.clear()
    (risked,), commands = review(bench, [decision], carried=carried())
    assert risked.drawdown == 0.2
    assert commands == []


def test_a_flow_is_allowed_for_in_the_first_round_alone(bench: Bench) -> None:
    decisions = [bench.decision([0.1, 0.1], equity=Decimal(value)) for value in (1_000_000, 900_000)]
    risked, _ = review(bench, decisions, carried=carried(mark=1_250_000.0, flow=-250_000.0))
    assert [one.drawdown for one in risked] == pytest.approx([0.0, 0.1])


def test_every_round_is_remembered(bench: Bench) -> None:
    kept: list[RiskMemory] = []
    decisions = [bench.decision([0.1, 0.1], equity=Decimal(value)) for value in ("1000000", "1200000", "700000")]
    review(bench, decisions, remember=kept.append)
    marks = [(memory.equity.mark, memory.halted) for memory in kept]
    assert marks == [(1_000_000.0, False), (1_200_000.0, False), (1_200_000.0, True)]
    assert [memory.ts_ns for memory in kept] == [decision.ts_event for decision in decisions]


def test_what_cannot_be_remembered_is_not_acted_on(bench: Bench) -> None:
    def full(_memory: RiskMemory) -> None:
        raise OSError(28, "No space left on device")

    bench.sit(
        lambda _book, _ledger, failures: [desk(bench, Switch(), failures, remember=full)],
        [(Topic.SNAPSHOT, bench.snapshot()), (Topic.DECISION, bench.decision([0.1, 0.1]))],
        [Topic.RISKED],
    )
    assert bench.heard == []
    assert bench.failures.first is not None
    assert (bench.failures.first.component, "No space left" in bench.failures.first.error) == ("risk", True)


def test_a_person_who_resumed_between_two_sessions_accepted_the_loss(bench: Bench) -> None:
    resumed = KillSwitchState(latched=False, cause="seen and understood", who="a person", time="")
    decisions = [bench.decision([0.1, 0.1], equity=Decimal(600_000))] * 2
    switch = Switch([resumed, resumed])
    risked, commands = review(bench, decisions, switch, carried(halted=True))
    assert [(one.action, one.who) for one in commands] == [(RiskAction.RESUME, "a person")]
    assert switch.latched == []
    assert (risked[-1].drawdown, rules(risked[-1])) == (0.0, set())


def test_a_halt_without_a_person_lasts_over_a_restart_and_is_commanded_again(bench: Bench) -> None:
    decisions = [bench.decision([0.1, 0.1], equity=Decimal(600_000))] * 2
    risked, commands = review(bench, decisions, Switch([LATCHED, LATCHED]), carried(halted=True))
    assert [one.action for one in commands] == [RiskAction.HALT, RiskAction.CANCEL_ALL]
    assert [one.drawdown for one in risked] == [0.52, 0.52]


def test_a_drawdown_that_grew_between_two_sessions_halts_at_once(bench: Bench) -> None:
    switch = Switch()
    _, commands = review(bench, [bench.decision([0.1, 0.1], equity=Decimal(800_000))], switch, carried())
    assert [one.action for one in commands] == [RiskAction.HALT, RiskAction.CANCEL_ALL]
    assert switch.latched[0][0] == "drawdown 0.3600 reached the limit 0.3000"

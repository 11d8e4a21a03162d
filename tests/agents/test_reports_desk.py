"""What the world is told: a fact on the bus in, a report on the bus out, and nothing of the history."""

from typing import Any

from nautilus_ai_firm.agents.reports import ReportsDesk
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.messages import ExecutionReport, RiskAction, RiskCommand
from nautilus_ai_firm.models.execution.reporter import Reporter
from tests.agents.conftest import Bench


def reported(bench: Bench, *speech: tuple[Topic, Any]) -> list[ExecutionReport]:
    return bench.sit(
        lambda book, _ledger, failures: [ReportsDesk(Reporter(book.universe.names), failures)],
        speech,
        [Topic.EXECUTION_REPORT],
    )


def stop(price: float) -> RiskCommand:
    return RiskCommand(
        sequence=1, ts_event=7, action=RiskAction.SET_STOP, cause="initial stop", who="rules", place=1, price=price
    )


def test_a_fact_becomes_a_report_with_its_time_and_round(bench: Bench) -> None:
    (report,) = reported(
        bench, (Topic.SNAPSHOT, bench.snapshot(3)), (Topic.RISK_COMMAND, stop(48.0))
    )  # fmt: skip
    assert (report.ts_event, report.round) == (7, 3)
    assert report.message.content.symbol == "B.US"  # pyright: ignore[reportAttributeAccessIssue] - a stop has one
    assert bench.failures.first is None


def test_what_tells_nothing_is_not_reported_and_history_is_no_round(bench: Bench) -> None:
    (report,) = reported(
        bench,
        (Topic.SNAPSHOT, bench.snapshot(0)),
        (Topic.DECISION, bench.decision([0.1, 0.1])),
        (Topic.RISK_COMMAND, stop(48.0)),
    )
    assert report.round == 0


def test_a_report_that_fails_fails_the_run(bench: Bench) -> None:
    class Broken(Reporter):
        def command(self, message: RiskCommand) -> Any:
            raise ValueError(f"cannot say {message.action}")

    bench.sit(
        lambda book, _ledger, failures: [ReportsDesk(Broken(book.universe.names), failures)],
        [(Topic.RISK_COMMAND, stop(48.0))],
    )
    assert bench.failures.first is not None
    assert bench.failures.first.error == "ValueError: cannot say set_stop"

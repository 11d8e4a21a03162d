"""Every message reaches the recorder, before any desk hears it."""

from typing import Any

import pytest

from nautilus_ai_firm.agents.records import RecordsDesk
from nautilus_ai_firm.bus import Topic
from tests.agents.conftest import Bench

KEPT = {
    Topic.SNAPSHOT: "snapshot",
    Topic.LATE_BAR: "late_bar",
    Topic.SIGNAL: "signal",
    Topic.DECISION: "decision",
    Topic.RISKED: "risked",
    Topic.CLEARED: "cleared",
    Topic.RISK_COMMAND: "command",
    Topic.RISK_ALERT: "risk_alert",
    Topic.RISK_REPORT: "risk_report",
    Topic.GATE_RESULT: "gate_result",
    Topic.ORDER_RECORD: "order",
    Topic.PARENT_RECORD: "parent",
    Topic.CONNECTION: "connection",
    Topic.IMPACT: "impact",
    Topic.EXECUTION_REPORT: "execution_report",
}


class Recorder:
    """Notes which of its methods got what."""

    def __init__(self, heard: list[tuple[str, Any]]) -> None:
        for name in KEPT.values():
            setattr(self, name, lambda message, name=name: heard.append((name, message)))


@pytest.mark.parametrize("topic", list(KEPT))
def test_a_message_is_written_down_before_anyone_acts_on_it(bench: Bench, topic: Topic) -> None:
    written: list[tuple[str, Any]] = []
    message = bench.snapshot()
    heard = bench.sit(
        lambda _book, _ledger, failures: [RecordsDesk(Recorder(written), failures)],  # pyright: ignore[reportArgumentType] - its methods are made at run time
        [(topic, message)],
        [topic],
    )
    assert written == [(KEPT[topic], message)]
    assert heard == [message]


@pytest.mark.parametrize("topic", [Topic.SNAPSHOT, Topic.SIGNAL])
def test_what_the_desks_only_learn_from_is_not_written_down(bench: Bench, topic: Topic) -> None:
    written: list[tuple[str, Any]] = []
    heard = bench.sit(
        lambda _book, _ledger, failures: [RecordsDesk(Recorder(written), failures)],  # pyright: ignore[reportArgumentType] - as above
        [(topic, bench.snapshot(0)), (topic, bench.snapshot(1))],
        [topic],
    )
    assert [message.round for message in heard] == [0, 1]
    assert [message.round for _, message in written] == [1]


def test_a_recorder_that_raises_stops_the_message_before_any_desk(bench: Bench) -> None:
    class Full(Recorder):
        def __init__(self) -> None:
            super().__init__([])
            self.decision = self._raise

        def _raise(self, _message: Any) -> None:
            raise OSError(28, "No space left on device")

    heard = bench.sit(
        lambda _book, _ledger, failures: [RecordsDesk(Full(), failures)],  # pyright: ignore[reportArgumentType] - as above
        [(Topic.DECISION, bench.decision([0.1, 0.1]))],
        [Topic.DECISION],
    )
    assert heard == []
    assert bench.failures.first is not None
    assert bench.failures.first.component == "records"
    assert bench.failures.first.error == "OSError: [Errno 28] No space left on device"

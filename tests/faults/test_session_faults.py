"""What raises live ends the session: status 1, one line that names it, its traceback recorded, no order after it."""

import json
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.firm_runs import audit
from tests.live_runs import SLICED, Desk, assert_done_once, assert_sealed, books, desk, minute_market

ROUND = 40
"""Round in which the faults strike; the firm trades by then."""
PLANT = """
from nautilus_ai_firm.agents import execution
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.agents.cio import CioDesk
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.market import MarketDesk
from nautilus_ai_firm.hosts.venue import Charges
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.runs.session import SessionJournal

class PlantedError(RuntimeError):
    pass

rounds = [0]
honest_snapshot = SessionJournal.snapshot
def snapshot(self, message):
    rounds[0] = message.round
    return honest_snapshot(self, message)
SessionJournal.snapshot = snapshot

def strike(owner, name, when=lambda args: True):
    honest = getattr(owner, name)
    def spoilt(*args, **kwargs):
        if rounds[0] >= {round} and when(args):
            raise PlantedError("planted")
        return honest(*args, **kwargs)
    setattr(owner, name, spoilt)
"""
FAULTS = [
    ("signals.momentum", 'strike(momentum.Model, "update")'),
    ("cio", 'strike(CioDesk, "_decide")'),
    ("execution", 'strike(WorkingLedger, "active")'),  # a tick
    ("execution", 'strike(execution, "order_record", lambda args: type(args[0]).__name__ == "OrderFilled")'),
    ("TWAP", 'strike(SlicingAlgorithm, "_send_due")'),
    ("market", 'strike(MarketDesk, "_close_round")'),  # an alert of the market clock
    ("venue", 'strike(Charges, "charge")'),
    ("records", 'strike(SessionJournal, "order")'),
    ("session", 'strike(Charges, "see")'),
]
ENGINE_ERROR = """
from nautilus_ai_firm.hosts.doorman import Doorman
honest = Doorman.{where}
def spoilt(self, message):
    if {when}:
        self.log.error("planted, and nobody's")
    honest(self, message)
Doorman.{where} = spoilt
"""
DISK_FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, resource.RLIM_INFINITY))
"""
INTENTS = """
import sys
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
for owner in (ExecutionDesk, SlicingAlgorithm):
    def submit_order(self, order, honest=owner.submit_order, **how):
        print("SUBMITTED", order.client_order_id, flush=True)
        return honest(self, order, **how)
    owner.submit_order = submit_order
"""


@pytest.fixture
def sliced(tmp_path: Path) -> Desk:
    return desk(tmp_path / "desk", minute_market(["A", "B"], 90), SLICED, bar="1-MINUTE", macro=False)


def by_the_engine(line: str) -> bool:
    """Whether the engine logged the line: it puts every ERROR on stderr, whatever it is told."""
    return "[ERROR] FIRM-001." in line


@pytest.mark.parametrize(
    ("component", "fault"),
    [FAULTS[0], *(pytest.param(*fault, marks=pytest.mark.slow) for fault in FAULTS[1:])],
)
def test_a_raising_callback_fails_the_session_and_is_in_its_records(
    sliced: Desk, tmp_path: Path, component: str, fault: str
) -> None:
    out = tmp_path / "run"
    ended = sliced.run(out, planted=PLANT.replace("{round}", str(ROUND)) + fault + "\n")
    assert ended.status == 1
    *logged, said = ended.errors
    assert all(map(by_the_engine, logged))
    failure = assert_failed(out, said, component, "PlantedError: planted")
    assert failure["traceback"].startswith("Traceback")
    assert 'raise PlantedError("planted")' in failure["traceback"] or "in spoilt" in failure["traceback"]
    assert failure["round"] in {ROUND - 1, ROUND}


def assert_failed(out: Path, said: str, component: str, error: str) -> dict[str, Any]:
    """Console, journal, audit chain and summary name the same failure, and nothing but the end comes after it."""
    failure = assert_sealed(out, "failed").summary["failure"]
    assert failure["component"] == component
    assert failure["error"].startswith(error)
    expected = f"error: {component} failed in round {failure['round']}: {failure['error']} (records: {out})"
    assert said == expected
    session = assert_done_once(out)
    assert [entry.record for entry in session.entries[-2:]] == ["failure", "end"]
    assert session.entries[-1].fact.exit_status == 1
    recorded = session.entries[-2].fact
    assert (recorded.component, recorded.round, recorded.traceback) == (
        component, failure["round"], failure["traceback"],
    )  # fmt: skip
    assert [fact["component"] for fact in audit(out, "failure")] == [component]
    assert "audit chain" in verify_run(out)
    return failure


@pytest.mark.parametrize(
    ("where", "when"), [("on_data", "self._knocks == 400"), pytest.param("end_session", "True", marks=pytest.mark.slow)]
)
def test_an_error_of_the_engine_that_is_nobodys_fails_the_session(
    sliced: Desk, tmp_path: Path, where: str, when: str
) -> None:
    out = tmp_path / "run"
    ended = sliced.run(out, planted=ENGINE_ERROR.format(where=where, when=when))
    assert ended.status == 1
    *logged, said = ended.errors
    assert all(map(by_the_engine, logged))
    failure = assert_failed(out, said, "node", "the engine logged an error, see ")
    assert 0 < failure["round"] <= 90
    (log,) = (out / "log").iterdir()
    assert "planted, and nobody's" in log.read_text(encoding="utf-8")


def test_a_full_disk_ends_the_session_without_an_order_after_the_last_record_and_it_can_be_resumed(
    sliced: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    ended = sliced.run(out, planted=DISK_FULL + INTENTS)
    assert ended.status == 1
    *logged, said = ended.errors
    assert all(map(by_the_engine, logged))
    assert "session.jsonl: cannot be written: File too large" in said
    assert said.endswith(f"(not sealed, to be resumed or sealed: {out})")
    assert not (out / "summary.json").exists()
    session = read_session(out)
    submitted = [line.split()[1] for line in ended.out.splitlines() if line.startswith("SUBMITTED")]
    intents = {one.client_order_id for one in session.of("gate_result") if one.breach is None}
    assert len(submitted) > 20
    assert set(submitted) <= intents
    resumed = sliced.resume(out)
    assert resumed.status == 0, resumed.errors
    assert_done_once(out)
    assert books(sliced.backtest(tmp_path / "backtest")) == books(assert_sealed(out, "normal"))


@pytest.mark.slow
def test_a_session_that_ended_is_not_resumed_and_keeps_its_records(sliced: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert sliced.run(out, "--end", "2012-01-03").status == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    refused = sliced.resume(out)
    assert refused.status == 2
    assert refused.errors == [f"error: {out}: the session has ended, there is nothing to resume"]
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert json.loads((out / "summary.json").read_text())["ended"] == "normal"

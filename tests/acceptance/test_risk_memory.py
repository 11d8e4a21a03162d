"""What the risk desk remembers survives a restart at the broker, is a fact of the journal and is replayed from it."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from nautilus_ai_firm.durations import HOUR_NS
from nautilus_ai_firm.gateways.cash_flows import CashFlow
from nautilus_ai_firm.gateways.risk_file import RiskFile
from nautilus_ai_firm.hosts.replay import replay
from nautilus_ai_firm.models.risk.memory import FRESH, CarriedRisk, EquityState, RiskMemory
from nautilus_ai_firm.runs.session_reading import Session, read_session
from tests.faults.gateway.server import Gateway
from tests.paper_runs import ACCOUNT, STOCKS, PaperDesk, Tape, minutes_for, paper_desk

FLOW = CashFlow(amount=-250_000.0, who="ann", why="a redemption", time="2026-01-02T03:04:05+00:00")


def remembered_by(desk: PaperDesk) -> RiskFile:
    return RiskFile.beside(desk.folder / "kill_switch.json", "tested", ACCOUNT)


def earlier(mark: float) -> RiskMemory:
    return RiskMemory(ts_ns=time.time_ns() - HOUR_NS, equity=EquityState(mark=mark), halted=False)


def drawdowns(session: Session) -> list[float]:
    return [risked.drawdown for risked in session.of("risked")]


def test_a_file_that_cannot_be_read_refuses_the_session_in_one_line(tmp_path: Path) -> None:
    with Gateway(STOCKS) as gateway:
        desk = paper_desk(tmp_path / "desk", gateway)
        file = remembered_by(desk)
        file.path.write_text('{"record":"risk_mem', encoding="utf-8")
        ended = desk.run("--run", "--minutes", "0.1", "--out", str(tmp_path / "run"))
        gateway.wait_alone()
    assert ended.status == 2
    (line,) = ended.errors
    assert line.startswith(f"error: {file.path}: cannot be read")
    assert file.path.read_text(encoding="utf-8") == '{"record":"risk_mem'
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_session_without_a_round_leaves_memory_and_flows_for_the_next(tmp_path: Path) -> None:
    with Gateway(STOCKS) as gateway:
        desk = paper_desk(tmp_path / "desk", gateway)
        file, memory = remembered_by(desk), earlier(1_500_000.0)
        file.remember(memory, flows=0)
        file.flows.add(FLOW)
        begins = CarriedRisk(memory=memory, external_flow=-250_000.0, flows=1)
        with Tape(gateway):
            ended = desk.run("--run", "--minutes", "0.1", "--out", str(tmp_path / "run"))
        gateway.wait_alone()
    assert (ended.status, ended.errors) == (0, [])
    assert "high-water mark 1,500,000.00; cash flows since then -250,000.00" in ended.out
    assert read_session(tmp_path / "run").start.carried == begins
    assert file.carried(time.time_ns()) == begins


@pytest.mark.slow  # it waits for a whole minute of the market, twice
def test_the_drawdown_of_a_session_is_from_the_mark_of_the_one_before_and_is_replayed(tmp_path: Path) -> None:
    with Gateway(STOCKS) as gateway:
        desk = paper_desk(tmp_path / "desk", gateway)
        file = remembered_by(desk)
        runs = [tmp_path / "first", tmp_path / "second"]
        with Tape(gateway):
            first = desk.run("--run", "--minutes", str(minutes_for(1)), "--out", str(runs[0]))
            known = file.carried(time.time_ns()).memory
            assert known is not None
            higher = replace(known, equity=replace(known.equity, mark=1_500_000.0))
            file.remember(higher, flows=0)  # as if more had been earned, and lost, in between
            file.flows.add(FLOW)
            second = desk.run("--run", "--minutes", str(minutes_for(1)), "--out", str(runs[1]))
        gateway.wait_alone()
    assert (first.status, second.status) == (0, 0), first.errors + second.errors
    fresh, mindful = map(read_session, runs)
    assert "risk begins anew" in first.out
    assert fresh.start.carried == FRESH
    assert drawdowns(fresh)[0] == 0.0  # what every session said without the file
    assert known.ts_ns == fresh.of("risked")[-1].decision.ts_event
    assert mindful.start.carried == CarriedRisk(memory=higher, external_flow=-250_000.0, flows=1)
    assert drawdowns(mindful)[0] == pytest.approx(1 / 6, abs=0.01)
    after = file.carried(time.time_ns())
    assert after.memory is not None
    assert after.memory.ts_ns == mindful.of("risked")[-1].decision.ts_event
    assert (after.external_flow, after.flows) == (0.0, 1)
    assert after.memory.equity.mark == pytest.approx(1_200_000, rel=0.01)

    untouched = file.path.read_bytes()
    replay(runs[1], keep=tmp_path / "again")
    again = read_session(tmp_path / "again")
    assert again.start.carried == mindful.start.carried
    # the second session began with positions, and its replay with as much in cash
    assert drawdowns(again)[0] == pytest.approx(drawdowns(mindful)[0], abs=1e-3)
    assert file.path.read_bytes() == untouched

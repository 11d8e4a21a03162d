"""What the risk desk remembers comes back to the bit, is never half written, and is refused where it is doubtful."""

import json
import math
import os
from dataclasses import replace

import pytest

from nautilus_ai_firm.gateways.cash_flows import CashFlow, CashFlowFile
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.risk_file import RiskFile
from nautilus_ai_firm.models.risk.crash_velocity import VelocityState
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction
from nautilus_ai_firm.models.risk.memory import CarriedRisk, EquityState, RiskMemory
from nautilus_ai_firm.models.risk.period_losses import LossState

TS_NS = 1_800_000_000_123_456_789
LATER_NS = TS_NS + 1
LOSSES = LossState(
    session_close_ns=TS_NS, day_equity=1e6 / 3, week_equity=0.1 + 0.2, recent=(math.pi, 1e6), day_reached=True
)
MEMORY = RiskMemory(
    ts_ns=TS_NS,
    equity=EquityState(
        mark=1e7 / 7,
        tier=TierAction.NO_NEW_RISK,
        losses=LOSSES,
        velocity=VelocityState(ts_ns=TS_NS, equity=1e6, count=3, weight=1.9, usual=1e-5 / 3),
    ),
    halted=True,
)
BARE = RiskMemory(ts_ns=TS_NS, equity=EquityState(mark=1e6), halted=False)
FLOW = CashFlow(amount=10_000.0, who="ann", why="a subscription", time="2026-01-02T03:04:05+00:00")


@pytest.fixture
def file(tmp_path):
    return RiskFile.beside(tmp_path / "state" / "kill_switch.json", "my_firm", "DU1234567")


def test_it_lies_beside_the_kill_switch_by_firm_and_account(file, tmp_path):
    assert file.path == tmp_path / "state" / "my_firm-DU1234567.risk.json"
    assert file.flows.path == tmp_path / "state" / "my_firm-DU1234567.flows.jsonl"


def test_no_file_is_a_firm_that_begins_and_reading_makes_none(file):
    assert file.carried(LATER_NS) == CarriedRisk()
    assert not file.path.parent.exists()


@pytest.mark.parametrize("memory", [MEMORY, BARE])
def test_what_was_written_comes_back_to_the_bit(file, memory):
    file.remember(BARE, flows=0)
    file.remember(memory, flows=0)
    assert file.carried(LATER_NS) == CarriedRisk(memory=memory)
    assert [path.name for path in file.path.parent.iterdir()] == [file.path.name]


def test_a_write_that_is_cut_short_leaves_what_was_there(file, monkeypatch):
    file.remember(BARE, flows=0)

    def cut(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", cut)
    with pytest.raises(OSError, match="No space left"):
        file.remember(MEMORY, flows=0)
    assert file.carried(LATER_NS).memory == BARE


def _spoil(file, spoil):
    file.remember(MEMORY, flows=0)
    file.path.write_text(spoil(file.path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda text: text[: len(text) // 2],
        lambda _: "[]",
        lambda text: text.replace('"mark":1', '"mark":-1'),
        lambda text: text.replace("no_new_risk", "no_risk"),
        lambda text: text.replace('"halted":true', '"halted":"no"'),
        lambda text: text.replace('"halted":true,', "").replace(',"halted":true', ""),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line_that_says_what_to_do(file, spoil):
    _spoil(file, spoil)
    with pytest.raises(GatewayError, match="cannot be read") as refused:
        file.carried(LATER_NS)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{file.path}: ")
    assert "move it away" in line


@pytest.mark.parametrize("now_ns", [TS_NS, TS_NS - 1])
def test_a_memory_of_a_time_to_come_is_refused(file, now_ns):
    file.remember(MEMORY, flows=0)
    with pytest.raises(GatewayError, match=r"is of 2027-01-15 08:00:00 UTC, which is to come"):
        file.carried(now_ns)


def test_flows_are_allowed_for_once_and_those_before_the_first_session_never(file):
    file.flows.add(FLOW)
    begin = file.carried(LATER_NS)
    assert begin == CarriedRisk(flows=1)
    file.remember(MEMORY, begin.flows)
    assert file.flows.add(replace(FLOW, amount=-2_500.0)) == 2
    assert file.flows.add(FLOW) == 3
    twice = [file.carried(LATER_NS) for _ in range(2)]  # the first ended before its first round
    assert twice == [CarriedRisk(memory=MEMORY, external_flow=7_500.0, flows=3)] * 2
    file.remember(MEMORY, flows=3)
    assert file.carried(LATER_NS).external_flow == 0.0


def test_flows_that_were_allowed_for_and_are_gone_are_refused(file):
    file.flows.add(FLOW)
    file.remember(MEMORY, flows=1)
    file.flows.path.unlink()
    with pytest.raises(GatewayError, match=r"flows.jsonl: holds 0 cash flows, .* allowed for 1 already"):
        file.carried(LATER_NS)


def test_flows_keep_who_and_why_in_order(file):
    flows = [replace(FLOW, why=why) for why in ("first", "second: Müller & Söhne")]
    for flow in flows:
        file.flows.add(flow)
    assert file.flows.read() == tuple(flows)


@pytest.mark.parametrize(
    "last", ["{", '{"amount":1,"who":"a","why":"b","time":""}', '{"amount":0.0,"who":"a","why":"b","time":""}', ""]
)
def test_a_line_that_is_no_flow_is_refused_by_its_number_and_nothing_is_added(file, last):
    file.flows.add(FLOW)
    with file.flows.path.open("a", encoding="utf-8") as lines:
        lines.write(last + "\n")
    before = file.flows.path.read_bytes()
    for action in (file.flows.read, lambda: file.flows.add(FLOW)):
        with pytest.raises(GatewayError, match=r"flows.jsonl:2: is no cash flow"):
            action()
    assert file.flows.path.read_bytes() == before


def test_a_last_line_without_its_end_is_not_written_into(file):
    file.flows.add(FLOW)
    file.flows.path.write_bytes(file.flows.path.read_bytes().rstrip(b"\n"))
    assert file.flows.add(FLOW) == 2
    assert [json.loads(line)["who"] for line in file.flows.path.read_text(encoding="utf-8").splitlines()] == ["ann"] * 2


@pytest.mark.parametrize(
    "change", [{"amount": 0.0}, {"amount": math.nan}, {"amount": math.inf}, {"who": " "}, {"why": ""}]
)
def test_a_flow_that_nobody_answers_for_is_refused(change):
    with pytest.raises(ValueError, match=r"amount is|a named person"):
        replace(FLOW, **change)


def test_a_flow_file_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises(GatewayError, match="cannot be read"):
        CashFlowFile(tmp_path).read()

"""What a session at the broker goes on from, in words, and `firm flow` as a person types it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.risk_file import RiskFile
from nautilus_ai_firm.hosts.carried_risk import carried_line, refuse_flow
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction
from nautilus_ai_firm.models.risk.memory import CarriedRisk, EquityState, RiskMemory
from nautilus_ai_firm.settings import encode
from tests.firm_runs import settings

ACCOUNT = "DU1234567"
STATE = EquityState(mark=1_250_000.0, tier=TierAction.NO_NEW_RISK)
MEMORY = RiskMemory(ts_ns=1_800_000_000_000_000_000, equity=STATE, halted=True)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, {"live": {"ib": {"contracts": {"A.US": "A.NYSE"}}}})


def write_config(folder: Path, changes: dict[str, Any]) -> Path:
    path = folder / "firm.toml"
    resolved = settings(("A",), {"risk.kill_switch_file": "state/switch.json"} | changes, macro=False)
    path.write_bytes(encode(resolved.firm))
    return path


def flow(config: Path, *options: str, **environment: str) -> Result:
    given = ["flow", "--config", str(config), "--who", "ann", "--why", "a subscription", *options]
    return CliRunner().invoke(app, given, env={"IB_ACCOUNT": ACCOUNT} | environment)


def notes(config: Path) -> RiskFile:
    return RiskFile.beside(config.parent / "state" / "switch.json", "tested", ACCOUNT)


def test_a_flow_is_noted_for_the_account_of_the_environment(config: Path) -> None:
    first, second = flow(config, "--amount", "10000"), flow(config, "--amount", "-2500.5")
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert first.stdout == (
        "tested at DU…567: +10,000.00 USD, cash flow 1 (ann: a subscription); the next session allows for it\n"
    )
    assert [(one.amount, one.who, one.why) for one in notes(config).flows.read()] == [
        (10_000.0, "ann", "a subscription"),
        (-2_500.5, "ann", "a subscription"),
    ]


@pytest.mark.parametrize(("amount", "environment"), [("0", {}), ("nan", {}), ("inf", {}), ("1", {"IB_ACCOUNT": "U7"})])
def test_a_flow_that_is_none_or_of_no_account_is_refused_and_not_noted(
    config: Path, amount: str, environment: dict[str, str]
) -> None:
    result = flow(config, "--amount", amount, **environment)
    assert result.exit_code == 2
    assert "allowed" in result.stderr
    assert not (config.parent / "state").exists()


def test_a_firm_at_no_broker_has_no_flows(tmp_path: Path) -> None:
    result = flow(write_config(tmp_path, {}), "--amount", "1")
    assert result.exit_code == 2
    assert "there is no table live.ib" in result.stderr


@pytest.mark.parametrize(
    ("carried", "line"),
    [
        (CarriedRisk(flows=2), "risk begins anew: no session before is remembered"),
        (
            CarriedRisk(memory=MEMORY, external_flow=-10.0, flows=2),
            (
                "risk goes on from 2027-01-15 08:00 UTC: high-water mark 1,250,000.00, in the tier no new risk, "
                "halted; cash flows since then -10.00"
            ),
        ),
        (
            CarriedRisk(memory=RiskMemory(ts_ns=MEMORY.ts_ns, equity=EquityState(mark=1e6), halted=False)),
            "risk goes on from 2027-01-15 08:00 UTC: high-water mark 1,000,000.00",
        ),
    ],
)
def test_a_session_says_what_it_goes_on_from(carried: CarriedRisk, line: str) -> None:
    assert carried_line(carried) == line


def test_flows_that_the_account_cannot_have_had_are_refused() -> None:
    refuse_flow(CarriedRisk(memory=MEMORY, external_flow=99.0), Decimal(100))
    refuse_flow(CarriedRisk(memory=MEMORY), Decimal(0))
    with pytest.raises(GatewayError, match=r"cash flows of 100\.00 were noted .* worth 100\.00"):
        refuse_flow(CarriedRisk(memory=MEMORY, external_flow=100.0), Decimal(100))

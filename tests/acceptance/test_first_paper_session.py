"""A newcomer's first paper session, from no catalog at all: history from the gateway, a check, and a session."""

import os
import subprocess
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import tomli_w

from nautilus_ai_firm.runs.folder import open_run
from nautilus_ai_firm.runs.verification import verify_run
from nautilus_ai_firm.settings import encode, load
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Stock
from tests.firm_runs import ROOT
from tests.live_runs import Ended, end_of
from tests.paper_runs import PaperDesk, Tape, history, minutes_for, tape_of

pytestmark = pytest.mark.slow  # it waits for whole minutes

FIRST = {
    "SPY": Decimal("600.00"), "QQQ": Decimal("500.00"), "IWM": Decimal("220.00"), "TLT": Decimal("90.00"),
    "GLD": Decimal("300.00"),
}  # fmt: skip
NASDAQ = {"QQQ", "TLT"}
STOCKS = [
    Stock(symbol=symbol, con_id=number, exchange="NASDAQ" if symbol in NASDAQ else "ARCA")
    for number, symbol in enumerate(FIRST, 1)
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PaperDesk]:
    """Write the configuration that comes with the firm, for minutes of a calendar that is open now."""
    raw = tomllib.loads(encode(load(ROOT / "configs" / "ib.toml").firm).decode())
    raw["market"] |= {"bar": "1-MINUTE", "calendar": "24/7", "grace_ms": 3_000}
    raw["risk"]["kill_switch_file"] = "kill_switch.json"
    raw["live"]["ib"] |= {"market_data": "live", "wait_seconds": 5.0}
    (tmp_path / "firm.toml").write_text(tomli_w.dumps(raw), encoding="utf-8")
    with Gateway(STOCKS) as gateway:
        for symbol, columns in history(FIRST).items():
            gateway.market.history[symbol, 60] = tape_of(columns)
        yield PaperDesk(folder=tmp_path, gateway=gateway)


def firm(desk: PaperDesk, *arguments: str) -> Ended:
    return end_of(
        subprocess.Popen(
            [str(ROOT / ".venv" / "bin" / "firm"), *arguments],
            env=os.environ | desk.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )


def test_a_first_session_from_no_catalog(desk: PaperDesk, tmp_path: Path) -> None:
    catalog = str(tmp_path / "catalog")
    lost = desk.run()
    assert lost.status == 2
    assert lost.errors[-1].endswith(f"(make it with: firm catalog add ib --config {desk.config} --catalog {catalog})")
    added = firm(desk, "catalog", "add", "ib", "--config", str(desk.config), "--catalog", catalog)
    assert (added.status, added.errors) == (0, [])
    assert sum(line.endswith(" written") for line in added.out.splitlines()) == len(FIRST)
    checked = desk.run()
    assert (checked.status, checked.errors) == (0, [])
    assert "checked: the gateway at" in checked.out
    with Tape(desk.gateway, first=FIRST):
        ended = desk.run("--run", "--minutes", str(minutes_for(1)), "--out", str(tmp_path / "run"))
    assert (ended.status, ended.errors) == (0, [])
    run = open_run(tmp_path / "run")
    assert run.summary["rounds"] >= 1
    entries = [order for order in desk.gateway.orders if order.message.orderType == "MKT"]
    assert run.summary["fills"] == len(entries) > 0
    assert {order.message.orderType for order in desk.gateway.orders} == {"MKT", "STP"}
    assert "audit chain" in verify_run(run.folder)

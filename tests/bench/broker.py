"""Latency of a paper session at the imitation of the broker's gateway: from a decision to its orders at the gateway.

One round of minute bars, one order an instrument, all released together: the slowest is the last of a burst. The time
begins where the decision is handed to the journal, and ends where the gateway, which is another process, has read the
order; a second figure begins where the desk hands the order to the engine.
"""

import json
import signal
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from nautilus_ai_firm.settings import encode
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.tape import Stock
from tests.firm_runs import settings
from tests.live_runs import end_of
from tests.paper_runs import PaperDesk, Tape, history, tape_of, write_history

INSTRUMENTS, LEAST_ORDERS = 56, 50  # a session may ask for the past sixty times in ten minutes
LONGEST_S = 170.0
FIRST = {f"S{number:02d}": Decimal("100.00") for number in range(INSTRUMENTS)}

STOPWATCH = """
import atexit, json, os, time
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.runs.session import SessionJournal
noted = {"decided_ns": 0, "orders": {}}

def before(owner, name, look):
    honest = getattr(owner, name)
    def watched(*arguments, **named):
        look(arguments[-1])
        return honest(*arguments, **named)
    setattr(owner, name, watched)

def decide(message):
    if message.round > 0 and not noted["decided_ns"]:
        noted["decided_ns"] = time.time_ns()

def submit(order):
    noted["orders"][str(order.client_order_id)] = time.time_ns()

before(SessionJournal, "decision", decide)
for owner in (ExecutionDesk, SlicingAlgorithm):
    before(owner, "submit_order", submit)
atexit.register(lambda: open(os.environ["BENCH_NOTES"], "w").write(json.dumps(noted)))
"""


def broker_latencies() -> dict[str, list[float]]:
    """Run one session until a round's orders have arrived, and return times up to their arrival in microseconds."""
    stocks = [Stock(symbol=symbol, con_id=number) for number, symbol in enumerate(FIRST, 1)]
    with tempfile.TemporaryDirectory() as name, Gateway(stocks) as gateway:
        folder = Path(name)
        desk = _desk(folder, gateway)
        with Tape(gateway, first=FIRST):
            process = desk.begin(
                "--run", "--out", str(folder / "run"), planted=STOPWATCH, BENCH_NOTES=str(folder / "notes.json")
            )
            try:
                gateway.wait_until(
                    lambda: len(gateway.named("PlaceOrderRequest")) >= LEAST_ORDERS, "a round of orders", LONGEST_S
                )
                time.sleep(1)
            finally:
                process.send_signal(signal.SIGINT)
                ended = end_of(process)
        assert ended.status == 0, ended
        noted = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
        arrived = {one.message.order.orderRef: one.time_ns for one in gateway.named("PlaceOrderRequest")}
    orders = [(arrived[name], sent_ns) for name, sent_ns in noted["orders"].items() if name in arrived]
    return {
        "decision to gateway": [(at_ns - noted["decided_ns"]) / 1e3 for at_ns, _ in orders],
        "order to gateway": [(at_ns - sent_ns) / 1e3 for at_ns, sent_ns in orders],
    }


def _desk(folder: Path, gateway: Gateway) -> PaperDesk:
    columns = history(FIRST)
    write_history(folder / "catalog", columns)
    for symbol, one in columns.items():
        gateway.market.history[symbol, 60] = tape_of(one)
    contracts = {f"{symbol}.US": f"{symbol}.NASDAQ" for symbol in FIRST}
    firm = settings(
        list(FIRST),
        {
            "market.bar": "1-MINUTE",
            "market.calendar": "24/7",
            "market.warm_up_rounds": 300,
            "market.grace_ms": 3_000,
            "risk.kill_switch_file": "kill_switch.json",
            "execution.no_trade_band": 0.0,
            "execution.gate.max_messages": 10_000,
            "live": {"ib": {"contracts": contracts, "wait_seconds": 5.0, "market_data": "live"}},
        },
        macro=False,
    ).firm
    desk = PaperDesk(folder=folder, gateway=gateway)
    desk.config.write_bytes(encode(firm))
    return desk

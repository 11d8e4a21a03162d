"""A finished engine and its records -> tables, manifest, sealed audit chain and summary."""

import resource
import time
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from nautilus_trader.backtest import BacktestEngine

from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.runs.charges import fills_table, financing_table
from nautilus_ai_firm.runs.folder import refusal_rows, report_table, seal, write_manifest, write_summary, write_tables
from nautilus_ai_firm.runs.performance import daily_returns, performance
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.settings import encode

NOT_MODELLED = (
    "taxes and dividends as cash (prices are adjusted for total return)",
    "hard-to-borrow shorts: every short can be borrowed at one rate",
    "queue position and auction imbalance: orders fill in full at the opening price, impact is charged as money",
    "latency between the opening print and the order",
    "margin calls by the broker",
)


def write_run(
    temporary: Path, run_id: str, stage: Stage, engine: BacktestEngine, recorder: RunRecorder, bars: int
) -> None:
    """Write everything that the run leaves behind into its temporary folder."""
    loaded, charges = stage.study.loaded, stage.charges
    orders = recorder.order_facts()
    fills = fills_table(recorder.fills, charges.fills)
    equity = recorder.equity_table(charges.financing)
    write_tables(
        temporary,
        {
            "fills": fills,
            "orders": report_table(engine.generate_orders_report(), orders),
            "positions": report_table(engine.generate_positions_report(), orders),
            "equity": equity,
            "signals": recorder.signals_table(),
            "financing": financing_table(charges.financing),
        },
    )
    write_manifest(
        temporary,
        encode(loaded.firm),
        {
            "config_sha256": loaded.sha256,
            "catalog_sha256": stage.catalog.sha256(),
            "seeds": {},
            "inputs": {name: stage.catalog.record(name).sha256 for name in stage.catalog.names()},
            "kill_switch_latched_at_end": stage.kill_switch.state().latched,
        },
    )
    seal(temporary, recorder)
    seconds = time.perf_counter() - stage.started
    write_summary(
        temporary,
        {
            "run_id": run_id,
            "engine_version": version("nautilus_trader"),
            "config_sha256": loaded.sha256,
            "catalog_sha256": stage.catalog.sha256(),
            "start": _day(int(stage.rounds_ns[0])),
            "end": _day(int(stage.rounds_ns[-1])),
            "bars": bars,
            "rounds": recorder.rounds,
            "decisions": recorder.decisions,
            "refused_decisions": recorder.refused_decisions,
            "orders": len(recorder.orders),
            "denied_orders": sum(order["denied"] for order in recorder.orders.values()),
            "fills": len(recorder.fills),
            **_money(stage, equity, fills),
            "contributions": recorder.contributions(),
            "refusals": refusal_rows(recorder),
            "commands": [asdict(command) for command in recorder.commands],
            "not_modelled": (*NOT_MODELLED, *stage.caveats),
            "audit_head": recorder.audit.head,
            "result_sha256": recorder.result_sha256(),
            "wall_seconds": round(seconds, 3),
            "bars_per_second": round(bars / seconds),
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        },
    )


def _money(stage: Stage, equity: pa.Table, fills: pa.Table) -> dict[str, Any]:
    start = float(stage.firm.venue.starting_balance)
    levels = np.array([float(value) for value in equity["equity"].to_pylist()])
    ts = equity["ts"].cast(pa.int64()).to_numpy()
    sums = {name: sum(fills[name].to_pylist(), Decimal(0)) for name in ("fee", "half_spread_cost", "impact_cost")}
    notional = sum(
        (row["quantity"] * row["price"] for row in fills.select(["quantity", "price"]).to_pylist()), Decimal(0)
    )
    financing = sum((entry.amount for entry in stage.charges.financing), Decimal(0))
    slippage = sums["half_spread_cost"] + sums["impact_cost"]
    years = max((ts[-1] - ts[0]) / (365.25 * 86_400e9), 1 / 365.25)
    return {
        "starting_equity": start,
        "ending_equity": float(levels[-1]),
        "total_return": float(levels[-1]) / start - 1.0,
        **performance(daily_returns(ts, levels, start)),
        "turnover": float(notional) / float(levels.mean()) / years,
        "traded_notional": float(notional),
        "fees": float(sums["fee"]),
        "half_spread_cost": float(sums["half_spread_cost"]),
        "impact_cost": float(sums["impact_cost"]),
        "financing": float(financing),
        "slippage_bps": float(slippage / notional * 10_000) if notional else 0.0,
    }


def _day(ts: int) -> str:
    return datetime.fromtimestamp(ts / 1e9, UTC).date().isoformat()

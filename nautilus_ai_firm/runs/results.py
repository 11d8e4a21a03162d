"""Records of a run, whatever hosted it -> tables, manifest, sealed audit chain and summary."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.messages import Failure, RiskAction, Severity
from nautilus_ai_firm.messages.orders import STOP, TAKE_PROFIT
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry, fills_table, financing_table
from nautilus_ai_firm.runs.execution_table import execution_figures
from nautilus_ai_firm.runs.folder import refusal_rows, report_table, seal, write_manifest, write_summary, write_tables
from nautilus_ai_firm.runs.money import Traded, money_figures
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.runs.session_facts import Host

NOT_MODELLED = (
    "taxes and dividends as cash (prices are adjusted for total return)",
    "hard-to-borrow shorts: every short can be borrowed at one rate",
    "queue position and auction imbalance: orders fill in full at the opening price, impact is charged as money",
    "latency between the opening print and the order",
    "margin calls by the broker",
)
COST_PARTS = ("fee", "half_spread_cost", "impact_cost")
NO_BROKER = "a broker: this was a sandbox, nothing was traded, every fill was simulated on the catalog's market data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that is over, before it is written down.

    Attributes
    ----------
    run_id : str
        Name of the run.
    host : Host
        Where the firm sat.
    ended : str
        `normal`, `failed`, `killed`, or what else ended it.
    failure : Failure or None
        The first failure.
    recorder : RunRecorder
        What the firm said.
    fill_costs : mapping of str to sequence of FillCosts
        Costs of the fills of each order, by client order id, in order of arrival.
    financing : sequence of FinancingEntry
        Bookings of interest and borrow fees.
    orders, positions : DataFrame or None
        Reports of orders and positions as the engine makes them.
    config : str
        Resolved configuration, TOML.
    config_sha256, catalog_sha256 : str
        What ran, on what.
    versions : mapping of str to str
        Python and packages.
    series : mapping of str to str
        SHA-256 of every series of the catalog.
    starting_balance : float
        Cash at the start, account currency.
    first_round_ns, last_round_ns : int
        Closes of the first and the last round, nanoseconds UTC.
    bars : int
        Bars that the firm was given.
    kill_switch_latched : bool
        Whether the kill switch was latched at the end.
    caveats : tuple of str
        What is not modelled, beside what is never modelled.
    wall_seconds : float or None
        How long the run took; None where nobody measured.
    peak_rss_mb : int or None
        Its largest memory; None where nobody measured.
    signal_us_per_round : mapping of str to float, optional
        How long each agent thought, microseconds a round; None where nobody measured.

    """

    run_id: str
    host: Host
    ended: str
    failure: Failure | None
    recorder: RunRecorder
    fill_costs: Mapping[str, Sequence[FillCosts]]
    financing: Sequence[FinancingEntry]
    orders: pd.DataFrame | None
    positions: pd.DataFrame | None
    config: str
    config_sha256: str
    catalog_sha256: str
    versions: Mapping[str, str]
    series: Mapping[str, str]
    starting_balance: float
    first_round_ns: int
    last_round_ns: int
    bars: int
    kill_switch_latched: bool
    caveats: tuple[str, ...]
    wall_seconds: float | None
    peak_rss_mb: int | None
    signal_us_per_round: Mapping[str, float] | None = None


def write_results(temporary: Path, ran: Ran, journal: Path | None = None) -> None:
    """Write everything that a run leaves behind into a folder.

    Parameters
    ----------
    temporary : Path
        The folder, in which the recorder's files have grown.
    ran : Ran
        The run.
    journal : Path, optional
        The journal of its session, which the audit chain vouches for.

    """
    recorder = ran.recorder
    orders = recorder.order_facts()
    fills = fills_table(recorder.fills, ran.fill_costs)
    equity = recorder.equity.table(ran.financing)
    execution = recorder.execution_table(fills)
    write_tables(
        temporary,
        {
            "fills": fills,
            "orders": report_table(ran.orders, orders),
            "positions": report_table(ran.positions, orders),
            "equity": equity,
            "signals": recorder.signals_table(),
            "financing": financing_table(ran.financing),
            "risk": recorder.risk_table(),
            "execution": execution,
        },
    )
    write_manifest(
        temporary,
        ran.config,
        ran.versions,
        {
            "config_sha256": ran.config_sha256,
            "catalog_sha256": ran.catalog_sha256,
            "seeds": {},
            "inputs": ran.series,
            "kill_switch_latched_at_end": ran.kill_switch_latched,
        },
    )
    seal(temporary, recorder, journal)
    write_summary(temporary, _summary(ran, equity, fills, execution))


def _summary(ran: Ran, equity: pa.Table, fills: pa.Table, execution: pa.Table) -> dict[str, Any]:
    recorder, unprotected = ran.recorder, ran.recorder.unprotected.result()
    host_caveats = (NO_BROKER,) if ran.host is Host.SANDBOX else ()
    return {
        "run_id": ran.run_id,
        "host": ran.host,
        "ended": ran.ended,
        "failure": None if ran.failure is None else asdict(ran.failure),
        "engine_version": ran.versions["nautilus_trader"],
        "config_sha256": ran.config_sha256,
        "catalog_sha256": ran.catalog_sha256,
        "start": _day(ran.first_round_ns),
        "end": _day(ran.last_round_ns),
        "bars": ran.bars,
        "rounds": recorder.rounds,
        "decisions": recorder.decisions,
        "refused_decisions": recorder.refused_decisions,
        "orders": len(recorder.orders),
        "denied_orders": sum(order["denied"] for order in recorder.orders.values()),
        "fills": len(recorder.fills),
        **_money(ran, equity, fills),
        **execution_figures(execution),
        "contributions": recorder.contributions.shares(),
        "refusals": refusal_rows(recorder),
        "alerts": {severity: recorder.alerts[severity] for severity in Severity},
        "stop_levels": sum(command.action is RiskAction.SET_STOP for command in recorder.commands),
        "stop_fills": sum(fill.decision_id.startswith(STOP) for fill in recorder.fills),
        "take_profit_fills": sum(fill.decision_id.startswith(TAKE_PROFIT) for fill in recorder.fills),
        "unprotected": None if unprotected is None else asdict(unprotected),
        "commands": [asdict(command) for command in recorder.commands if command.place is None],
        "not_modelled": (*host_caveats, *NOT_MODELLED, *ran.caveats),
        "audit_head": recorder.audit.head,
        "result_sha256": recorder.results.sha256(),
        "wall_seconds": None if ran.wall_seconds is None else round(ran.wall_seconds, 3),
        "bars_per_second": round(ran.bars / ran.wall_seconds) if ran.wall_seconds else None,
        "peak_rss_mb": ran.peak_rss_mb,
        "signal_us_per_round": None
        if ran.signal_us_per_round is None
        else {agent: round(us, 1) for agent, us in ran.signal_us_per_round.items()},
    }


def _money(ran: Ran, equity: pa.Table, fills: pa.Table) -> dict[str, Any]:
    traded = Traded(
        notional=sum(map(mul, fills["quantity"].to_pylist(), fills["price"].to_pylist()), Decimal(0)),
        financing=sum((entry.amount for entry in ran.financing), Decimal(0)),
        **{name: _total(fills[name]) for name in COST_PARTS},
    )
    return money_figures(
        equity["ts"].cast(pa.int64()).to_numpy(),
        np.array([float(value) for value in equity["equity"].to_pylist()]),
        ran.starting_balance,
        traded,
        ran.first_round_ns,
        ran.last_round_ns,
    )


def _total(amounts: pa.ChunkedArray) -> Decimal:
    return pc.call_function("sum", [amounts]).as_py() or Decimal(0)  # exact, as the column is


def _day(ts: int) -> str:
    return datetime.fromtimestamp(ts / SECOND_NS, UTC).date().isoformat()

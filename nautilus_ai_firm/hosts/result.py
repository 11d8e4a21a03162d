"""A finished engine and its records -> what the run leaves behind."""

import resource
import time
from collections.abc import Mapping
from pathlib import Path

from nautilus_trader.backtest import BacktestEngine

from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.runs.folder import JOURNAL, versions
from nautilus_ai_firm.runs.recorder import RunRecorder
from nautilus_ai_firm.runs.results import Ran, write_results
from nautilus_ai_firm.runs.session_facts import Host
from nautilus_ai_firm.settings import encode


def write_run(
    temporary: Path,
    run_id: str,
    stage: Stage,
    engine: BacktestEngine,
    recorder: RunRecorder,
    bars: int,
    signal_us_per_round: Mapping[str, float],
) -> None:
    """Write everything that the run leaves behind into its temporary folder, beside its journal where it kept one."""
    loaded = stage.study.loaded
    ran = Ran(
        run_id=run_id,
        host=Host.BACKTEST,
        ended="normal",
        failure=None,
        recorder=recorder,
        fill_costs=stage.charges.fills,
        financing=stage.charges.financing,
        orders=engine.generate_orders_report(),
        positions=engine.generate_positions_report(),
        config=encode(loaded.firm).decode(),
        config_sha256=loaded.sha256,
        catalog_sha256=stage.catalog.sha256(),
        versions=versions(),
        series={name: stage.catalog.record(name).sha256 for name in stage.catalog.names()},
        starting_balance=float(stage.firm.venue.starting_balance),
        first_round_ns=int(stage.rounds_ns[0]),
        last_round_ns=int(stage.rounds_ns[-1]),
        bars=bars,
        kill_switch_latched=stage.kill_switch.state().latched,
        caveats=stage.caveats,
        wall_seconds=time.perf_counter() - stage.started,
        peak_rss_mb=peak_rss_mb(),
        signal_us_per_round=signal_us_per_round,
    )
    journal = temporary / JOURNAL
    write_results(temporary, ran, journal if stage.study.journal else None)


def peak_rss_mb() -> int:
    """Largest memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)

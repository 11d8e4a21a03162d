"""A command line -> a session: built and checked, and with `--run` run, sealed and reported."""

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path

from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan
from nautilus_ai_firm.hosts.broker_session import check_broker, run_broker
from nautilus_ai_firm.hosts.session import SessionPlan, check_session, resume_session, run_session
from nautilus_ai_firm.research.benchmark import write_benchmark
from nautilus_ai_firm.research.command_line import exit_status, refuse_foreign_catalog, study_parser
from nautilus_ai_firm.research.outline import outline, switch_line
from nautilus_ai_firm.research.report import report
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import load

BANNER = """\
+----------------------------------------------------------------------------------------------+
| SANDBOX: market data is replayed from the catalog and every fill is simulated.               |
| Nothing is sent to a broker, and no money is at stake.                                       |
+----------------------------------------------------------------------------------------------+"""


PAPER_BANNER = """\
+----------------------------------------------------------------------------------------------+
| PAPER: orders go to a paper account at Interactive Brokers. No money is at stake.            |
+----------------------------------------------------------------------------------------------+"""
LIVE_BANNER = """\
+----------------------------------------------------------------------------------------------+
| LIVE: orders go to Interactive Brokers, for REAL MONEY.                                      |
+----------------------------------------------------------------------------------------------+"""
SANDBOX_ONLY = ("resume", "speed", "start", "end")


def session(
    description: str,
    *,
    config: str,
    catalog_command: str,
    real_money: bool = False,
    arguments: Sequence[str] | None = None,
) -> int:
    """Build and check a session from a script's command line, and run it when asked to.

    Parameters
    ----------
    description : str
        What the script does, for `--help`.
    config : str
        Configuration that is used when the command line names none.
    catalog_command : str
        The command that makes the sandbox's catalog, named when the catalog is empty.
    real_money : bool, default False
        Whether the script is the one for real money: it runs nothing without `--live-orders`.
    arguments : sequence of str, optional
        The command line; that of the process when absent.

    Returns
    -------
    int
        Exit status: 0, 1 when the session failed, 2 when configuration, catalog or arguments cannot be used.

    """
    parser = study_parser(description, config)
    venues = ["ib"] if real_money else ["sandbox", "ib"]
    parser.add_argument("--venue", choices=venues, default=venues[0], help="where orders go")
    parser.add_argument("--run", action="store_true", help="run it; without this it is built, checked and left")
    parser.add_argument("--minutes", type=_minutes, help="end after so many minutes; with the market data when absent")
    parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with a session that crashed")
    parser.add_argument("--speed", type=_speed, help="market seconds a second, 0 is no waiting; the configuration's")
    if real_money:
        parser.add_argument("--live-orders", action="store_true", help="let orders go to the broker, for real money")
        parser.add_argument("--account", default="", help="the account, typed back: that of IB_LIVE_ACCOUNT")
    given = parser.parse_args(arguments)
    if given.venue == "ib":
        _refuse_sandbox_options(parser, given)
        if real_money and given.run:
            _refuse_unconfirmed(parser, given)
        return exit_status(lambda: _broker_session(given, real_money=real_money))
    if given.resume is not None and (refused := _set_beside_resume(parser, given)):
        parser.error(f"--resume goes on with what the session began with; it cannot be changed by {', '.join(refused)}")
    return exit_status(lambda: _session(given, catalog_command))


def _session(given: argparse.Namespace, catalog_command: str) -> None:
    if given.resume is not None:
        _say(BANNER)
        _finish(*resume_session(given.resume, minutes=given.minutes, speed=given.speed, say=_say))
        return
    loaded = load(given.config)
    refuse_foreign_catalog(given.catalog, loaded, catalog_command)
    plan = SessionPlan(
        loaded=loaded,
        catalog=given.catalog,
        start=given.start,
        end=given.end,
        speed=given.speed,
        minutes=given.minutes,
        out=given.out,
        say=_say,
    )
    _say(BANNER)
    if given.run:
        _finish(run_session(plan), given.catalog)
        return
    stage = check_session(plan)
    first, last = utc(stage.rounds_ns[0]), utc(stage.rounds_ns[-1])
    _say(outline(loaded))
    _say(switch_line(loaded.kill_switch_path))
    _say(f"built and checked: {len(stage.rounds_ns):,} rounds from {first} to {last}; run it with --run")


def _broker_session(given: argparse.Namespace, *, real_money: bool) -> None:
    loaded = load(given.config)
    refuse_foreign_catalog(given.catalog, loaded, f"firm catalog add ib --config {given.config}")
    plan = BrokerPlan(
        loaded=loaded,
        catalog=given.catalog,
        environment=os.environ,
        real_money=real_money,
        minutes=given.minutes,
        out=given.out,
        say=_say,
    )
    _say(LIVE_BANNER if real_money else PAPER_BANNER)
    if given.run:
        for run in run_broker(plan):
            _finish(run, None)
        return
    found = check_broker(plan)
    for line in (outline(loaded), switch_line(loaded.kill_switch_path), *found):
        _say(line)
    _say("run it with --run")


def _refuse_sandbox_options(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    for name in SANDBOX_ONLY:
        if getattr(given, name) is not None:
            parser.error(f"--{name} is for the sandbox; a session at the broker begins with the account as it is")


def _refuse_unconfirmed(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if not given.live_orders:
        parser.error("--run trades real money here, and needs --live-orders")
    if not given.account or given.account != os.environ.get("IB_LIVE_ACCOUNT"):
        parser.error("--run trades real money here, and needs --account with the account of IB_LIVE_ACCOUNT typed back")


def _finish(run: Run, catalog: Path | None) -> None:
    if not run.summary["rounds"]:
        _say(f"ended before its first round: there is nothing to report (records: {run.folder})")
        return
    if catalog is not None:
        write_benchmark(run, catalog)
    write_tearsheet(run)
    _say(report(run))


def _set_beside_resume(parser: argparse.ArgumentParser, given: argparse.Namespace) -> list[str]:
    fixed = ("config", "venue", "out", "catalog", "start", "end")
    return [f"--{name}" for name in fixed if getattr(given, name) != parser.get_default(name)]


def _minutes(text: str) -> float:
    return _positive(text, least_is_allowed=False)


def _speed(text: str) -> float:
    return _positive(text, least_is_allowed=True)


def _positive(text: str, *, least_is_allowed: bool) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (0 < value < math.inf or (least_is_allowed and value == 0)):
        allowed = "0 or a positive number" if least_is_allowed else "a positive number"
        raise argparse.ArgumentTypeError(f"{text!r} (allowed: {allowed})")
    return value


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the person at the console reads

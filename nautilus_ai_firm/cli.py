"""The `firm` command -> calls of the rooms below: a thin front door without logic."""

import os
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, override

import typer
from typer.core import TyperGroup

from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.data.commands import add as add_app
from nautilus_ai_firm.data.commands import app as catalog_app
from nautilus_ai_firm.gateways.cash_flows import CashFlow
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.hosts.carried_risk import note_flow
from nautilus_ai_firm.hosts.replay import replay as replay_session
from nautilus_ai_firm.research.broker_command import DEFAULT_CONFIG as BROKER_CONFIG
from nautilus_ai_firm.research.broker_command import ib
from nautilus_ai_firm.research.command_line import FAILED, exit_status, progress
from nautilus_ai_firm.research.compare import compare as compare_runs
from nautilus_ai_firm.research.compare import comparison_text, write_comparison_page
from nautilus_ai_firm.research.execution_report import execution_report
from nautilus_ai_firm.research.impact_report import impact_report
from nautilus_ai_firm.research.lookahead.audit import audit_lookahead as lookahead
from nautilus_ai_firm.research.lookahead.report import lookahead_report
from nautilus_ai_firm.research.outline import in_catalog, outline, switch_line
from nautilus_ai_firm.research.replay_report import replay_report
from nautilus_ai_firm.research.risk_report import risk_report
from nautilus_ai_firm.research.signals_report import signals_report
from nautilus_ai_firm.research.sweeps.commands import sweep, walk
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.runs.folder import open_run
from nautilus_ai_firm.runs.sealing import seal_session, sealed_line
from nautilus_ai_firm.runs.verification import verify_run
from nautilus_ai_firm.settings import load


class _FirmGroup(TyperGroup):
    """Every command leaves through the same door: an error of the user is one line and an exit status."""

    @override
    def invoke(self, ctx: Any) -> Any:
        status = exit_status(lambda: super(_FirmGroup, self).invoke(ctx))
        raise typer.Exit(status)


app = typer.Typer(
    cls=_FirmGroup,
    help="A trading firm on NautilusTrader.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
audit = typer.Typer(help="What a run wrote down, and what a firm can know.", no_args_is_help=True)
app.add_typer(catalog_app, name="catalog")
add_app.command("ib")(ib)
app.add_typer(audit, name="audit")
app.command("sweep")(sweep)
app.command("walk")(walk)


def _stated(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("must not be empty: a named person acts for a stated reason")
    return text.strip()


def _amount(amount: float) -> float:
    if not isfinite(amount) or not amount:
        raise typer.BadParameter(f"{amount} (allowed: a finite number other than 0)")
    return amount


RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
Who = Annotated[str, typer.Option("--who", callback=_stated, help="Who does this.")]
Why = Annotated[str, typer.Option("--why", callback=_stated, help="For what reason.")]
Config = Annotated[Path, typer.Option("--config", help="The firm; its risk.kill_switch_file is the switch.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day, UTC; the configuration's when absent.")]
DEFAULT_CONFIG = Path("configs/demo.toml")


@app.command()
def check(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration of a firm.")],
    catalog: Annotated[Path | None, typer.Option("--catalog", help="Check the universe against it too.")] = None,
) -> None:
    """Check a configuration, and print who sits in the firm, what it may do, and what that costs."""
    loaded = load(config)
    typer.echo(in_catalog(loaded, catalog))
    typer.echo(outline(loaded))


@app.command()
def kill(who: Who, why: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Halt the firm: no new risk until a named person resumes."""
    path = load(config).kill_switch_path
    FileKillSwitch(path).latch(why, who, _now())
    typer.echo(switch_line(path))


@app.command()
def resume(who: Who, why: Why, config: Config = DEFAULT_CONFIG) -> None:
    """Let the firm take risk again."""
    path = load(config).kill_switch_path
    FileKillSwitch(path).resume(why, who, _now())
    typer.echo(switch_line(path))


@app.command()
def flow(
    who: Who,
    why: Why,
    amount: Annotated[float, typer.Option("--amount", callback=_amount, help="Paid in; negative is paid out.")],
    config: Annotated[Path, typer.Option("--config", help="The firm; its account is that of the environment.")] = (
        BROKER_CONFIG
    ),
) -> None:
    """Note cash paid into the account at the broker or out of it: the next session takes it for no gain and no loss."""
    typer.echo(note_flow(load(config), os.environ, CashFlow(amount=amount, who=who, why=why, time=_now())))


@audit.command("verify")
def audit_verify(run: RunFolder) -> None:
    """Check the hash chain of a run and every file that it vouches for, or the journal of an unsealed session."""
    typer.echo(verify_run(run))


@audit.command("lookahead")
def audit_lookahead(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration of a firm.")],
    catalog: Annotated[Path, typer.Option("--catalog", help="Folder of market data.")] = DEFAULT_CATALOG,
    start: Day = None,
    end: Day = None,
    dates: Annotated[int, typer.Option("--dates", min=1, help="Moments after which the future is another.")] = 5,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the moments and of the other futures.")] = 0,
) -> None:
    """Run a firm again with its future cut off and with another future, and name who knew of it."""
    loaded = load(config)
    with progress("audit", "runs") as on_progress:
        audited = lookahead(
            loaded,
            catalog,
            start=None if start is None else start.date(),
            end=None if end is None else end.date(),
            dates=dates,
            seed=seed,
            on_progress=on_progress,
        )
    typer.echo(lookahead_report(audited, loaded.firm.name, seed))
    if audited.first_leak is not None:
        raise typer.Exit(FAILED)


@app.command()
def seal(run: RunFolder) -> None:
    """Make the run folder of a session from its journal, however the session ended."""
    typer.echo(sealed_line(seal_session(run)))


@app.command()
def tearsheet(run: RunFolder) -> None:
    """Write the tearsheet of a run again: one file that opens offline."""
    typer.echo(str(write_tearsheet(open_run(run))))


@app.command()
def signals(
    run: RunFolder,
    catalog: Annotated[
        Path, typer.Option("--catalog", help="Folder of the market data that it ran on.")
    ] = DEFAULT_CATALOG,
) -> None:
    """Measure the agents of a run: coverage, turnover, information coefficient, correlation, time."""
    typer.echo(signals_report(open_run(run), catalog))


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of another.")],
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page too.")] = None,
) -> None:
    """Put two runs side by side: figures, days in common, settings that differ."""
    found = compare_runs(open_run(first), open_run(second))
    typer.echo(comparison_text(found))
    if html is not None:
        typer.echo(f"page  {write_comparison_page(found, html)}")


@app.command()
def risk(run: RunFolder) -> None:
    """Print the limits of a run with their peaks, its exceptions of the value at risk, stress and leverage."""
    typer.echo(risk_report(open_run(run)))


@app.command()
def execution(run: RunFolder) -> None:
    """Print what the orders of a run cost: shortfall and its parts by algorithm, benchmarks, best and worst."""
    typer.echo(execution_report(open_run(run)))


@app.command()
def impact(run: RunFolder) -> None:
    """Calibrate the impact of orders from a run's own fills: coefficient with bounds, and what prices do not show."""
    typer.echo(impact_report(open_run(run)))


@app.command()
def replay(
    run: RunFolder,
    keep: Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the second run here.")] = None,
) -> None:
    """Run a recorded session again as a backtest over the market data that it saw, and compare the two."""
    with progress("replay") as on_progress:
        replayed = replay_session(run, keep=keep, on_progress=on_progress)
    typer.echo(replay_report(replayed))
    if replayed.comparison.differences:
        raise typer.Exit(FAILED)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

"""A command line -> a run with its tearsheet and report, and every error of the user -> one line and an exit status."""

import argparse
import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.hosts.backtest import BacktestError, run_backtest
from nautilus_ai_firm.hosts.live import SessionError
from nautilus_ai_firm.hosts.study import Study
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.research.benchmark import write_benchmark
from nautilus_ai_firm.research.report import report
from nautilus_ai_firm.research.tearsheet import write_tearsheet
from nautilus_ai_firm.runs.audit import AuditError
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.settings import ConfigError, Loaded, load

OK, FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
"""Exit statuses: a failed run or a broken audit chain; input that cannot be used; stopped from the keyboard."""


def exit_status(action: Callable[[], object]) -> int:
    """Do something and return the exit status; an error that is the user's becomes one line on stderr.

    Parameters
    ----------
    action : callable
        What to do. Exceptions that are nobody's but ours pass through with their traceback.

    """
    try:
        action()
    except (ConfigError, CatalogError, DataError, GatewayError, RunError) as error:
        return _say(str(error), UNUSABLE)
    except (BacktestError, SessionError, AuditError) as error:
        return _say(str(error), FAILED)
    except BrokenPipeError:  # whoever read the report has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        if error.filename is None:
            raise
        return _say(f"{error.filename}: {error.strerror}", FAILED)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    return OK


def backtest(description: str, *, config: str, catalog_command: str, arguments: Sequence[str] | None = None) -> int:
    """Run a study from a script's command line, leave its tearsheet in the run folder and print the report.

    Parameters
    ----------
    description : str
        What the script does, for `--help`.
    config : str
        Configuration that is used when the command line names none.
    catalog_command : str
        The command that makes the catalog, named when the catalog is empty.
    arguments : sequence of str, optional
        The command line; that of the process when absent.

    Returns
    -------
    int
        Exit status: 0, 1 when the run failed, 2 when configuration, catalog or arguments cannot be used.

    """
    parser = study_parser(description, config)
    given = parser.parse_args(arguments)
    return exit_status(lambda: _run(given, catalog_command))


def study_parser(description: str, config: str) -> argparse.ArgumentParser:
    """Make the parser of what every script takes: the firm, its market data, the window and the run's folder."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path(config), help="the firm")
    parser.add_argument("--catalog", type=Path, default=DEFAULT_CATALOG, help="folder of market data")
    parser.add_argument("--start", type=day, metavar="YYYY-MM-DD", help="first day, UTC; the configuration's")
    parser.add_argument("--end", type=day, metavar="YYYY-MM-DD", help="last day, UTC; the configuration's")
    parser.add_argument("--out", type=Path, help="folder of the run; the next free number under runs/ when absent")
    return parser


def _run(given: argparse.Namespace, catalog_command: str) -> None:
    loaded = load(given.config)
    refuse_foreign_catalog(given.catalog, loaded, catalog_command)
    with progress("backtest") as on_progress:
        run = run_backtest(
            Study(
                loaded=loaded,
                catalog=given.catalog,
                start=given.start,
                end=given.end,
                out=given.out,
                on_progress=on_progress,
            )
        )
    write_benchmark(run, given.catalog)
    write_tearsheet(run)
    print(report(run), flush=True)  # noqa: T201 - the report is what the script is for


def refuse_foreign_catalog(catalog: Path, loaded: Loaded, command: str) -> None:
    """Name the command that makes the catalog where nothing of the universe is in it."""
    names = bar_names(loaded.firm)
    if not set(names) & set(Catalog(catalog).names()):
        raise CatalogError(f"{catalog}: holds no {names[0]} (make it with: {command} --catalog {catalog})")


class _Rate(ProgressColumn):
    """Steps a second."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.{0 if task.speed >= 10 else 1}f} {self._step}/s")  # noqa: PLR2004 - two figures


@contextmanager
def progress(what: str, step: str = "rounds") -> Generator[Callable[[int, int], None]]:
    """Show a bar with rate and time left on a terminal, and nothing anywhere else; it is gone when done."""
    with progress_bar(step) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def progress_bar(step: str) -> Progress:
    """Make the bar of the house: done, rate in steps a second, time left; silent where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(step), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def day(text: str) -> date:
    """Read a day of a command line."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day (allowed: YYYY-MM-DD)") from None


def _say(error: str, status: int) -> int:
    print(f"error: {' '.join(error.splitlines())}", file=sys.stderr)  # noqa: T201 - the one place that speaks of errors
    return status

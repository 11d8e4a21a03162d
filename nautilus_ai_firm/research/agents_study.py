"""A configuration -> a run of the whole firm and one of each of its agents alone, and a table of what they said."""

import argparse
import math
import tomllib
from collections.abc import Sequence
from pathlib import Path

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.hosts.backtest import run_backtest
from nautilus_ai_firm.hosts.study import Study
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from nautilus_ai_firm.research.agent_coverage import AgentCoverage, agent_coverage
from nautilus_ai_firm.research.command_line import exit_status, progress, study_parser
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.runs.folder import Run, new_folder
from nautilus_ai_firm.settings import ConfigError, Firm, Loaded, decode, encode, load

TOGETHER = "together"
"""Folder of the run of all agents, beside those of the agents alone, in the folder of a study."""

WHERE = "DIR is the Data folder of https://github.com/QuantConnect/Lean"
MOST_NAMED = 6
MEANINGS = (
    "views: scores that are not NaN. coverage: their share of instruments x rounds. rounds: those with a view of any\n"
    "instrument. |score|: mean size of the views. orders, fills: of the firm in which this agent sits alone."
)


def agents_study(
    description: str, *, config: str, catalog_commands: Sequence[str], arguments: Sequence[str] | None = None
) -> int:
    """Run a firm, then each of its agents alone, from a script's command line, and print what each said.

    Parameters
    ----------
    description : str
        What the script does, for `--help`.
    config : str
        Configuration that is used when the command line names none.
    catalog_commands : sequence of str
        The commands that make the catalog, named when something is missing in it; `DIR` is LEAN's data folder.
    arguments : sequence of str, optional
        The command line; that of the process when absent.

    Returns
    -------
    int
        Exit status: 0, 1 when a run failed, 2 when configuration, catalog or arguments cannot be used.

    """
    given = study_parser(description, config).parse_args(arguments)
    return exit_status(lambda: _run(given, catalog_commands))


def alone(loaded: Loaded, place: int) -> Loaded:
    """Make the firm in which one agent sits alone; it has the agent in its name.

    Option chains are left out where the agent can do without: reading thousands of contracts takes longer than all
    else, and no order depends on them.
    """
    raw = tomllib.loads(encode(loaded.firm).decode())
    agent = raw["signals"]["agents"][place]
    raw["signals"]["agents"] = [agent]
    raw["name"] = f"{loaded.firm.name}_{agent['name']}"
    try:
        return decode(raw | {"market": raw["market"] | {"chains": []}}, loaded.source)
    except ConfigError:  # its model needs one
        return decode(raw, loaded.source)


def _run(given: argparse.Namespace, commands: Sequence[str]) -> None:
    loaded = load(given.config)
    _refuse_incomplete(given.catalog, loaded.firm, commands)
    folder = new_folder(given.out, loaded.firm.name)
    firms = {TOGETHER: loaded} | {
        agent.name: alone(loaded, place) for place, agent in enumerate(loaded.firm.signals.agents)
    }
    runs: dict[str, Run] = {}
    for name, firm in firms.items():
        with progress(name) as on_progress:
            out = folder / name
            study = Study(
                loaded=firm, catalog=given.catalog, start=given.start, end=given.end, out=out, on_progress=on_progress
            )
            runs[name] = run_backtest(study)
    print(_report(loaded.firm, folder, runs), flush=True)  # noqa: T201 - the report is what the script is for


def _refuse_incomplete(path: Path, firm: Firm, commands: Sequence[str]) -> None:
    """Name all that is not in the catalog, and the commands that add it."""
    catalog = Catalog(path)
    there = set(catalog.names())
    missing = [name for name in (*bar_names(firm), *input_names(firm), *firm.market.events) if name not in there]
    if firm.market.quotes:
        quoted = {name.partition("-")[0] for name in there if "-BID-" in name}
        missing += [f"quotes of {name}" for name in firm.instrument_ids if name not in quoted]
    if firm.market.chains:
        underlyings = {_underlying(catalog, name) for name in there}
        missing += [f"options on {one.underlying}" for one in firm.market.chains if one.underlying not in underlyings]
    if missing:
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        how = "; ".join(f"{command} --catalog {path}" for command in commands)
        raise CatalogError(f"{path}: holds no {', '.join(missing[:MOST_NAMED])}{more} (make it with: {how}; {WHERE})")


def _underlying(catalog: Catalog, name: str) -> str | None:
    record = catalog.record(name)
    contract = record.listing.contract if isinstance(record, BarRecord) else None
    return None if contract is None or contract.right is None else contract.underlying


def _report(firm: Firm, folder: Path, runs: dict[str, Run]) -> str:
    whole = runs[TOGETHER]
    summary = whole.summary
    heads = ("AGENTS", "views", "coverage", "rounds", "|score|", "orders", "fills")
    rows = [heads, *(_row(one, runs[one.agent]) for one in agent_coverage(whole.table("signals")))]
    seconds = sum(run.summary["wall_seconds"] for run in runs.values())
    window = f"{summary['start']} to {summary['end']}, {summary['rounds']:,} rounds of {firm.market.bar}"
    together = f"{summary['orders']:,} orders, {summary['fills']:,} fills, {summary['wall_seconds']:.1f} s"
    return "\n".join(
        [
            f"{firm.name}: {window}, {len(firm.instrument_ids)} instruments",
            *aligned(rows, right=range(1, len(heads))),
            f"together: {together}; all {len(runs)} runs {seconds:.1f} s",
            *(f"refused by {desk}: {rule} {count:,}" for desk, rule, count in summary["refusals"]),
            MEANINGS,
            f"run folders    {folder}",
        ]
    )


def _row(said: AgentCoverage, run: Run) -> tuple[str, ...]:
    return (
        said.agent,
        f"{said.views:,}",
        f"{said.coverage:.1%}",
        f"{said.rounds_with_view:,}",
        "n/a" if math.isnan(said.mean_size) else f"{said.mean_size:.3f}",
        f"{run.summary['orders']:,}",
        f"{run.summary['fills']:,}",
    )

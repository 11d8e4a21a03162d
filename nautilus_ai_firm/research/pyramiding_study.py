"""A firm with layers -> the same firm with and without them, and what layers did in years that trend and in others."""

import argparse
import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.hosts.backtest import run_backtest
from nautilus_ai_firm.hosts.study import Study
from nautilus_ai_firm.models.execution.pyramid_triggers import PyramidStep
from nautilus_ai_firm.research.command_line import exit_status, progress, refuse_foreign_catalog, study_parser
from nautilus_ai_firm.research.instrument_days import daily_closes, instrument_days
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.trend_years import efficiency_by_year, trending
from nautilus_ai_firm.research.year_figures import YearDays, class_figures, sharpe_difference
from nautilus_ai_firm.runs.folder import Run, new_folder
from nautilus_ai_firm.settings import ConfigError, Loaded, decode, encode, load

AT_ONCE = "at once"
CLASSES = ("trending", "choppy", "all")
HEADS: tuple[str, ...] = (
    "years", "entry", "n", "return", "vol", "Sharpe", "mean DD", "worst DD", "turnover", "costs", "layers",
    "Sharpe less at once",
)  # fmt: skip
MEANINGS = (
    "n: instrument-years. return, vol: a year of one instrument, fractions of the firm's equity. DD: drawdown within\n"
    "an instrument-year. turnover: traded a year over equity. costs: of trading, basis points of equity a year.\n"
    "layers: additions a year. The last column is a difference of Sharpe ratios, with a 95 % interval over calendar\n"
    "years drawn again. Trending are instrument-years whose efficiency ratio of daily closes is above the median of\n"
    "all, which is known in hindsight alone. Interest and borrow fees belong to no instrument and are left out."
)


def pyramiding_study(
    description: str, *, config: str, catalog_command: str, arguments: Sequence[str] | None = None
) -> int:
    """Run a firm without layers, and with layers of either confirmation, and print what they did by kind of year.

    Parameters
    ----------
    description : str
        What the script does, for `--help`.
    config : str
        Configuration that is used when the command line names none; it has `[execution.pyramid]`.
    catalog_command : str
        The command that makes the catalog, named when something is missing in it.
    arguments : sequence of str, optional
        The command line; that of the process when absent.

    Returns
    -------
    int
        Exit status: 0, 1 when a run failed, 2 when configuration, catalog or arguments cannot be used.

    """
    given = study_parser(description, config).parse_args(arguments)
    return exit_status(lambda: _run(given, catalog_command))


def entries(loaded: Loaded) -> dict[str, Loaded]:
    """Make the firm that enters at once, and those with layers that profit or true ranges confirm, by name.

    Raises
    ------
    ConfigError
        The firm has no layers.

    """
    if loaded.firm.execution.pyramid is None:
        raise ConfigError(f"{loaded.source}: has no [execution.pyramid], and is to be compared with and without it")
    made: dict[str, Loaded] = {}
    for name, confirm in ((AT_ONCE, None), ("profit", "profit"), ("atr", "atr")):
        raw = tomllib.loads(encode(loaded.firm).decode())
        raw["name"] = f"{loaded.firm.name}_{name.replace(' ', '_')}"
        if confirm is None:
            del raw["execution"]["pyramid"]
        else:
            raw["execution"]["pyramid"]["confirm"] = confirm
        made[name] = decode(raw, loaded.source)
    return made


def additions(run: Run) -> Counter[tuple[str, int]]:
    """Count the layers that were unlocked after the first, by instrument and year."""
    found: Counter[tuple[str, int]] = Counter()
    with (run.folder / "audit.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            if str(PyramidStep.UNLOCKED) in line:
                fact = json.loads(line)
                year = int(np.datetime64(fact["ts"], "ns").astype("datetime64[Y]").astype(np.int64)) + 1970
                plans = (plan for plan in fact.get("plans", ()) if plan["cause"] == PyramidStep.UNLOCKED)
                found.update((plan["instrument_id"], year) for plan in plans)
    return found


def pyramiding_report(runs: Mapping[str, Run], catalog: Catalog, bar: str) -> str:
    """Lay out what runs of the same firm did by kind of year; the first one is compared with."""
    first = next(iter(runs.values()))
    start_ns, end_ns = (int(np.datetime64(first.summary[key]).astype("datetime64[ns]").astype(np.int64))
                        for key in ("start", "end"))  # fmt: skip
    names = sorted({name for run in runs.values() for name in run.table("fills")["instrument_id"].unique()})
    bars = {name: catalog.bar_columns(bar_type_id(name, bar), start_ns, end_ns + DAY_NS) for name in names}
    found = {entry: _read(run, bars) for entry, run in runs.items()}
    ratios = {
        (name, year): ratio
        for name, columns in bars.items()
        for year, ratio in efficiency_by_year(*daily_closes(columns)).items()
    }
    above = trending(ratios)
    kinds = {"trending": above, "choppy": set(ratios) - above, "all": set(ratios)}
    rows = [HEADS]
    for kind in CLASSES:
        for entry, one in found.items():
            figures = class_figures([one.years[key] for key in sorted(kinds[kind])])
            layers = sum(one.additions[key] for key in kinds[kind]) / len(kinds[kind])
            rows.append((kind, entry, *figures.texts(), f"{layers:.1f}", _difference(found, entry, kinds[kind])))
    limits = [f"{kind} {min(ratios[key] for key in keys):.3f} to {max(ratios[key] for key in keys):.3f}"
              for kind, keys in kinds.items() if kind != "all"]  # fmt: skip
    return "\n".join([*aligned(rows, right=range(2, len(HEADS))), f"efficiency ratios: {', '.join(limits)}", MEANINGS])


@dataclass(frozen=True, slots=True)
class _Entry:
    years: dict[tuple[str, int], YearDays]
    additions: Counter[tuple[str, int]]


def _read(run: Run, bars: Mapping[str, BarColumns]) -> _Entry:
    equity = run.table("equity")
    days = equity["ts"].to_numpy("datetime64[ns]").astype(np.int64) // DAY_NS
    values = equity["equity"].to_numpy(np.float64)
    years: dict[tuple[str, int], YearDays] = {}
    for name, one in instrument_days(run.table("fills"), bars).items():
        before = np.maximum(np.searchsorted(days, one.day) - 1, 0)
        year = one.day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        for number in np.unique(year):
            inside = year == number
            scale = values[before[inside]]
            years[name, int(number)] = YearDays(
                year=int(number),
                profit=one.profit[inside] / scale,
                traded=one.traded[inside] / scale,
                costs=one.costs[inside] / scale,
            )
    return _Entry(years, additions(run))


def _difference(found: Mapping[str, _Entry], entry: str, keys: set[tuple[str, int]]) -> str:
    base, *_ = found
    if entry == base:
        return "-"
    ordered = sorted(keys)
    interval = sharpe_difference(
        [found[entry].years[key] for key in ordered], [found[base].years[key] for key in ordered]
    )
    return f"{interval[0]:+.2f} ({interval[1]:+.2f} to {interval[2]:+.2f})"


def _run(given: argparse.Namespace, catalog_command: str) -> None:
    loaded = load(given.config)
    firms = entries(loaded)
    refuse_foreign_catalog(given.catalog, loaded, catalog_command)
    folder = new_folder(given.out, loaded.firm.name)
    runs: dict[str, Run] = {}
    for name, firm in firms.items():
        with progress(name) as on_progress:
            runs[name] = run_backtest(
                Study(
                    loaded=firm, catalog=given.catalog, start=given.start, end=given.end,
                    out=folder / name.replace(" ", "_"), on_progress=on_progress,
                )
            )  # fmt: skip
    print(pyramiding_report(runs, Catalog(given.catalog), loaded.firm.market.bar), flush=True)  # noqa: T201 - the report
    print(f"run folders    {folder}", flush=True)  # noqa: T201 - as above

"""Two run folders -> what they made, what they were told, and what sets them apart, side by side."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.models.statistics import ratios
from nautilus_ai_firm.models.statistics.stationary_bootstrap import bootstrap_interval
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.performance_words import PERFORMANCE, figure_text
from nautilus_ai_firm.research.sweeps.curves import equity_section, months_section
from nautilus_ai_firm.research.sweeps.page import section, table, text, write_page
from nautilus_ai_firm.research.sweeps.wording import value_text
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.runs.performance import daily_returns
from nautilus_ai_firm.settings import load
from nautilus_ai_firm.settings.paths import NAMING_KEYS, complete

SEED = 1
LEAST_DAYS = 10  # of which an interval can be made
FIGURES = {
    **PERFORMANCE,
    "turnover": ("turnover a year", "{:.1f}"),
    "traded_notional": ("traded", "{:,.0f}"),
    "fees": ("commission", "{:,.0f}"),
    "half_spread_cost": ("half-spread", "{:,.0f}"),
    "impact_cost": ("impact", "{:,.0f}"),
    "financing": ("financing, earned", "{:,.0f}"),
    "decisions": ("decisions", "{:,.0f}"),
    "refused_decisions": ("cut or refused", "{:,.0f}"),
    "fill_rate": ("filled of what was decided", "{:.2%}"),
    "shortfall_bps": ("implementation shortfall, bps", "{:.2f}"),
    "orders": ("orders", "{:,.0f}"),
    "fills": ("fills", "{:,.0f}"),
}
ABSENT = "absent"

type Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Two runs, ready to be read.

    Attributes
    ----------
    first, second : Run
        The runs.
    figures : list of tuple of str
        Name, first, second, second less first.
    together : list of (str, str)
        What can be said of the days that both have.
    settings : list of (str, str, str)
        Path, value of the first and of the second, where they differ.
    ends_ns : ndarray of shape (n_days,)
        Days that both have, nanoseconds UTC.
    returns : tuple of two ndarrays of shape (n_days,)
        Daily returns of both on them, fractions.

    """

    first: Run
    second: Run
    figures: list[tuple[str, str, str, str]]
    together: list[tuple[str, str]]
    settings: list[tuple[str, str, str]]
    ends_ns: NDArray[np.int64]
    returns: tuple[Floats, Floats]


def compare(first: Run, second: Run) -> Compared:
    """Put two runs side by side.

    Raises
    ------
    ConfigError
        A configuration in the folders cannot be read.

    """
    ours, theirs = _returns(first), _returns(second)
    days = np.array(sorted(ours.keys() & theirs.keys()), np.int64)
    returns = np.array([ours[day] for day in days.tolist()]), np.array([theirs[day] for day in days.tolist()])
    return Compared(
        first=first,
        second=second,
        figures=[_figure(first, second, name) for name in FIGURES],
        together=_together(first, second, *returns),
        settings=_settings(first, second),
        ends_ns=days,
        returns=returns,
    )


def comparison_text(found: Compared) -> str:
    """Write a comparison for the terminal."""
    runs = [("A", *_identity(found.first)), ("B", *_identity(found.second))]
    lines = [
        *aligned(runs),
        "FIGURES",
        *_indented(aligned([("", "A", "B", "B - A"), *found.figures], right=(1, 2, 3))),
        "DAYS THAT BOTH HAVE",
        *_indented(aligned(found.together)),
        f"SETTINGS THAT DIFFER: {len(found.settings) or 'none'}",
        *_indented(aligned(found.settings)),
    ]
    return "\n".join(lines)


def write_comparison_page(found: Compared, path: Path) -> Path:
    """Write a comparison as one HTML file."""
    names = {f"A {found.first.folder.name}": found.returns[0], f"B {found.second.folder.name}": found.returns[1]}
    curves = [equity_section("Equity on the days that both have", found.ends_ns, names)] if len(found.ends_ns) else []
    apart = found.returns[1] - found.returns[0]
    months = [months_section(found.ends_ns, apart, "Months, B less A")] if len(found.ends_ns) else []
    runs = [("A", *_identity(found.first)), ("B", *_identity(found.second))]
    return write_page(
        path,
        f"{found.first.folder.name} and {found.second.folder.name}",
        [
            table(("", "run", "days", "result_sha256"), runs),
            section("Figures", table(("", "A", "B", "B - A"), found.figures, (1, 2, 3))),
            section("Days that both have", table(("", ""), found.together)),
            *curves,
            *months,
            section("Settings that differ", table(("", "A", "B"), found.settings) if found.settings else text("None.")),
        ],
    )


def _returns(run: Run) -> dict[int, float]:
    equity = run.table("equity")
    ts = equity["ts"].astype("datetime64[ns, UTC]").astype("int64").to_numpy()
    return daily_returns(ts, equity["equity"].astype("float64").to_numpy(), run.summary["starting_equity"])


def _figure(first: Run, second: Run, name: str) -> tuple[str, str, str, str]:
    label, form = FIGURES[name]
    ours, theirs = first.summary.get(name), second.summary.get(name)
    apart = None if ours is None or theirs is None else theirs - ours
    words = [figure_text(value, form) for value in (ours, theirs, apart)]
    return label, words[0], words[1], words[2]


def _together(first: Run, second: Run, ours: Floats, theirs: Floats) -> list[tuple[str, str]]:
    same = first.summary["result_sha256"] == second.summary["result_sha256"]
    market = "the same" if first.summary["catalog_sha256"] == second.summary["catalog_sha256"] else "another"
    rows = [
        ("decisions and fills", "the same" if same else "differ"),
        ("market data", market),
        ("days", f"{len(ours):,}"),
    ]
    if len(ours) < LEAST_DAYS:
        return rows
    apart = theirs - ours
    risk = float(ours.std() * theirs.std())
    correlation = float(((ours - ours.mean()) * (theirs - theirs.mean())).mean()) / risk if risk > 0 else math.nan
    tracking = float(apart.std(ddof=1)) * math.sqrt(ratios.DAYS_PER_YEAR)
    rows += [("correlation of returns", f"{correlation:.3f}"), ("tracking error a year", f"{tracking:.2%}")]
    if tracking:
        found = bootstrap_interval(apart, _mean_per_year, np.random.default_rng(SEED))
        rows.append(
            ("B less A a year", f"{found.estimate:.2%}, 95% interval {found.low:.2%} to {found.high:.2%} (bootstrap)")
        )
    return rows


def _mean_per_year(returns: Floats) -> Floats:
    return returns.mean(axis=0) * ratios.DAYS_PER_YEAR


def _settings(first: Run, second: Run) -> list[tuple[str, str, str]]:
    ours, theirs = (dict(_flat(complete(load(run.folder / "config.toml").firm))) for run in (first, second))
    paths = sorted(ours.keys() | theirs.keys())
    said = [(path, ours.get(path, ABSENT), theirs.get(path, ABSENT)) for path in paths]
    return [row for row in said if row[1] != row[2]]


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Name every value by its dotted path; tables in a list go by their names."""
    if isinstance(value, Mapping) and value:
        pairs = cast("Mapping[str, Any]", value).items()
        return [row for key, one in pairs for row in _flat(one, f"{path}.{key}" if path else key)]
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        tables = cast("list[Mapping[str, Any]]", value)
        naming = next((key for key in NAMING_KEYS if key in tables[0]), None)
        return [
            row
            for place, one in enumerate(tables)
            for row in _flat(one, f"{path}.{place if naming is None else one[naming]}")
        ]
    return [(path, ABSENT if value is None else value_text(value))]


def _identity(run: Run) -> tuple[str, str, str]:
    days = f"{run.summary['start']} to {run.summary['end']}"
    return str(run.folder), days, run.summary["result_sha256"]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]

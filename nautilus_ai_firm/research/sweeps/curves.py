"""Daily returns -> charts and the table of months that every report has."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.models.statistics.ratios import drawdowns
from nautilus_ai_firm.research.sweeps.page import chart, section, table

FIRM, BENCHMARK, GREY = "#1f77b4", "#9a9a9a", "#d0d0d0"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SHADED = 0.01  # a month that moved by so much is coloured

type Days = NDArray[np.int64]
type Floats = NDArray[np.float64]


def equity_section(title: str, ends_ns: Days, lines: Mapping[str, Floats], marks_ns: Days | None = None) -> str:
    """Draw equity (start 1, logarithmic) and drawdown of the firm and of what it is compared with.

    Parameters
    ----------
    title : str
        Of the section.
    ends_ns : ndarray of shape (n_days,)
        Nanoseconds UTC.
    lines : mapping of str to ndarray of shape (n_days,)
        Daily returns by name, the firm first.
    marks_ns : ndarray, optional
        Times at which a line is drawn: where windows begin.

    """
    days = _dates(ends_ns)
    growth, falls = go.Figure(), go.Figure()
    for (name, returns), color in zip(lines.items(), (FIRM, BENCHMARK, "#2ca02c"), strict=False):
        style = {"color": color, "width": 1.6}
        growth.add_scatter(x=days, y=np.cumprod(1.0 + returns).round(5).tolist(), name=name, mode="lines", line=style)
        falls.add_scatter(x=days, y=(-drawdowns(returns)).round(5).tolist(), name=name, mode="lines", line=style)
    for mark in () if marks_ns is None else _dates(marks_ns):
        growth.add_vline(x=mark, line={"color": GREY, "width": 1, "dash": "dot"})
    growth.update_yaxes(type="log", title="equity, start = 1")
    falls.update_yaxes(tickformat=".0%", title="drawdown")
    return section(title, chart(growth), chart(falls, 220))


def months_section(ends_ns: Days, returns: Floats, title: str = "Months") -> str:
    """Write the return of every month and year, from daily returns that end at these times, nanoseconds UTC."""
    months: dict[tuple[int, int], float] = {}
    for end, made in zip(ends_ns.tolist(), returns.tolist(), strict=True):
        day = datetime.fromtimestamp(end / SECOND_NS, UTC)
        key = day.year, day.month
        months[key] = (1.0 + months.get(key, 0.0)) * (1.0 + made) - 1.0
    rows, marks = [], []
    for year in sorted({year for year, _ in months}):
        found = [months.get((year, month)) for month in range(1, 13)]
        whole = float(np.prod([1.0 + value for value in found if value is not None])) - 1.0
        rows.append([str(year), *("" if value is None else f"{value:.1%}" for value in found), f"{whole:.1%}"])
        marks.append(["", *(_shade(value) for value in found), _shade(whole)])
    return section(title, table(["", *MONTHS, "year"], rows, range(1, 14), marks))


def _dates(times_ns: Days) -> list[str]:
    return times_ns.view("datetime64[ns]").astype("datetime64[D]").astype(str).tolist()


def _shade(value: float | None) -> str:
    if value is None or abs(value) < SHADED:
        return ""
    return "good" if value > 0 else "bad"

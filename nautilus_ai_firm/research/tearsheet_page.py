"""The engine's page of charts -> the tearsheet: the firm's tables above and below it, every word escaped."""

from collections.abc import Sequence
from html import escape

from nautilus_ai_firm.hosts.raw_series import RAW_PRICES
from nautilus_ai_firm.research.benchmark import ASSUMPTIONS
from nautilus_ai_firm.research.execution_figures import ExecutionFigures
from nautilus_ai_firm.research.execution_report import (
    EXTREME_HEADS,
    PART_HEADS,
    SHORTFALL_HEADS,
    extreme_row,
    part_row,
    shortfall_row,
)
from nautilus_ai_firm.research.figures import PURPOSE, Figures, session_line
from nautilus_ai_firm.research.outline import limit_rows
from nautilus_ai_firm.research.risk_report import (
    OPTION_HEADS,
    OPTIONS_TITLE,
    PEAK_HEADS,
    STRESS_HEADS,
    option_rows,
    peak_rows,
    stress_rows,
)
from nautilus_ai_firm.runs.folder import Run

STYLE = """
body { font-family: "Open Sans", verdana, arial, sans-serif; color: #2a3f5f; margin: 24px auto; max-width: 1500px; }
section { margin: 0 50px 28px; } h1 { font-size: 22px; } h2 { font-size: 16px; margin-bottom: 8px; }
table { border-collapse: collapse; font-size: 13px; } th { background: #4a4a4a; color: white; text-align: left; }
th, td { padding: 4px 14px 4px 8px; border-bottom: 1px solid #e0e0e0; } .number { text-align: right; }
.halt { background: #d62728; color: white; padding: 8px 12px; font-weight: bold; } p, li { font-size: 13px; }
.tables { display: flex; flex-wrap: wrap; align-items: flex-start; } .tables section { margin-right: 0; }
"""


def page_of(figure: str, run: Run, figures: Figures) -> str:
    """Put the firm's tables around the engine's page."""
    name = escape(f"{figures.firm.name}: {run.summary['start']} to {run.summary['end']}")
    raw = [line for line in run.summary["not_modelled"] if line.startswith(RAW_PRICES)]
    warnings = [line for line in (session_line(run), *figures.commands, *raw) if line]
    halts = "".join(f'<p class="halt">{escape(line)}</p>' for line in warnings)
    refusals = [(desk, rule, f"{count:,}") for desk, rule, count in figures.refusals]
    above = (
        f"<section><h1>{name}</h1><p>{escape(PURPOSE)}</p>{halts}</section>"
        + _section("Result", ("", "firm", "buy-and-hold"), figures.result, (1, 2))
        + f"<section><p>{escape(ASSUMPTIONS)}</p></section>"
    )
    not_modelled = "".join(f"<li>{escape(line)}</li>" for line in run.summary["not_modelled"])
    below = (
        '<div class="tables">'
        + _section("Costs", ("", "USD", "bps of traded", "configuration (negative: earned)"), figures.costs, (1, 2))
        + _section("Refusals", ("desk", "rule", "times"), refusals or [("none", "", "")], (2,))
        + _execution(figures.execution)
        + _section("Limits", ("limit", "value"), limit_rows(figures.firm))
        + _section("Use of limits", PEAK_HEADS, peak_rows(figures.risk), (2, 3, 4, 6, 7))
        + _section("Stress", STRESS_HEADS, stress_rows(figures.risk), (1, 2))
        + _options(option_rows(figures.risk))
        + f"<section><h2>Not modelled</h2><ul>{not_modelled}</ul></section></div>"
    )
    head, _, rest = figure.partition("<body>")
    head = head.replace("<head>", f"<head><title>{name}</title><style>{STYLE}</style>", 1)
    body, _, tail = rest.rpartition("</body>")
    return f"<!DOCTYPE html>\n{head}<body>{above}{body}{below}</body>{tail}"


def _options(rows: Sequence[tuple[str, ...]]) -> str:
    right = tuple(column for column in range(1, len(OPTION_HEADS)) if column % 3)
    return _section(OPTIONS_TITLE, OPTION_HEADS, rows, right) if rows else ""


def _execution(found: ExecutionFigures | None) -> str:
    if found is None or not found.total.parents:
        return ""
    groups = (*found.groups, found.total)
    numbers = range(1, max(len(SHORTFALL_HEADS), len(PART_HEADS)))
    extremes = [extreme_row(one) for one in (*found.worst, *found.best)]
    return (
        _section("Execution, bps of arrival notional", SHORTFALL_HEADS, [shortfall_row(one) for one in groups], numbers)
        + _section("Parts of the shortfall, bps", PART_HEADS, [part_row(one) for one in groups], numbers)
        + _section("Worst and best parent orders", EXTREME_HEADS, extremes or [("none", "", "", "", "")], (2, 3))
    )


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        kinds = [f'<{tag} class="number">' if at in numbers else f"<{tag}>" for at in range(len(cells))]
        return (
            "<tr>" + "".join(f"{kind}{escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)) + "</tr>"
        )

    body = "".join(line(row, "td") for row in rows)
    return f"<section><h2>{escape(title)}</h2><table>{line(header, 'th')}{body}</table></section>"

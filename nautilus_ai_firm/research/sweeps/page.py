"""Sections -> one HTML file that needs nothing else: tables, charts, and a style for screens, phones and paper."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

CHARTS = {"displaylogo": False, "displayModeBar": False, "responsive": True}
PRINT_PIXELS = 680

STYLE = """
body { font-family: "Open Sans", verdana, arial, sans-serif; color: #2a3f5f; margin: 16px auto; }
body { max-width: 1100px; padding: 0 12px; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin: 26px 0 8px; } p, li { font-size: 14px; line-height: 1.45; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th { background: #4a4a4a; color: white; text-align: left; font-weight: 600; }
th, td { padding: 4px 10px 4px 8px; vertical-align: top; }
td { border-bottom: 1px solid #e0e0e0; } .number { text-align: right; white-space: nowrap; }
.line { white-space: nowrap; } .bad { background: #f6d4d4; } .good { background: #d7ecd9; } .chart { width: 100%; }
.verdict { padding: 10px 14px; font-weight: bold; } code { font-size: 12px; overflow-wrap: anywhere; }
@media (max-width: 600px) { th, td { padding: 3px 5px; } table { font-size: 12px; } h1 { font-size: 18px; } }
@media print { body { margin: 0; max-width: none; padding: 0; } section { break-inside: avoid; }
  .wide { overflow: visible; } .line { white-space: normal; }
  table { font-size: 9px; } th { color: black; background: #e0e0e0; } }
"""
PRINTING = f"""
const charts = () => document.querySelectorAll(".js-plotly-plot");
addEventListener("beforeprint", () => charts().forEach(c => Plotly.relayout(c, {{width: {PRINT_PIXELS}}})));
addEventListener("afterprint", () => charts().forEach(c => Plotly.relayout(c, {{width: null, autosize: true}})));
"""


def write_page(path: Path, title: str, sections: Sequence[str]) -> Path:
    """Write a page; an older one is replaced when the new one is complete.

    Parameters
    ----------
    path : Path
        The file.
    title : str
        Its title, which is its first line too.
    sections : sequence of str
        HTML, in order.

    """
    text = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(sections)}<script>{PRINTING}</script></body></html>\n"
    )
    pending = path.with_suffix(".pending")
    pending.write_text(text, encoding="utf-8")
    pending.replace(path)
    return path


def section(title: str, *parts: str) -> str:
    """Put parts under a title."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def text(line: str, kind: str = "") -> str:
    """Make a paragraph."""
    mark = f' class="{kind}"' if kind else ""
    return f"<p{mark}>{escape(line)}</p>"


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
    marks: Sequence[Sequence[str]] | None = None,
) -> str:
    """Make a table that scrolls by itself where it is wider than the screen.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequence of str
        Cells.
    numbers : sequence of int
        Columns that are set to the right.
    marks : sequence of sequence of str, optional
        A class of the style for each cell, or nothing.

    """

    def line(cells: Sequence[str], tag: str, kinds: Sequence[str]) -> str:
        made = []
        for at, (cell, mark) in enumerate(zip(cells, kinds, strict=True)):
            names = " ".join(name for name in ("number" if at in numbers else "", mark) if name)
            made.append(f'<{tag} class="{names}">{escape(cell)}</{tag}>' if names else f"<{tag}>{escape(cell)}</{tag}>")
        return f"<tr>{''.join(made)}</tr>"

    plain = [""] * len(header)
    body = "".join(line(row, "td", plain if marks is None else marks[at]) for at, row in enumerate(rows))
    return f'<div class="wide"><table><thead>{line(header, "th", plain)}</thead><tbody>{body}</tbody></table></div>'


def panel_table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Make the table of a panel: what, its figure and its meaning, the first row coloured by its verdict."""
    verdict = "good" if rows[0][1] == "accepted" else "bad"
    marks = [["", "" if at else verdict, ""] for at in range(len(rows))]
    return table(("", "figure", "what it means"), rows, (1,), marks)


def chart(figure: go.Figure, height: int = 320) -> str:
    """Put a figure on the page, as wide as the page is."""
    figure.update_layout(
        template="plotly_white",
        height=height,
        margin={"l": 56, "r": 12, "t": 28, "b": 44},
        font={"size": 12, "color": "#2a3f5f"},
        legend={"orientation": "h", "y": 1.12, "x": 0},
    )
    made = figure.to_html(full_html=False, include_plotlyjs=False, config=CHARTS, default_width="100%")
    return f'<div class="chart">{made}</div>'

"""A run folder -> one screen of text: what ran, what came of it, what it cost, and what was refused."""

import textwrap
from collections import Counter

from nautilus_ai_firm.hosts.raw_series import RAW_PRICES
from nautilus_ai_firm.research.benchmark import ASSUMPTIONS
from nautilus_ai_firm.research.figures import PURPOSE, Figures, figures_of, session_line
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.runs.folder import Run

WIDTH, HEIGHT = 100, 40
MOST_RULES = 5  # where they find room
MOST_INSTRUMENTS = 6
MOST_COMMANDS = 3


def report(run: Run) -> str:
    """Write a run up in at most 40 lines of 100 columns, without colours, so that it also reads well in a file.

    Parameters
    ----------
    run : Run
        A finished run.

    Raises
    ------
    ConfigError
        The configuration in the folder cannot be read.

    """
    figures = figures_of(run)
    before = [
        _header(run, figures),
        _halts(run, figures),
        _caveats(run),
        ["RESULT", *_indented(aligned([("", "firm", "buy-and-hold"), *figures.result], right=(1, 2)))],
        ["TRADING", *_indented(_trading(run, figures))],
        [
            "COSTS",
            *_indented(
                aligned(
                    [("", "USD", "bps of traded", "configuration (negative: earned)"), *figures.costs], right=(1, 2)
                )
            ),
        ],
    ]
    after = [_listed("AGENTS (share of the decided weights):", _agents(run)), _footer(run)]
    room = HEIGHT - sum(map(len, (*before, *after))) - 1
    refusals = ["REFUSALS", *_indented(_refusals(figures, min(MOST_RULES, room)))]
    return "\n".join(line for section in (*before, refusals, *after) for line in section)


def _header(run: Run, figures: Figures) -> list[str]:
    summary, market = run.summary, figures.firm.market
    seconds = summary["wall_seconds"]
    took = "" if seconds is None else f" in {seconds:.1f} s"  # nobody measured a session that was killed
    head = (
        f"{figures.firm.name}: {summary['start']} to {summary['end']}, {summary['rounds']:,} rounds of {market.bar}, "
        f"{summary['bars']:,} bars{took}"
    )
    line = session_line(run)
    said = [f"*** {line} ***"] if line else []
    return [*said, head, *_listed("universe", list(figures.firm.instrument_ids))]


def _halts(run: Run, figures: Figures) -> list[str]:
    lines = [f"*** {textwrap.shorten(command, WIDTH - 8)} ***" for command in figures.commands]
    if len(lines) > MOST_COMMANDS:
        lines[MOST_COMMANDS:] = [f"*** and {len(lines) - MOST_COMMANDS} more commands, see audit.jsonl ***"]
    if not run.summary["orders"]:
        lines.append("*** NO ORDERS WERE SENT ***")
        if figures.commands:
            lines.append("    a latched kill switch opens with: firm resume --who NAME --why TEXT")
    return lines


def _caveats(run: Run) -> list[str]:
    """Say on one line what every figure below leans on, before the figures."""
    lines = [line for line in run.summary["not_modelled"] if line.startswith(RAW_PRICES)]
    more = f" (and {len(lines) - 1} more, see summary.json)" if len(lines) > 1 else ""
    return [f"*** {textwrap.shorten(line, WIDTH - 8 - len(more))}{more} ***" for line in lines[:1]]


def _trading(run: Run, figures: Figures) -> list[str]:
    summary = run.summary
    fills = Counter(run.table("fills")["instrument_id"])
    decisions = f"decisions {summary['decisions']:,}, cut or refused {summary['refused_decisions']:,}"
    orders = f"orders {summary['orders']:,}, denied {summary['denied_orders']:,}"
    return [
        f"{decisions}; {orders}; fills {summary['fills']:,}",
        f"turnover {summary['turnover']:.1f} times equity a year, {summary['traded_notional']:,.0f} USD traded",
        *_stops(run),
        *_listed("fills of", [f"{name} {fills[name]:,}" for name in figures.firm.instrument_ids], WIDTH - 2),
    ]


def _stops(run: Run) -> list[str]:
    levels, fills = run.summary.get("stop_levels", 0), run.summary.get("stop_fills", 0)
    return [f"stops placed or moved {levels:,} times, {fills:,} fills of theirs"] if levels else []


def _refusals(figures: Figures, most: int) -> list[str]:
    rows = [(desk, rule, f"{count:,}") for desk, rule, count in figures.refusals]
    if len(rows) > most:
        rest = figures.refusals[most - 1 :]
        total = sum(count for _, _, count in rest)
        rows[most - 1 :] = [("others", f"{len(rest)} more rules", f"{total:,}")]
    return aligned(rows, right=(2,)) or ["none"]


def _agents(run: Run) -> list[str]:
    shares = sorted(run.summary["contributions"].items(), key=lambda item: (-item[1], item[0]))
    return [f"{agent} {share:.1%}" for agent, share in shares] or ["none"]


def _footer(run: Run) -> list[str]:
    tearsheet = run.folder / "tearsheet.html"
    return [
        *aligned(
            [
                ("run folder", str(run.folder)),
                *([("tearsheet", str(tearsheet))] if tearsheet.is_file() else []),
                ("result_sha256", run.summary["result_sha256"]),
            ]
        ),
        *textwrap.wrap(ASSUMPTIONS, WIDTH),
        PURPOSE,
    ]


def _listed(title: str, items: list[str], width: int = WIDTH) -> list[str]:
    """One line of a title and as many items as an eye takes in."""
    shown = items[:MOST_INSTRUMENTS]
    if len(items) > len(shown):
        shown.append(f"and {len(items) - len(shown)} more")
    return [textwrap.shorten(f"{title} {', '.join(shown)}", width)]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]

"""A finished sweep -> `report.html`: how much of it is luck first, then the trials, then the best of them."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from nautilus_ai_firm.research.benchmark import ASSUMPTIONS
from nautilus_ai_firm.research.figures import PURPOSE
from nautilus_ai_firm.research.sweeps.curves import FIRM, equity_section, months_section
from nautilus_ai_firm.research.sweeps.finished import identity_section
from nautilus_ai_firm.research.sweeps.page import chart, panel_table, section, table, text, write_page
from nautilus_ai_firm.research.sweeps.panel import SearchPanel, search_panel, search_rows
from nautilus_ai_firm.research.sweeps.search import Tried
from nautilus_ai_firm.research.sweeps.stitching import benchmark_returns
from nautilus_ai_firm.research.sweeps.sweeping import Swept
from nautilus_ai_firm.research.sweeps.table import TABLE
from nautilus_ai_firm.research.sweeps.wording import idle_text, short_names, value_text, warm_up_text

PAGE = "report.html"
MOST_STEPS = 24  # of an axis of a heat map
MOST_MAPS = 6
MOST_ROWS = 20


def write_sweep_page(swept: Swept) -> Path:
    """Write the report of a sweep into its folder; its best trial exists."""
    plan, chosen = swept.plan, swept.best
    assert chosen is not None
    sweep, firm = plan.loaded.sweep, plan.loaded.base.firm
    panel = search_panel(swept.tried, firm.costs.cash_rate_per_year, sweep.seed)
    failed = sum(bool(one.outcome.error) for one in swept.tried)
    ends = chosen.outcome.ends_ns
    lines = {
        f"trial {chosen.outcome.number}": chosen.outcome.daily_returns,
        "buy-and-hold": benchmark_returns(plan, ends),
    }
    title = f"{sweep.name}: {len(swept.tried):,} trials of {firm.name}, {plan.start} to {plan.end}"
    said = f"Sampler {sweep.sampler}, objective {sweep.objective}, seed {sweep.seed}, {failed:,} trials failed."
    return write_page(
        swept.folder / PAGE,
        title,
        [
            text(f"{idle_text(swept.tried)} {said} {warm_up_text(firm)} {PURPOSE}".strip()),
            overfitting_section(panel),
            *_luck_charts(panel, swept.tried),
            _maps(swept),
            _best_trials(swept),
            _failures(swept),
            equity_section(f"The best trial ({chosen.outcome.number}) in its own sample", ends, lines),
            months_section(ends, chosen.outcome.daily_returns),
            section("What it was compared with", text(ASSUMPTIONS)),
            identity_section(swept),
        ],
    )


def overfitting_section(panel: SearchPanel | str) -> str:
    """Write the panel of a search."""
    return section("How much of this is luck", panel_table(search_rows(panel)))


def _luck_charts(panel: SearchPanel | str, tried: Sequence[Tried]) -> list[str]:
    scores = [one.outcome.figures["sharpe"] for one in tried if one.outcome.score("sharpe") is not None]
    spread = go.Figure(go.Histogram(x=scores, marker={"color": FIRM}, name="trials"))
    spread.update_xaxes(title="Sharpe ratio a year of each trial, interest on cash included")
    parts = [chart(spread, 240)]
    if not isinstance(panel, str) and panel.verdict.overfitting is not None:
        logits = go.Figure(go.Histogram(x=panel.verdict.overfitting.logits.round(4).tolist(), marker={"color": FIRM}))
        logits.add_vline(x=0, line={"color": "#d62728"})
        logits.update_xaxes(title="logit of the rank out of sample; left of the line the best ends below the median")
        parts.append(chart(logits, 240))
    return [section("All trials, and the best of half of the time in the other half", *parts)]


def _maps(swept: Swept) -> str:
    sweep = swept.plan.loaded.sweep
    names = short_names(list(sweep.space))
    varied = [path for path in sweep.space if len({value_text(one.parameters[path]) for one in swept.tried}) > 1]
    if not varied:
        return ""
    if len(varied) == 1:
        return section(f"{sweep.objective} by {names[varied[0]]}", chart(_line(swept, varied[0], names)))
    pairs = list(itertools.combinations(varied, 2))
    figures = [chart(_map(swept, one, other, names), 360) for one, other in pairs[:MOST_MAPS]]
    more = f" The first {MOST_MAPS} of {len(pairs)} pairs." if len(pairs) > MOST_MAPS else ""
    note = f"Mean {sweep.objective} over all other values; a lonely peak is luck, a plateau may be more.{more}"
    return section(f"{sweep.objective} by parameters", text(note), *figures)


def _line(swept: Swept, path: str, names: dict[str, str]) -> go.Figure:
    objective = swept.plan.loaded.sweep.objective
    scored = sorted(
        ((one.parameters[path], one.outcome.score(objective)) for one in swept.tried), key=lambda pair: _order(pair[0])
    )
    figure = go.Figure(
        go.Scatter(x=[_axis(value) for value, _ in scored], y=[score for _, score in scored], mode="lines+markers")
    )
    figure.update_xaxes(title=names[path])
    figure.update_yaxes(title=objective)
    return figure


def _map(swept: Swept, one: str, other: str, names: dict[str, str]) -> go.Figure:
    objective = swept.plan.loaded.sweep.objective
    scored = [
        (tried.parameters[one], tried.parameters[other], score)
        for tried in swept.tried
        if (score := tried.outcome.score(objective)) is not None
    ]
    rows = sorted({value_text(a): a for a, _, _ in scored}.values(), key=_order)
    columns = sorted({value_text(b): b for _, b, _ in scored}.values(), key=_order)
    space = swept.plan.loaded.sweep.space
    if space[one].steps is None or space[other].steps is None or max(len(rows), len(columns)) > MOST_STEPS:
        figure = go.Figure(
            go.Scatter(
                x=[_axis(b) for _, b, _ in scored],
                y=[_axis(a) for a, _, _ in scored],
                mode="markers",
                marker={"color": [score for _, _, score in scored], "colorscale": "RdBu", "showscale": True, "size": 9},
            )
        )
    else:
        cells: dict[tuple[str, str], list[float]] = {}
        for a, b, score in scored:
            cells.setdefault((value_text(a), value_text(b)), []).append(score)
        means = [
            [float(np.mean(found)) if (found := cells.get((value_text(a), value_text(b)))) else None for b in columns]
            for a in rows
        ]
        words = [["" if value is None else f"{value:.2f}" for value in row] for row in means]
        figure = go.Figure(
            go.Heatmap(
                z=means,
                x=[value_text(b) for b in columns],
                y=[value_text(a) for a in rows],
                text=words,
                texttemplate="%{text}",
                colorscale="RdBu",
                colorbar={"title": objective, "thickness": 12},
            )
        )
        figure.update_xaxes(type="category")
        figure.update_yaxes(type="category")
    figure.update_xaxes(title=names[other])
    figure.update_yaxes(title=names[one])
    return figure


def _best_trials(swept: Swept) -> str:
    sweep = swept.plan.loaded.sweep
    names = short_names(list(sweep.space))
    objective = sweep.objective
    ranked = sorted(
        (one for one in swept.tried if not one.outcome.error),
        key=lambda one: (-score if (score := one.outcome.score(objective)) is not None else np.inf, one.outcome.number),
    )
    forms = (("sharpe", "{:.2f}"), ("sortino", "{:.2f}"), ("cagr", "{:.2%}"), ("volatility", "{:.2%}"),
             ("max_drawdown", "{:.2%}"), ("turnover", "{:.1f}"), ("fills", "{:,.0f}"))  # fmt: skip
    rows = [
        [
            str(one.outcome.number),
            *(value_text(one.parameters[path]) for path in sweep.space),
            *("" if (value := one.outcome.figures.get(name)) is None else form.format(value) for name, form in forms),
        ]
        for one in ranked[:MOST_ROWS]
    ]
    header = ["trial", *(names[path] for path in sweep.space), *(name.replace("_", " ") for name, _ in forms)]
    cut = f" The first {MOST_ROWS} of {len(ranked):,}; all of them stand in {TABLE}." if len(ranked) > MOST_ROWS else ""
    return section("Trials, the best first", text(f"By {objective}.{cut}"), table(header, rows, range(len(header))))


def _failures(swept: Swept) -> str:
    failed = [one.outcome for one in swept.tried if one.outcome.error]
    if not failed:
        return ""
    cut = f"The first {MOST_ROWS} of {len(failed):,}. " if len(failed) > MOST_ROWS else ""
    rows = [(str(one.number), one.error) for one in failed[:MOST_ROWS]]
    said = f"{cut}Luck is measured by the others."
    return section("Trials that failed", table(("trial", "error"), rows, (0,)), text(said))


def _axis(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else value_text(value)


def _order(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, float(value), ""
    return 1, 0.0, value_text(value)

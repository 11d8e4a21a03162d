"""A finished walk -> `report.html`: how sure it is first, then the windows, what was chosen in them, and the equity."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from nautilus_ai_firm.research.benchmark import ASSUMPTIONS
from nautilus_ai_firm.research.figures import PURPOSE
from nautilus_ai_firm.research.sweeps.curves import FIRM, GREY, equity_section, months_section
from nautilus_ai_firm.research.sweeps.finished import identity_section
from nautilus_ai_firm.research.sweeps.page import chart, panel_table, section, table, text, write_page
from nautilus_ai_firm.research.sweeps.panel import SearchPanel, walk_panel, walk_rows
from nautilus_ai_firm.research.sweeps.walk_figures import (
    WINDOW_DATES,
    WINDOW_HEADER,
    WINDOW_NUMBERS,
    Stability,
    efficiency,
    panels,
    result_rows,
    stability,
    window_rows,
)
from nautilus_ai_firm.research.sweeps.walked import WalkedForward
from nautilus_ai_firm.research.sweeps.wording import idle_text, short_names, value_text

PAGE = "report.html"
MOST_SETTINGS = 40
ROW_PIXELS = 22
ENDS = (
    "Every test begins without positions, on desks that have learnt from the rounds before it, and ends marked at its "
    "last close less the commission and the half-spread of closing; the next one buys anew."
)


def write_walk_page(walk: WalkedForward) -> Path:
    """Write the report of a walk into its folder."""
    plan, stitched = walk.plan, walk.stitched
    sweep, firm = plan.loaded.sweep, plan.loaded.base.firm
    judged = panels(walk)
    rows = walk_rows(walk_panel(stitched.returns, firm.costs.cash_rate_per_year, sweep.seed))
    rows.append(_overfitting_row(judged))
    if (kept := efficiency(walk.windows)) is not None:
        meaning = "mean Sharpe ratio of the tests over that of the trainings"
        rows.append(("walk-forward efficiency", f"{kept:.0%}", meaning))
    begins = stitched.ends_ns[np.append(0, np.flatnonzero(np.diff(stitched.windows)) + 1)]
    first, last = walk.windows[0].dates.test_start, walk.windows[-1].dates.test_end
    return write_page(
        walk.folder / PAGE,
        f"{sweep.name}: {firm.name} walked forward, {len(walk.windows)} windows, tests {first} to {last}",
        [
            text(f"{idle_text(one.test for one in walk.windows)} {_shape(walk)} {PURPOSE}".strip()),
            section("How sure this is", panel_table(rows)),
            section(
                "Out of sample",
                table(("", "firm", "buy-and-hold"), result_rows(walk), (1, 2)),
                text(f"{ENDS} {ASSUMPTIONS}"),
            ),
            equity_section(
                "Equity out of sample; dotted lines are where windows begin",
                stitched.ends_ns,
                {"firm": stitched.returns, "buy-and-hold": stitched.benchmark},
                begins,
            ),
            _windows(walk, window_rows(walk, judged)),
            _parameters(walk),
            months_section(stitched.ends_ns, stitched.returns),
            identity_section(walk),
        ],
    )


def _shape(walk: WalkedForward) -> str:
    sweep = walk.plan.loaded.sweep
    cut = sweep.walk_forward
    assert cut is not None  # a walk has windows
    kind = "anchored" if cut.anchored else "rolling"
    trials = sum(len(one.tried) for one in walk.windows)
    return (
        f"{kind.capitalize()} windows of {cut.train_days} days of training (the last {cut.purge_days} purged), "
        f"{cut.embargo_days} of embargo and {cut.test_days} of test; {trials:,} trials by {sweep.sampler}, chosen by "
        f"{sweep.objective}, seed {sweep.seed}."
    )


def _overfitting_row(judged: list[SearchPanel | str]) -> tuple[str, str, str]:
    known = [
        panel.verdict.overfitting.probability
        for panel in judged
        if not isinstance(panel, str) and panel.verdict.overfitting is not None
    ]
    if not known:
        return "probability of overfitting", "n/a", "of the trainings: needs two trials that ran"
    return (
        "probability of overfitting",
        f"{np.mean(known):.0%}",
        (
            f"mean over the trainings, from {min(known):.0%} to {max(known):.0%}: how often the best of one half of a "
            "training is at or below the median in its other half"
        ),
    )


def _windows(walk: WalkedForward, rows: list[list[str]]) -> str:
    places = [str(place + 1) for place in range(len(walk.windows))]
    bars = go.Figure()
    trained = [None if one.chosen is None else one.chosen.outcome.score("sharpe") for one in walk.windows]
    tested = [None if one.test is None else one.test.outcome.score("sharpe") for one in walk.windows]
    bars.add_bar(x=places, y=trained, name="training", marker={"color": GREY})
    bars.add_bar(x=places, y=tested, name="test", marker={"color": FIRM})
    bars.update_layout(barmode="group")
    bars.update_xaxes(title="window", type="category")
    bars.update_yaxes(title="Sharpe ratio a year")
    said = "Deflated Sharpe ratio and probability of overfitting are those of the training."
    marks = [["line" if at in WINDOW_DATES else "" for at in range(len(WINDOW_HEADER))]] * len(rows)
    return section("Windows", chart(bars, 260), table(WINDOW_HEADER, rows, WINDOW_NUMBERS, marks), text(said))


def _parameters(walk: WalkedForward) -> str:
    paths = list(walk.plan.loaded.sweep.space)
    names, found = short_names(paths), stability(walk.windows, paths)
    rows = [
        (names[one.path], one.most_chosen, f"{one.share:.0%}", f"{one.changes} of {len(one.chosen) - 1}")
        for one in found
    ]
    said = "What holds is chosen again; a choice that jumps from window to window was made by noise."
    header = ("parameter", "chosen most often", "share of windows", "changes")
    charts = [chart(_choices(one, names[one.path]), 200) for one in found]
    settings = _all_settings(walk)
    shown = [] if settings is None else [chart(settings, 120 + ROW_PIXELS * len(walk.windows[0].tried))]
    return section("Stability of the parameters", table(header, rows, (2, 3)), text(said), *shown, *charts)


def _all_settings(walk: WalkedForward) -> go.Figure | None:
    """Draw what each setting scored in each training, where every window tried the same ones, and not too many."""
    objective, (first, *others) = walk.plan.loaded.sweep.objective, walk.windows
    same = [one.parameters for one in first.tried]
    if len(same) > MOST_SETTINGS or any([tried.parameters for tried in one.tried] != same for one in others):
        return None
    scores = [[one.tried[place].outcome.score(objective) for one in walk.windows] for place in range(len(same))]
    figure = go.Figure(
        go.Heatmap(
            z=scores,
            x=[str(place + 1) for place in range(len(walk.windows))],
            y=[", ".join(map(value_text, one.values())) for one in same],
            colorscale="RdBu",
            zmid=0,
            colorbar={"title": objective, "thickness": 12},
        )
    )
    figure.update_xaxes(title=f"{objective} of every setting in every training, by window", type="category")
    figure.update_yaxes(type="category", automargin=True)
    return figure


def _choices(one: Stability, name: str) -> go.Figure:
    places = [str(place + 1) for place in range(len(one.chosen))]
    figure = go.Figure(
        go.Scatter(
            x=places, y=one.chosen, mode="lines+markers", line={"shape": "hv", "color": FIRM}, marker={"size": 8}
        )
    )
    figure.update_xaxes(title="window", type="category")
    order = sorted(set(one.chosen), key=lambda word: (len(word), word))
    figure.update_yaxes(title=name, type="category", categoryorder="array", categoryarray=order)
    return figure

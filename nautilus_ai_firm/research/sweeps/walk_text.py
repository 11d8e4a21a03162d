"""A finished walk -> one screen of text: how sure it is, what came of it, its windows, and where the rest is."""

import textwrap

from nautilus_ai_firm.research.figures import PURPOSE
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.sweeps.panel import walk_panel, walk_rows
from nautilus_ai_firm.research.sweeps.stitching import EQUITY
from nautilus_ai_firm.research.sweeps.sweep_text import panel_text, workers_text
from nautilus_ai_firm.research.sweeps.table import TABLE
from nautilus_ai_firm.research.sweeps.walk_figures import (
    WINDOW_HEADER,
    WINDOW_NUMBERS,
    panels,
    result_rows,
    stability,
    window_rows,
)
from nautilus_ai_firm.research.sweeps.walk_page import PAGE
from nautilus_ai_firm.research.sweeps.walked import WalkedForward
from nautilus_ai_firm.research.sweeps.wording import idle_text, short_names


def walk_text(walk: WalkedForward) -> str:
    """Write a walk up."""
    plan = walk.plan
    sweep, firm = plan.loaded.sweep, plan.loaded.base.firm
    paths = list(sweep.space)
    names = short_names(paths)
    trials = sum(len(one.tried) for one in walk.windows)
    failed = sum(bool(tried.outcome.error) for one in walk.windows for tried in one.tried)
    panel = walk_panel(walk.stitched.returns, firm.costs.cash_rate_per_year, sweep.seed)
    resumed = f", {walk.resumed:,} runs of it before" if walk.resumed else ""
    chosen = [
        f"{names[one.path]}: {one.most_chosen} in {one.share:.0%} of the windows, {one.changes} changes"
        for one in stability(walk.windows, paths)
    ]
    header = ["" if name == "window" else name for name in WINDOW_HEADER]
    rows = [tuple(header), *(tuple(row) for row in window_rows(walk, panels(walk)))]
    return "\n".join(
        [
            f"{sweep.name}: {firm.name} walked forward, {len(walk.windows)} windows, {trials:,} trials and "
            f"{len(walk.windows)} tests in {walk.wall_seconds:.1f} s by {workers_text(walk.workers)}{resumed}"
            + (f"; {failed:,} trials failed" if failed else ""),
            *textwrap.wrap(idle_text(one.test for one in walk.windows)),
            *panel_text("HOW SURE THIS IS", walk_rows(panel)),
            "OUT OF SAMPLE",
            *(f"  {line}" for line in aligned([("", "firm", "buy-and-hold"), *result_rows(walk)], right=(1, 2))),
            "WINDOWS",
            *(f"  {line}" for line in aligned(rows, right=WINDOW_NUMBERS)),
            "CHOSEN",
            *(f"  {line}" for line in chosen),
            *aligned(
                [
                    ("report", str(walk.folder / PAGE)),
                    ("trials", str(walk.folder / TABLE)),
                    ("equity", str(walk.folder / EQUITY)),
                    ("result_sha256", walk.result_sha256),
                ]
            ),
            PURPOSE,
        ]
    )

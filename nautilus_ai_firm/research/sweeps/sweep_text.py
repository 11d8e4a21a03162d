"""A finished sweep -> one screen of text: how much is luck, the best trials, and where the rest is."""

import textwrap

from nautilus_ai_firm.research.figures import PURPOSE
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.sweeps.panel import Rows, search_panel, search_rows
from nautilus_ai_firm.research.sweeps.search import Tried
from nautilus_ai_firm.research.sweeps.sweep_page import PAGE
from nautilus_ai_firm.research.sweeps.sweeping import Swept
from nautilus_ai_firm.research.sweeps.table import TABLE
from nautilus_ai_firm.research.sweeps.wording import idle_text, short_names, value_text, warm_up_text

WIDTH = 110
MOST_TRIALS = 5
MOST_ERRORS = 3


def sweep_text(swept: Swept) -> str:
    """Write a sweep up; its best trial exists."""
    plan, chosen = swept.plan, swept.best
    assert chosen is not None
    sweep = plan.loaded.sweep
    panel = search_panel(swept.tried, plan.loaded.base.firm.costs.cash_rate_per_year, sweep.seed)
    resumed = f", {swept.resumed:,} of them before" if swept.resumed else ""
    score = chosen.outcome.score(sweep.objective)
    return "\n".join(
        [
            (
                f"{sweep.name}: {len(swept.tried):,} trials of {plan.loaded.base.firm.name} ({sweep.sampler}), "
                f"{plan.start} to {plan.end}, in {swept.wall_seconds:.1f} s by {workers_text(swept.workers)}{resumed}"
            ),
            *textwrap.wrap(idle_text(swept.tried)),
            *textwrap.wrap(warm_up_text(plan.loaded.base.firm), WIDTH),
            *panel_text("HOW MUCH OF THIS IS LUCK", search_rows(panel)),
            f"BEST  trial {chosen.outcome.number}, {sweep.objective} {score:.4f}",
            *(f"  {line}" for line in aligned([(path, value_text(one)) for path, one in chosen.parameters.items()])),
            f"TRIALS, the best {min(MOST_TRIALS, len(swept.tried))} by {sweep.objective}",
            *(f"  {line}" for line in _trials(swept)),
            *_errors(swept.tried),
            *aligned(
                [
                    ("report", str(swept.folder / PAGE)),
                    ("trials", str(swept.folder / TABLE)),
                    ("result_sha256", swept.result_sha256),
                ]
            ),
            PURPOSE,
        ]
    )


def panel_text(title: str, rows: Rows) -> list[str]:
    """Write a panel in lines that fit."""
    lines = [title]
    names, figures = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, figure, meaning in rows:
        first, *more = textwrap.wrap(meaning, WIDTH - names - figures - 6)
        lines.append(f"  {name.ljust(names)}  {figure.rjust(figures)}  {first}")
        lines += [f"{' ' * (names + figures + 6)}{line}" for line in more]
    return lines


def workers_text(count: int) -> str:
    """Say how many processes there were."""
    return "1 worker" if count == 1 else f"{count} workers"


def _trials(swept: Swept) -> list[str]:
    sweep = swept.plan.loaded.sweep
    names = short_names(list(sweep.space))
    scored = [one for one in swept.tried if one.outcome.score(sweep.objective) is not None]
    scored.sort(key=lambda one: (-(one.outcome.score(sweep.objective) or 0.0), one.outcome.number))
    rows = [("trial", sweep.objective, "max drawdown", "turnover", "fills", *names.values())]
    for one in scored[:MOST_TRIALS]:
        figures = one.outcome.figures
        rows.append(
            (
                str(one.outcome.number),
                f"{one.outcome.score(sweep.objective):.4f}",
                f"{figures['max_drawdown'] or 0.0:.2%}",
                f"{figures['turnover'] or 0.0:.1f}",
                f"{figures['fills'] or 0.0:,.0f}",
                *(value_text(one.parameters[path]) for path in names),
            )
        )
    return aligned(rows, right=range(5))


def _errors(tried: list[Tried]) -> list[str]:
    failed = [one.outcome for one in tried if one.outcome.error]
    if not failed:
        return []
    lines = [textwrap.shorten(f"  trial {one.number}: {one.error}", WIDTH) for one in failed[:MOST_ERRORS]]
    more = [f"  and {len(failed) - MOST_ERRORS:,} more, see {TABLE}"] if len(failed) > MOST_ERRORS else []
    return [f"FAILED  {len(failed):,} of {len(tried):,}", *(f"  {line.strip()}" for line in lines), *more]

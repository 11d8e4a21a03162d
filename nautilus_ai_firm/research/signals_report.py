"""Figures of the agents of a run -> a screen of aligned text that says what each number is."""

import math
import textwrap
from pathlib import Path

from nautilus_ai_firm.research.agent_figures import AgentFigures, SignalFigures, signal_figures
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.research.signal_quality import FEWEST_HORIZONS, FEWEST_VIEWS
from nautilus_ai_firm.runs.folder import Run

NOT_KNOWN = "n/a"
WIDTH = 100
MEANINGS = (
    "horizon: rounds over which a view is meant to come true, as the model declares. spoke: rounds in which the agent "
    "said something. views, coverage: scores that are not NaN, and their share of instruments x rounds. |score|: their "
    "mean size. turnover: mean absolute change of a score per round. IC: rank correlation of scores with the log "
    "returns from the next open over the horizon, over instruments and rounds, the returns of each instrument in units "
    "of their deviation. error: its standard error (Newey-West over twice the horizon, rounds as clusters); t is IC / "
    f"error. us/round: mean time, measured in the run. {NOT_KNOWN}: views fill fewer than {FEWEST_HORIZONS} horizons, "
    f"two agents share fewer than {FEWEST_VIEWS} views, nothing varies, or nobody measured."
)


def signals_report(run: Run, catalog: Path) -> str:
    """Write up the agents of a run.

    Parameters
    ----------
    run : Run
        A finished run.
    catalog : Path
        The catalog that it ran on.

    Raises
    ------
    ConfigError, CatalogError
        As `signal_figures`.

    """
    figures = signal_figures(run, catalog)
    market = figures.firm.market
    return "\n".join(
        [
            f"{run.summary['run_id']}: {figures.rounds:,} rounds of {market.bar}, {len(market.universe):,} instruments",
            *_table(figures),
            "CORRELATION of scores",
            *_correlations(figures),
            *textwrap.wrap(MEANINGS, WIDTH),
        ]
    )


def _table(figures: SignalFigures) -> list[str]:
    heads = ("AGENTS", "horizon", "spoke", "views", "coverage", "|score|", "turnover", "IC", "error", "t", "us/round")
    rows = [heads, *(_row(agent) for agent in figures.agents)]
    return aligned(rows, right=range(1, len(heads)))


def _row(agent: AgentFigures) -> tuple[str, ...]:
    one = agent.information
    return (
        agent.name,
        f"{agent.horizon_rounds:,}",
        f"{agent.rounds_spoken:,}",
        f"{agent.views:,}",
        f"{agent.coverage:.1%}",
        _known(agent.mean_size, ".3f"),
        _known(agent.turnover, ".4f"),
        _known(one.value, "+.4f"),
        _known(one.standard_error, ".4f"),
        _known(one.value / one.standard_error if one.standard_error else math.nan, "+.2f"),
        NOT_KNOWN if agent.us_per_round is None else f"{agent.us_per_round:,.1f}",
    )


def _correlations(figures: SignalFigures) -> list[str]:
    """One line an agent; columns are numbered as the lines are."""
    numbers = tuple(f"{place}" for place in range(1, len(figures.agents) + 1))
    rows = [("", "", *numbers)] + [
        (number, agent.name, *(_known(value, "+.2f") for value in row))
        for number, agent, row in zip(numbers, figures.agents, figures.correlations.tolist(), strict=True)
    ]
    return aligned(rows, right=(0, *range(2, len(numbers) + 2)))


def _known(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else NOT_KNOWN

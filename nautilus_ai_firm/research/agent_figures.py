"""A run folder and the catalog that it ran on -> figures of every agent, and how alike the agents are."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.hosts.universe import bar_names
from nautilus_ai_firm.research.benchmark import bar_prices
from nautilus_ai_firm.research.signal_quality import (
    Floats,
    InformationCoefficient,
    correlation,
    forward_returns,
    information_coefficient,
    mean_size,
    turnover,
)
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import Firm, SignalAgent, load, model_module, params_of, watched_by


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFigures:
    """What one agent said in a run.

    Attributes
    ----------
    name : str
        The agent.
    horizon_rounds : int
        Rounds over which its views are meant to come true.
    rounds_spoken : int
        Rounds in which it said something, be it that it has no view.
    views : int
        Scores that are not NaN, over instruments and rounds.
    coverage : float
        Share of these among instruments times rounds.
    mean_size : float
        Mean absolute score; NaN without a view.
    turnover : float
        Mean absolute change of a score from one round to the next; NaN where there are none.
    information : InformationCoefficient
        Of its views at its horizon.
    us_per_round : float or None
        How long it thought; None where nobody measured.

    """

    name: str
    horizon_rounds: int
    rounds_spoken: int
    views: int
    coverage: float
    mean_size: float
    turnover: float
    information: InformationCoefficient
    us_per_round: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFigures:
    """What the agents of a run said.

    Attributes
    ----------
    firm : Firm
        The settings of the run.
    rounds : int
        Rounds of the run.
    agents : tuple of AgentFigures
        In the order of the configuration.
    correlations : ndarray of shape (n_agents, n_agents)
        Of scores; NaN where they share too few views.

    """

    firm: Firm
    rounds: int
    agents: tuple[AgentFigures, ...]
    correlations: Floats


def signal_figures(run: Run, catalog: Path) -> SignalFigures:
    """Measure the agents of a run.

    Parameters
    ----------
    run : Run
        The run.
    catalog : Path
        The catalog that it ran on.

    Raises
    ------
    ConfigError
        The configuration in the folder cannot be read.
    CatalogError
        The catalog does not hold the universe, or not the prices that the run saw.

    Notes
    -----
    A signal belongs to the first round that closes at or after the time at which it was said: one that came late is
    judged by what followed when it could first be used.

    """
    firm = load(run.folder / "config.toml").firm
    rounds_ns = _times(run.table("equity"))
    opens, closes = bar_prices(_catalog_of(run, catalog, firm), bar_names(firm), rounds_ns)
    signals = run.table("signals")
    scores = [_scores(signals, agent.name, rounds_ns, firm) for agent in firm.signals.agents]
    us_per_round = run.summary.get("signal_us_per_round") or {}
    figures: list[AgentFigures] = []
    for agent, (score, spoken) in zip(firm.signals.agents, scores, strict=True):
        horizon = _horizon(agent, firm)
        views = int(np.isfinite(score).sum())
        figures.append(
            AgentFigures(
                name=agent.name,
                horizon_rounds=horizon,
                rounds_spoken=spoken,
                views=views,
                coverage=views / score.size if score.size else 0.0,
                mean_size=mean_size(score),
                turnover=turnover(score),
                information=information_coefficient(score, forward_returns(opens, closes, horizon), horizon),
                us_per_round=us_per_round.get(agent.name),
            )
        )
    return SignalFigures(
        firm=firm,
        rounds=len(rounds_ns),
        agents=tuple(figures),
        correlations=np.array([[correlation(one, other) for other, _ in scores] for one, _ in scores]),
    )


def _horizon(agent: SignalAgent, firm: Firm) -> int:
    return model_module(agent.model).Model(params_of(agent), watched_by(firm)).horizon_rounds


def _catalog_of(run: Run, path: Path, firm: Firm) -> Catalog:
    """Open the catalog, and refuse one whose prices are not those of the run."""
    catalog = Catalog(path)
    seen = json.loads((run.folder / "manifest.json").read_text(encoding="utf-8"))["inputs"]
    for name in bar_names(firm):
        if seen.get(name, catalog.record(name).sha256) != catalog.record(name).sha256:
            raise CatalogError(f"{path}: {name} is not what {run.folder} saw: its checksum is another one")
    return catalog


def _scores(signals: pd.DataFrame, agent: str, rounds_ns: NDArray[np.int64], firm: Firm) -> tuple[Floats, int]:
    """Lay an agent's scores out by round and instrument, and count the rounds in which it spoke."""
    own = (signals["agent"] == agent).to_numpy(dtype=np.bool_)
    rows = np.searchsorted(rounds_ns, _times(signals)[own])
    columns = pd.Index(firm.instrument_ids).get_indexer(signals["instrument_id"].to_numpy()[own])
    heard = rows < len(rounds_ns)  # what was said after the last round was never used
    laid = np.full((len(rounds_ns), len(firm.instrument_ids)), np.nan)
    laid[rows[heard], columns[heard]] = signals["score"].to_numpy(dtype=np.float64)[own][heard]
    return laid, len(np.unique(rows[heard]))


def _times(table: pd.DataFrame) -> NDArray[np.int64]:
    return table["ts"].astype("datetime64[ns, UTC]").astype("int64").to_numpy()

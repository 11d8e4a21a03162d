"""Daily returns of all trials -> how much of the best of them is luck; every report begins with it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.models.statistics import ratios
from nautilus_ai_firm.models.statistics.overfitting import BLOCKS
from nautilus_ai_firm.models.statistics.sharpe_inference import (
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_sample,
)
from nautilus_ai_firm.models.statistics.stationary_bootstrap import Interval, bootstrap_interval
from nautilus_ai_firm.models.statistics.verdict import Verdict, judge
from nautilus_ai_firm.research.sweeps.search import Tried

LEVEL = 0.05

type Floats = NDArray[np.float64]
type Rows = list[tuple[str, str, str]]
"""What, its figure, and what it means."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchPanel:
    """What the trials of one search say of the best Sharpe ratio among them.

    Attributes
    ----------
    trial : int
        Number of the trial that is judged: the one with the best Sharpe ratio.
    verdict : Verdict
        All figures of it.
    interval : Interval
        Its Sharpe ratio a year by the stationary bootstrap.

    """

    trial: int
    verdict: Verdict
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkPanel:
    """What returns out of sample say of themselves.

    Attributes
    ----------
    sharpe_per_year : float
        Without interest on cash.
    probabilistic : float
        Probability that the true one is above 0.
    minimum_track_record_years, years : float
        Record that it would take to be sure at the level, and the record that there is.
    interval : Interval
        The Sharpe ratio a year by the stationary bootstrap.
    accepted : bool
        Probability above 1 - level.

    """

    sharpe_per_year: float
    probabilistic: float
    minimum_track_record_years: float
    years: float
    interval: Interval
    accepted: bool


def search_panel(tried: Sequence[Tried], cash_rate_per_year: float, seed: int) -> SearchPanel | str:
    """Judge a search; where that is not possible, say why.

    Parameters
    ----------
    tried : sequence of Tried
        Every trial; those that failed have no returns and are left out.
    cash_rate_per_year : float
        What idle cash earns: it is no merit of a trial.
    seed : int
        Of the bootstrap.

    """
    made = [one for one in tried if not one.outcome.error]
    if not made:
        return "no trial ran to its end"
    excess = np.column_stack([one.outcome.daily_returns for one in made]) - cash_rate_per_year / ratios.DAYS_PER_YEAR
    try:
        verdict = judge(excess, level=LEVEL)
        interval = _interval(excess[:, verdict.selected], seed)
    except ValueError as error:
        return str(error)
    return SearchPanel(trial=made[verdict.selected].outcome.number, verdict=verdict, interval=interval)


def walk_panel(returns: Floats, cash_rate_per_year: float, seed: int) -> WalkPanel | str:
    """Judge returns that nothing was chosen on; where that is not possible, say why."""
    excess = returns - cash_rate_per_year / ratios.DAYS_PER_YEAR
    try:
        sample = sharpe_sample(excess)
        probability = probabilistic_sharpe(sample)
        return WalkPanel(
            sharpe_per_year=sample.sharpe * math.sqrt(ratios.DAYS_PER_YEAR),
            probabilistic=probability,
            minimum_track_record_years=minimum_track_record(sample, level=LEVEL) / ratios.DAYS_PER_YEAR,
            years=len(excess) / ratios.DAYS_PER_YEAR,
            interval=_interval(excess, seed),
            accepted=probability > 1 - LEVEL,
        )
    except ValueError as error:
        return str(error)


def search_rows(panel: SearchPanel | str) -> Rows:
    """Write a panel out, the verdict first."""
    if isinstance(panel, str):
        return [("verdict", "none", panel)]
    verdict, deflated, overfitting = panel.verdict, panel.verdict.deflated, panel.verdict.overfitting
    luck = deflated.expected_maximum * math.sqrt(ratios.DAYS_PER_YEAR)
    rows: Rows = [
        (
            "verdict",
            "accepted" if verdict.accepted else "REJECTED",
            f"deflated Sharpe ratio above {1 - LEVEL:.0%} and probability of overfitting below {LEVEL:.0%}",
        ),
        (
            "Sharpe ratio a year",
            f"{verdict.sharpe_per_year:.2f}",
            (
                f"of trial {panel.trial}, the best of {verdict.trials:,}, without interest on cash; 95% interval "
                f"{_between(panel.interval)} (stationary bootstrap)"
            ),
        ),
        (
            "deflated Sharpe ratio",
            f"{deflated.probability:.1%}",
            (
                f"probability of skill after the search: luck alone is expected to reach {luck:.2f} in "
                f"{deflated.effective_trials:.1f} independent trials"
            ),
        ),
        ("probabilistic Sharpe ratio", f"{verdict.probabilistic:.1%}", "the same, had it been the only trial"),
    ]
    if overfitting is None:
        rows.append(("probability of overfitting", "n/a", f"needs two trials and {2 * BLOCKS} days"))
    else:
        rows += [
            (
                "probability of overfitting",
                f"{overfitting.probability:.1%}",
                (
                    "how often the best of one half of the time is at or below the median in the other half, over "
                    f"{len(overfitting.logits):,} halvings"
                ),
            ),
            (
                "probability of loss",
                f"{overfitting.probability_of_loss:.1%}",
                f"how often it loses there; slope of the one half on the other {overfitting.slope:.2f}",
            ),
        ]
    return [
        *rows,
        (
            "minimum backtest length",
            _years(verdict.minimum_backtest_years),
            f"below it luck is expected to reach this Sharpe ratio; there are {verdict.years:.1f} years",
        ),
        (
            "minimum track record",
            _years(verdict.minimum_track_record_years),
            f"to be {1 - LEVEL:.0%} sure that it is above 0, had it been the only trial",
        ),
    ]


def walk_rows(panel: WalkPanel | str) -> Rows:
    """Write a panel of a walk out, the verdict first."""
    if isinstance(panel, str):
        return [("verdict", "none", panel)]
    return [
        (
            "verdict",
            "accepted" if panel.accepted else "REJECTED",
            f"probabilistic Sharpe ratio above {1 - LEVEL:.0%}: nothing was chosen on these days, so none is deflated",
        ),
        (
            "Sharpe ratio a year",
            f"{panel.sharpe_per_year:.2f}",
            f"out of sample, without interest on cash; 95% interval {_between(panel.interval)} (stationary bootstrap)",
        ),
        ("probabilistic Sharpe ratio", f"{panel.probabilistic:.1%}", "probability that the true one is above 0"),
        (
            "minimum track record",
            _years(panel.minimum_track_record_years),
            f"to be {1 - LEVEL:.0%} sure of that; there are {panel.years:.1f} years",
        ),
    ]


def _interval(excess: Floats, seed: int) -> Interval:
    return bootstrap_interval(excess, ratios.sharpe_ratio, np.random.default_rng(seed))


def _between(interval: Interval) -> str:
    return f"{interval.low:.2f} to {interval.high:.2f}"


def _years(years: float) -> str:
    return f"{years:,.1f} years" if math.isfinite(years) else "no length is enough"

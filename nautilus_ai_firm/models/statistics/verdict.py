"""All trials of a search -> accepted or rejected, with every figure that says why."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.statistics.deflated_sharpe import DeflatedSharpe, deflated_sharpe
from nautilus_ai_firm.models.statistics.extreme_value import minimum_backtest_years
from nautilus_ai_firm.models.statistics.overfitting import BLOCKS, Overfitting, backtest_overfitting
from nautilus_ai_firm.models.statistics.ratios import DAYS_PER_YEAR
from nautilus_ai_firm.models.statistics.returns import checked, sharpe
from nautilus_ai_firm.models.statistics.sharpe_inference import minimum_track_record, probabilistic_sharpe


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the trials of a search together say of the best of them.

    Attributes
    ----------
    selected : int
        Column of the trial with the best Sharpe ratio.
    trials : int
        How many there were.
    sharpe_per_year : float
        Of the selected trial.
    probabilistic : float
        Probability that its true Sharpe ratio is above 0, if it had been the only trial.
    deflated : DeflatedSharpe
        The same, after the search.
    overfitting : Overfitting or None
        Whether the choice holds out of sample; None for one trial or less than two periods a block.
    minimum_track_record_years : float
        Record after which the Sharpe ratio were above 0 at the level, if it had been the only trial.
    minimum_backtest_years : float
        Backtest below which luck is expected to reach this Sharpe ratio in as many independent trials.
    years : float
        Length of the backtest.
    level : float
        Of significance.
    accepted : bool
        Deflated Sharpe ratio above 1 - level, and probability of overfitting below the level where it is known.

    """

    selected: int
    trials: int
    sharpe_per_year: float
    probabilistic: float
    deflated: DeflatedSharpe
    overfitting: Overfitting | None
    minimum_track_record_years: float
    minimum_backtest_years: float
    years: float
    level: float
    accepted: bool


def judge(
    trials: Floats, *, level: float = 0.05, blocks: int = BLOCKS, periods_per_year: float = DAYS_PER_YEAR
) -> Verdict:
    """Judge the best of all trials.

    Parameters
    ----------
    trials : ndarray of shape (T, N)
        Returns a period of every trial that was made, in excess of what they are measured against, fractions.
    level : float
        Of significance, in (0, 1).
    blocks : int
        As `backtest_overfitting`.
    periods_per_year : float
        How many of the periods make a year.

    Raises
    ------
    ValueError
        As `checked` and `backtest_overfitting`.

    """
    values = checked(trials, least=2)
    values = values if values.ndim > 1 else values[:, np.newaxis]
    periods, n = values.shape
    selected = int(sharpe(values).argmax())
    deflated = deflated_sharpe(values, selected)
    overfitting = backtest_overfitting(values, blocks) if n > 1 and periods >= 2 * blocks else None
    per_year = deflated.sample.sharpe * float(np.sqrt(periods_per_year))
    return Verdict(
        selected=selected,
        trials=n,
        sharpe_per_year=per_year,
        probabilistic=probabilistic_sharpe(deflated.sample),
        deflated=deflated,
        overfitting=overfitting,
        minimum_track_record_years=minimum_track_record(deflated.sample, level=level) / periods_per_year,
        minimum_backtest_years=minimum_backtest_years(deflated.effective_trials, per_year),
        years=periods / periods_per_year,
        level=level,
        accepted=deflated.probability > 1 - level and (overfitting is None or overfitting.probability < level),
    )

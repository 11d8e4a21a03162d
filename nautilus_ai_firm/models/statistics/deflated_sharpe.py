"""All trials of a search -> how likely the Sharpe ratio of the chosen one is more than the luck of the draw.

Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management 40 (2014).
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.statistics.extreme_value import expected_maximum
from nautilus_ai_firm.models.statistics.returns import checked, deviation, sharpe
from nautilus_ai_firm.models.statistics.sharpe_inference import SharpeSample, probabilistic_sharpe, sharpe_sample


@dataclass(frozen=True, slots=True, kw_only=True)
class DeflatedSharpe:
    """The verdict on the chosen trial.

    Attributes
    ----------
    sample : SharpeSample
        The chosen trial.
    effective_trials : float
        As many independent trials as the correlated ones are worth.
    variance : float
        Of the Sharpe ratios (a period) over the trials.
    expected_maximum : float
        Sharpe ratio a period that the best of so many trials without skill is expected to have.
    probability : float
        The deflated Sharpe ratio, in [0, 1].

    """

    sample: SharpeSample
    effective_trials: float
    variance: float
    expected_maximum: float
    probability: float


def deflate(sample: SharpeSample, n_trials: float, variance: float) -> DeflatedSharpe:
    """Deflate a Sharpe ratio by the search that found it: DSR = PSR(SR₀) with SR₀ = √V E[max of N].

    Parameters
    ----------
    sample : SharpeSample
        The chosen trial.
    n_trials : float
        Independent trials, at least 1.
    variance : float
        Of the Sharpe ratios (a period) over the trials.

    Raises
    ------
    ValueError
        There is less than one trial, or the variance is negative.

    """
    if not variance >= 0:
        raise ValueError(f"variance is {variance} (allowed: at least 0)")
    luck = sqrt(variance) * expected_maximum(n_trials)
    return DeflatedSharpe(
        sample=sample,
        effective_trials=n_trials,
        variance=variance,
        expected_maximum=luck,
        probability=probabilistic_sharpe(sample, luck),
    )


def deflated_sharpe(trials: Floats, selected: int | None = None) -> DeflatedSharpe:
    """Deflate the Sharpe ratio of one of many trials.

    Parameters
    ----------
    trials : ndarray of shape (T, N)
        Returns a period of every trial that was made, the poor ones too, fractions; at least two periods.
    selected : int, optional
        Column of the chosen trial; the best Sharpe ratio when absent.

    Raises
    ------
    ValueError
        As `checked`.

    """
    values = _columns(checked(trials, least=2))
    ratios = sharpe(values)
    chosen = int(ratios.argmax()) if selected is None else selected
    variance = float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0
    return deflate(sharpe_sample(values[:, chosen]), effective_trials(values), variance)


def effective_trials(trials: Floats) -> float:
    """Return how many independent trials the correlated ones are worth: N̂ = ρ̄ + (1 - ρ̄) N (the paper's appendix).

    ρ̄ is the mean correlation of two different trials, not below 0. N̂ is N for unrelated trials and 1 for copies;
    trials in opposite groups count in full, which errs on the strict side. A trial without risk is related to none.

    Parameters
    ----------
    trials : ndarray of shape (T, N)
        Returns a period, fractions; at least two periods.

    Returns
    -------
    float
        In [1, N].

    Raises
    ------
    ValueError
        As `checked`.

    """
    values = _columns(checked(trials, least=2))
    n = values.shape[1]
    if n == 1:
        return 1.0
    risk = deviation(values)
    scaled = (values - values.mean(axis=0)) / np.where(risk > 0, risk, np.inf)
    related = float(scaled.sum(axis=1).var(ddof=1)) - np.count_nonzero(risk)  # variance of the sum: no matrix needed
    correlation = min(max(related / (n * (n - 1)), 0.0), 1.0)
    return correlation + (1.0 - correlation) * n


def _columns(values: Floats) -> Floats:
    return values if values.ndim > 1 else values[:, np.newaxis]

"""A series and a statistic -> the interval in which the statistic lies, by drawing the series again in random blocks.

Politis and Romano, "The Stationary Bootstrap", Journal of the American Statistical Association 89 (1994).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.statistics.block_length import LEAST_PERIODS, stationary_block_length
from nautilus_ai_firm.models.statistics.returns import checked

CHUNK_VALUES = 1_000_000  # of one array: 8 MB

type Statistic = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and how far it can be trusted.

    Attributes
    ----------
    estimate : float
        Of the series as it was.
    low, high : float
        Percentile interval.
    standard_error : float
        Standard deviation over the resamples.
    block_length : float
        Mean length of the blocks, periods.

    """

    estimate: float
    low: float
    high: float
    standard_error: float
    block_length: float


def bootstrap_interval(
    returns: Floats,
    statistic: Statistic,
    generator: np.random.Generator,
    *,
    resamples: int = 1_000,
    confidence: float = 0.95,
    block_length: float | None = None,
) -> Interval:
    """Draw a series again and again, and take the percentile interval of a statistic.

    Parameters
    ----------
    returns : ndarray of shape (T,)
        Returns a period, fractions; at least 10.
    statistic : callable
        From an ndarray of shape (T, B), a column for each resample, to one of shape (B,), as the functions of `ratios`;
        a resample for which it is NaN does not count.
    generator : numpy.random.Generator
        Source of chance; the same seed gives the same interval.
    resamples : int
        At least 2.
    confidence : float
        Of the interval, in (0, 1).
    block_length : float, optional
        Mean length of the blocks, at least 1; that of `stationary_block_length` when absent.

    Raises
    ------
    ValueError
        As `checked`; or an argument is out of range.

    """
    values = checked(returns, least=LEAST_PERIODS)
    if values.ndim != 1:
        raise ValueError(f"returns have the shape {values.shape} (allowed: (T,))")
    if resamples < 2 or not 0 < confidence < 1:  # noqa: PLR2004 - two are the least that vary
        raise ValueError(f"{resamples} resamples at confidence {confidence} (allowed: at least 2, and between 0 and 1)")
    mean_length = stationary_block_length(values) if block_length is None else block_length
    step = max(1, CHUNK_VALUES // len(values))
    counts = [min(step, resamples - begin) for begin in range(0, resamples, step)]
    drawn = [statistic(values[stationary_indices(len(values), n, mean_length, generator)]) for n in counts]
    found = np.concatenate(drawn)
    found = found[np.isfinite(found)]
    estimate = float(statistic(values[:, np.newaxis])[0])
    if len(found) < 2 or not np.isfinite(estimate):  # noqa: PLR2004 - as above
        return Interval(estimate=estimate, low=np.nan, high=np.nan, standard_error=np.nan, block_length=mean_length)
    low, high = np.quantile(found, [(1 - confidence) / 2, (1 + confidence) / 2]).tolist()
    return Interval(
        estimate=estimate, low=low, high=high, standard_error=float(found.std(ddof=1)), block_length=mean_length
    )


def stationary_indices(
    periods: int, resamples: int, block_length: float, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the places of resamples: blocks that begin anywhere, of geometric length, around the end to the start.

    Parameters
    ----------
    periods, resamples : int
        Shape of the result.
    block_length : float
        Mean length of the blocks, periods, at least 1.
    generator : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray of shape (periods, resamples)
        Places in [0, periods).

    Raises
    ------
    ValueError
        The block length is below 1.

    """
    if not block_length >= 1:
        raise ValueError(f"block_length is {block_length} (allowed: at least 1)")
    starts = generator.integers(0, periods, (resamples, periods)).T
    begins = (generator.random((resamples, periods)) * block_length < 1.0).T
    begins[0] = True
    places = np.arange(periods)[:, np.newaxis]
    begun = np.maximum.accumulate(np.where(begins, places, 0), axis=0)
    return (np.take_along_axis(starts, begun, axis=0) + places - begun) % periods

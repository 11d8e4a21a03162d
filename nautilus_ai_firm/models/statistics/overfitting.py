"""All trials of a search -> the probability that choosing the best of them chose noise.

Combinatorially symmetric cross-validation: Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest
Overfitting", Journal of Computational Finance 20 (2017).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.messages.arrays import ReadOnlyArrays
from nautilus_ai_firm.models.statistics.returns import checked, deviation

BLOCKS = 16
CHUNK_VALUES = 1_000_000  # of one array: 8 MB
FLAT = 1e-12  # a variance below this share of the mean square is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfitting(ReadOnlyArrays):
    """What happened to the best trial of one half of the time in the other half, over all ways to halve it.

    Attributes
    ----------
    probability : float
        PBO: how often it ended at or below the median.
    logits : ndarray of shape (n_splits,)
        ln(ω / (1 - ω)) of its relative rank ω = rank / (N + 1) in the other half.
    in_sample, out_of_sample : ndarray of shape (n_splits,)
        Its Sharpe ratio a period in the half that chose it, and in the other.
    slope, intercept, r_squared : float
        Performance degradation: line of the second on the first; NaN where the first does not vary.
    probability_of_loss : float
        How often it lost money in the other half.

    """

    probability: float
    logits: Floats
    in_sample: Floats
    out_of_sample: Floats
    slope: float
    intercept: float
    r_squared: float
    probability_of_loss: float


def backtest_overfitting(trials: Floats, blocks: int = BLOCKS) -> Overfitting:
    """Compare every choice by one half of the blocks of time with the other half, by the Sharpe ratio.

    Parameters
    ----------
    trials : ndarray of shape (T, N)
        Returns a period of every trial that was made, fractions; the earliest T mod blocks are left out.
    blocks : int
        Even; of 16 there are 12,870 splits.

    Raises
    ------
    ValueError
        As `checked`; there are less than two trials, or two periods a block; or blocks are not even or above 20.

    """
    if blocks not in range(2, 21, 2):
        raise ValueError(f"blocks is {blocks} (allowed: even, 2 to 20)")
    values = checked(trials, least=2 * blocks)
    if values.ndim == 1 or values.shape[1] == 1:
        raise ValueError(f"trials have the shape {values.shape} (allowed: (T, N) with N at least 2)")
    sums, squares, periods = _block_sums(values, blocks)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    n_splits, n = len(halves), values.shape[1]
    chosen_in, chosen_out, logits = np.empty(n_splits), np.empty(n_splits), np.empty(n_splits)
    step = max(1, CHUNK_VALUES // n)
    for begin in range(0, n_splits, step):
        split = slice(begin, begin + step)
        # the other half of the k-th split in lexicographic order is the k-th from the end
        here, there = (_sharpe(sums, squares, half, periods) for half in (halves[split], halves[::-1][split]))
        rows, best = np.arange(len(here)), here.argmax(axis=1)
        chosen_in[split], chosen_out[split] = here[rows, best], there[rows, best]
        logits[split] = _logit(there, chosen_out[split])
    slope, intercept, r_squared = _line(chosen_in, chosen_out)
    return Overfitting(
        probability=float((logits <= 0).mean()),
        logits=logits,
        in_sample=chosen_in,
        out_of_sample=chosen_out,
        slope=slope,
        intercept=intercept,
        r_squared=r_squared,
        probability_of_loss=float((chosen_out < 0).mean()),
    )


def _block_sums(values: Floats, blocks: int) -> tuple[Floats, Floats, int]:
    # Sums of returns over blocks, and of their squares about the mean, which keeps the difference of squares exact.
    per_block = len(values) // blocks
    kept = values[len(values) - per_block * blocks :]
    shaped = kept.reshape(blocks, per_block, -1)
    squares = ((shaped - kept.mean(axis=0)) ** 2).sum(axis=1)
    return shaped.sum(axis=1), np.where(deviation(kept) > 0, squares, 0.0), per_block


def _sharpe(sums: Floats, squares: Floats, halves: Floats, per_block: int) -> Floats:
    periods = per_block * halves.shape[1]
    total, square = np.zeros((len(halves), sums.shape[1])), np.zeros((len(halves), sums.shape[1]))
    for block in halves.T:  # a column at a time: the order of addition is the order of time
        total += sums[block]
        square += squares[block]
    offset = total / periods - sums.sum(axis=0) / (len(sums) * per_block)
    variance = (square - periods * offset**2) / (periods - 1)
    risky = variance > FLAT * (square / periods)
    return np.where(risky, total / periods / np.sqrt(np.where(risky, variance, 1.0)), 0.0)


def _logit(performance: Floats, chosen: Floats) -> Floats:
    # Trials of equal performance share the mean of their ranks.
    level = chosen[:, np.newaxis]
    below, equal = (performance < level).sum(axis=1), (performance == level).sum(axis=1)
    rank = below + (equal + 1) / 2
    return np.log(rank / (performance.shape[1] + 1 - rank))


def _line(x: Floats, y: Floats) -> tuple[float, float, float]:
    dx, dy = x - x.mean(), y - y.mean()
    spread, rise, together = float((dx**2).sum()), float((dy**2).sum()), float((dx * dy).sum())
    if not spread > 0:
        return float("nan"), float("nan"), float("nan")
    slope = together / spread
    r_squared = together**2 / (spread * rise) if rise > 0 else float("nan")
    return slope, float(y.mean()) - slope * float(x.mean()), r_squared

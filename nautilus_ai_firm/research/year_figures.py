"""Days of instrument-years -> figures of a kind of year, and how two runs differ on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats

DAYS_PER_YEAR = 252
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class YearDays:
    """One instrument in one calendar year; profits, value traded and costs of each day, fractions of equity."""

    year: int
    profit: Floats
    traded: Floats
    costs: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """Figures of many instrument-years; a year of one instrument where nothing else is said, fractions of equity."""

    number: int
    mean_return: float
    volatility: float
    sharpe: float
    mean_drawdown: float
    worst_drawdown: float
    turnover: float
    costs: float

    def texts(self) -> tuple[str, ...]:
        """Return the columns of a table."""
        return (
            str(self.number),
            f"{self.mean_return:+.2%}",
            f"{self.volatility:.2%}",
            f"{self.sharpe:+.2f}",
            f"{self.mean_drawdown:.2%}",
            f"{self.worst_drawdown:.2%}",
            f"{self.turnover:.1f}",
            f"{self.costs * 1e4:.1f}",
        )


def class_figures(years: Sequence[YearDays]) -> ClassFigures:
    """Pool instrument-years.

    The Sharpe ratio is mean over deviation of all their days, annualised, without a risk-free rate: nothing is paid for
    what is not invested.

    Raises
    ------
    ValueError
        There is none.

    """
    if not years:
        raise ValueError("no instrument-year (allowed: at least 1)")
    days = np.concatenate([one.profit for one in years])
    mean, deviation = float(days.mean()), float(days.std(ddof=1))
    drawdowns = [_drawdown(one.profit) for one in years]
    return ClassFigures(
        number=len(years),
        mean_return=float(np.mean([one.profit.sum() for one in years])),
        volatility=deviation * DAYS_PER_YEAR**0.5,
        sharpe=mean / deviation * DAYS_PER_YEAR**0.5 if deviation else float("nan"),
        mean_drawdown=float(np.mean(drawdowns)),
        worst_drawdown=max(drawdowns),
        turnover=float(np.mean([one.traded.sum() for one in years])),
        costs=float(np.mean([one.costs.sum() for one in years])),
    )


def sharpe_difference(
    ours: Sequence[YearDays], theirs: Sequence[YearDays], seed: int = 1
) -> tuple[float, float, float]:
    """Return the difference of pooled Sharpe ratios, and a 95 % percentile interval over calendar years drawn again.

    All instruments of a year are drawn together, in both runs: they moved together.

    Parameters
    ----------
    ours, theirs : sequence of YearDays
        The same instrument-years of two runs.
    seed : int
        Of the draws.

    """
    years = sorted({one.year for one in ours})
    sums = np.array([[_sums(run, year) for year in years] for run in (ours, theirs)])  # run, year, (n, x, x^2)
    drawn = np.random.default_rng(seed).integers(0, len(years), (RESAMPLES, len(years)))
    whole = _sharpe(sums.sum(axis=1))
    again = _sharpe(sums[:, drawn].sum(axis=2))
    low, high = np.nanquantile(again[0] - again[1], [0.025, 0.975]).tolist()
    return float(whole[0] - whole[1]), low, high


def _sums(run: Sequence[YearDays], year: int) -> tuple[float, float, float]:
    days = np.concatenate([one.profit for one in run if one.year == year])
    return float(len(days)), float(days.sum()), float((days**2).sum())


def _sharpe(sums: Floats) -> Floats:
    n, total, squares = np.moveaxis(sums, -1, 0)
    mean = total / n
    variance = squares / n - mean**2
    return mean / np.sqrt(np.where(variance > 0, variance, np.nan)) * DAYS_PER_YEAR**0.5


def _drawdown(profit: Floats) -> float:
    path = np.concatenate([[0.0], np.cumsum(profit)])
    return float((np.maximum.accumulate(path) - path).max())

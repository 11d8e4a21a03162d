"""Single figures of the economy become z-scores: of a level, of a trend, of a volatility."""

from math import ceil, isfinite, log, nan

import numpy as np

from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover, crossover_response
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore

FRESH = np.array([True])


class LevelReading:
    """z-score of a figure against its own moving average, see `EwmaZScore`; warm after `mean_span` figures.

    Parameters
    ----------
    mean_span, scale_span : float
        Spans of the average and of the usual deviation, publications.

    """

    def __init__(self, mean_span: float, scale_span: float) -> None:
        self._z_score = EwmaZScore(mean_span, scale_span, 1, ceil(mean_span))

    def update(self, figure: float) -> float:
        """Take a figure and return its z-score; NaN before the warm-up."""
        return float(self._z_score.update(np.array([figure]))[0])


class TrendReading:
    """Crossover of moving averages of a price over its standard deviation on a random walk, see `EwmaCrossover`.

    Parameters
    ----------
    fast_span : float
        Fast span, publications; the slow one is four times as long, and so is the warm-up.
    volatility_span : float
        Span of the volatility, publications.

    """

    def __init__(self, fast_span: float, volatility_span: float) -> None:
        self._crossover = EwmaCrossover([fast_span], volatility_span, 1)
        self._deviation = crossover_response(fast_span).deviation

    def update(self, figure: float) -> float:
        """Take a price and return its z-score; NaN before the warm-up and for a price of zero or below."""
        return float(self._crossover.update(np.array([figure]), FRESH)[0, 0]) / self._deviation


class VolatilityReading:
    """z-score of a log volatility against its own long-run average, see `EwmaZScore`.

    Parameters
    ----------
    long_span : float
        Span of the average and of the usual deviation, publications; also the warm-up.
    realised_span : float, optional
        Span of the volatility of a price that is given in place of a volatility, returns, and its warm-up; absent where
        the figures are volatilities themselves.

    """

    def __init__(self, long_span: float, realised_span: float | None = None) -> None:
        self._level = LevelReading(long_span, long_span)
        self._realised = None if realised_span is None else EwmaVolatility(realised_span, 1, ceil(realised_span))

    def update(self, figure: float) -> float:
        """Take a volatility, or a price, and return the z-score; NaN before the warm-up and for what is 0 or below."""
        volatility = figure
        if self._realised is not None:
            usable = figure > 0 and isfinite(figure)
            volatility = float(self._realised.update(np.array([figure]), FRESH)[0]) if usable else nan
        return self._level.update(log(volatility) if volatility > 0 else nan)

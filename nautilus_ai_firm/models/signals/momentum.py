"""Closes become trend scores: moving-average crossovers at several speeds, in units of volatility."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover, random_walk_deviation
from nautilus_ai_firm.models.estimators.significance import confidence

FORECAST_SCALARS = {2: 10.6, 4: 7.5, 8: 5.3, 16: 3.75, 32: 2.65, 64: 1.87}
"""Fast span to the factor that gives forecasts a mean size of 10 (Carver 2015, Systematic Trading, appendix B)."""

FORECAST_CAP = 20.0
"""Largest forecast, where 10 is a typical one (Carver 2015, Systematic Trading, chapter 7)."""


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which speeds, and how much their diversification is worth.

    Attributes
    ----------
    fast_spans : tuple of int
        Fast spans in bars, rising; the slow ones are four times as long. Only spans with a published scalar.
    volatility_span : float
        Span of the volatility in bars.
    diversification_multiplier : float
        Factor that restores the mean size of 10 after averaging speeds that are not fully correlated; 1 claims none.

    """

    fast_spans: Annotated[tuple[int, ...], Meta(min_length=1)] = (16, 32, 64)
    volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    diversification_multiplier: Annotated[float, Meta(ge=1, le=2.5)] = 1.0

    def __post_init__(self) -> None:
        """Refuse speeds without a published scalar, and those that repeat or do not rise."""
        for span in self.fast_spans:
            if span not in FORECAST_SCALARS:
                allowed = ", ".join(map(str, FORECAST_SCALARS))
                raise ValueError(f"fast_spans names {span}, which has no published scalar; allowed are {allowed}")
        if list(self.fast_spans) != sorted(set(self.fast_spans)):
            raise ValueError(f"fast_spans {list(self.fast_spans)} must rise and name each span once")


class Model:
    """Exponentially weighted moving average crossovers, scaled, capped and averaged.

    Forecast of a speed: crossover in volatilities times its published scalar, capped at ±20; the forecasts are
    averaged, multiplied by the diversification multiplier and capped again (Carver 2015, Systematic Trading, chapters
    7 and 8, appendix B). Score = forecast / 20: **a typical long is +0.5, the strongest +1**. The crossovers are of
    log price, see `EwmaCrossover`.

    Confidence is 2 Φ(|t|) - 1, with t the mean of the uncapped forecasts over its standard deviation on a random walk
    without drift: the share of driftless walks that would show a weaker trend.

    Parameters
    ----------
    params : Params
        Speeds and scale.
    watched : Watched
        What the firm looks at, by name.

    Notes
    -----
    Horizon: the centre of mass of the returns behind a forecast, 2.5 times the mean fast span, bars.

    No view (NaN) for a stale instrument, and before its closes number four times the slowest fast span. Reversing all
    returns flips the score; the unit of the price does not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        self._crossover = EwmaCrossover(params.fast_spans, params.volatility_span, len(watched.instruments))
        scalars = [FORECAST_SCALARS[span] for span in params.fast_spans]
        self._scalars = np.array(scalars)[:, np.newaxis]
        self._multiplier = params.diversification_multiplier
        self._spans = params.fast_spans
        self._deviation = random_walk_deviation(params.fast_spans, scalars) / len(scalars)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: the centre of mass of the returns behind a forecast."""
        return round(2.5 * sum(self._spans) / len(self._spans))

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        forecasts = self._scalars * self._crossover.update(market.close, market.fresh)
        capped = np.clip(forecasts, -FORECAST_CAP, FORECAST_CAP).mean(axis=0) * self._multiplier
        score = np.clip(capped / FORECAST_CAP, -1.0, 1.0)
        return score, confidence(forecasts.mean(axis=0) / self._deviation)

"""Bars become trend scores: crossovers of moving averages at several speeds, MACD and RSI, tested by ADX."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.bar import usable_bar
from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover, crossover_response
from nautilus_ai_firm.models.estimators.directional import DirectionalIndex, persistence
from nautilus_ai_firm.models.estimators.macd import MacdHistogram, macd_response
from nautilus_ai_firm.models.estimators.random_walk import MEAN_SIZE, weighted_sum
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.standstill import Standstill
from nautilus_ai_firm.models.estimators.view_end import ViewEnd
from nautilus_ai_firm.models.estimators.wilder import RelativeStrength, relative_strength_response
from nautilus_ai_firm.models.estimators.window import total

FORECAST_SCALARS = {2: 10.6, 4: 7.5, 8: 5.3, 16: 3.75, 32: 2.65, 64: 1.87}
"""Fast span to the factor that gives forecasts a mean size of 10 (Carver 2015, Systematic Trading, appendix B)."""

FORECAST_MEAN, FORECAST_CAP = 10.0, 20.0
"""Mean size of a forecast and its largest one (Carver 2015, Systematic Trading, chapter 7)."""

MACD_SPANS = (12, 26, 9)
"""Fast, slow and signal span in bars (Appel 1979)."""

RSI_PERIOD = 14
"""Changes in the means of the relative strength index (Wilder 1978)."""


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which speeds, what the oscillators weigh beside them, and how much diversification is worth.

    Attributes
    ----------
    fast_spans : tuple of int
        Fast spans in bars, rising; the slow ones are four times as long. Only spans with a published scalar.
    macd_weight, rsi_weight : float
        Weights of the two oscillators, where each speed weighs 1; with the default they count as one speed together,
        since they look at the same few weeks: on a random walk their correlation is 0.65.
    volatility_span : float
        Span of the volatility in bars.
    diversification_multiplier : float, optional
        Factor that restores the mean size of 10 after averaging forecasts that are not fully correlated, 1 claims none;
        absent: that of a random walk.

    """

    fast_spans: Annotated[tuple[int, ...], Meta(min_length=1)] = (16, 32, 64)
    macd_weight: Annotated[float, Meta(ge=0, le=1)] = 0.5
    rsi_weight: Annotated[float, Meta(ge=0, le=1)] = 0.5
    volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    diversification_multiplier: Annotated[float, Meta(ge=1, le=2.5)] | None = None

    def __post_init__(self) -> None:
        """Refuse speeds without a published scalar, and those that repeat or do not rise."""
        for span in self.fast_spans:
            if span not in FORECAST_SCALARS:
                allowed = ", ".join(map(str, FORECAST_SCALARS))
                raise ValueError(f"fast_spans names {span}, which has no published scalar; allowed are {allowed}")
        if list(self.fast_spans) != sorted(set(self.fast_spans)):
            raise ValueError(f"fast_spans {list(self.fast_spans)} must rise and name each span once")


class Model:
    """Exponentially weighted moving average crossovers, MACD and RSI: scaled, capped and averaged.

    A trend goes on for a while (Moskowitz, Ooi and Pedersen 2012). Each forecast has a mean size of 10 and is capped at
    ±20; they are averaged by weight, multiplied by the diversification multiplier and capped again (Carver 2015,
    Systematic Trading, chapters 7 and 8, appendix B). Score = forecast / 20: **a typical long is +0.5, the strongest
    +1**. The forecasts, all of log prices:

    - at each speed the crossover in volatilities times its published scalar, see `EwmaCrossover`;
    - the MACD(12, 26, 9) histogram in volatilities, see `MacdHistogram`: whether the trend gains speed;
    - RSI / 50 - 1 with 14 bars, see `RelativeStrength`: the mean return over the mean size of returns, a trend that one
      large return cannot make.

    The last two have no published scalar; theirs give a mean size of 10 on a random walk.

    Confidence = min(2 Φ(|t|) - 1, persistence): one less the larger of two p-values, so a trend is claimed only as
    far as two tests find one, whatever they have in common (intersection-union test, Berger 1982). t is the weighted
    mean of the uncapped forecasts over its standard deviation on a random walk without drift; the second test is the
    average directional index of 14 bars against such walks, see `persistence`: whether the movement still goes one way.

    Parameters
    ----------
    params : Params
        Speeds, weights and scale.
    watched : Watched
        What the firm looks at, by name.

    Notes
    -----
    Horizon: the centre of mass of the returns behind a forecast, about 2.5 times the mean fast span, bars; half-life of
    a view: about 1.5 times, on a random walk. Warm-up: four times the slowest fast span and at least 34 bars. No view
    (NaN) before that, for a stale instrument, for one whose price never moved, and for a bar with a price that is not
    finite and positive or with a high below its low. A gap leaves all averages as they were, so spans count bars, not
    rounds. A price that stands still for `volatility_span` bars has no view either until it moves, since the volatility
    forgets what the averages still hold; the score of the first such bar is 0, so that who follows this model alone
    closes. Reversing all returns flips the score; the unit of the price does not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        n = len(watched.instruments)
        self._crossover = EwmaCrossover(params.fast_spans, params.volatility_span, n)
        self._macd = MacdHistogram(*MACD_SPANS, n)
        self._rsi = RelativeStrength(RSI_PERIOD, n)
        self._directional = DirectionalIndex(n)
        self._still, self._longest = Standstill(n), params.volatility_span
        self._end = ViewEnd(n)
        oscillators = [macd_response(*MACD_SPANS), relative_strength_response(RSI_PERIOD)]
        responses = [crossover_response(span) for span in params.fast_spans] + oscillators
        scalars = [FORECAST_SCALARS[span] for span in params.fast_spans]
        scalars += [FORECAST_MEAN / (MEAN_SIZE * oscillator.deviation) for oscillator in oscillators]
        weights = [*(1.0 for _ in params.fast_spans), params.macd_weight, params.rsi_weight]
        weights = [weight / sum(weights) for weight in weights]
        scaled = [weight * scalar for weight, scalar in zip(weights, scalars, strict=True)]
        self._deviation = weighted_sum(responses, scaled).deviation
        equal = [weight / response.deviation for weight, response in zip(weights, responses, strict=True)]
        given = params.diversification_multiplier
        self._spans = params.fast_spans
        self._multiplier = 1 / weighted_sum(responses, equal).deviation if given is None else given
        self._weights, self._scalars = np.array([weights, scalars])[:, :, np.newaxis]

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: the centre of mass of the returns behind a forecast."""
        return round(2.5 * sum(self._spans) / len(self._spans))

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        bar = usable_bar(market)
        forecasts = self._scalars * self._read(bar)
        capped = total(self._weights * np.clip(forecasts, -FORECAST_CAP, FORECAST_CAP)) * self._multiplier
        score = np.clip(capped / FORECAST_CAP, -1.0, 1.0)
        trend = confidence(total(self._weights * forecasts) / self._deviation)
        sure = np.minimum(trend, persistence(self._directional.update(np.log(bar))))
        known = np.isfinite(score) & np.isfinite(sure) & (self._still.update(bar) < self._longest)
        return self._end.update(np.where(known, score, np.nan), sure, np.isfinite(bar[2]))

    def _read(self, bar: Floats) -> Floats:
        # The forecasts before they are scaled, shape (n_forecasts, n).
        log_close = np.log(bar[2])
        crossovers = self._crossover.update(bar[2], np.isfinite(log_close))
        histogram = self._macd.update(log_close) / self._crossover.volatility
        strength = self._rsi.update(log_close) / 50.0 - 1.0
        return np.concatenate([crossovers, np.stack([histogram, strength])])

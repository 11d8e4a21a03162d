"""Credit spread, oil price and index volatility become one score for risk on or risk off."""

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover, random_walk_deviation
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore

type Weight = Annotated[float, Meta(ge=0, le=1)]


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which inputs are read, over which spans, and with which weight.

    Attributes
    ----------
    credit_spread, oil, index : str
        Names of the inputs: a credit spread (any unit), an oil price, and the close of an equity index.
    credit_span, credit_scale_span : float
        Spans of the spread's average and of its usual deviation, in publications (12 monthly ones are a year).
    oil_fast_span, oil_volatility_span : float
        Fast span of the oil crossover (the slow one is four times as long) and span of its volatility, in prices.
    volatility_span, long_volatility_span : float
        Span of the index volatility and of its long-run level, in closes.
    credit_weight, oil_weight, volatility_weight : float
        Weights of the three readings; at least one above zero.
    full_z : float
        z-score at which the score reaches its full size of 1.
    max_age_rounds : int
        Rounds for which a reading stays valid without a change of its input; 70 daily rounds cover a monthly figure
        that is published unchanged twice.

    """

    credit_spread: str
    oil: str
    index: str
    credit_span: Annotated[float, Meta(ge=2, le=2000)] = 12.0
    credit_scale_span: Annotated[float, Meta(ge=2, le=5000)] = 36.0
    oil_fast_span: Annotated[float, Meta(ge=2, le=500)] = 32.0
    oil_volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    long_volatility_span: Annotated[float, Meta(ge=10, le=5000)] = 250.0
    credit_weight: Weight = 1.0
    oil_weight: Weight = 1.0
    volatility_weight: Weight = 1.0
    full_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    max_age_rounds: Annotated[int, Meta(ge=1, le=100_000)] = 70

    def __post_init__(self) -> None:
        """Refuse weights and spans that contradict each other."""
        if self.credit_weight + self.oil_weight + self.volatility_weight == 0:
            raise ValueError("credit_weight, oil_weight and volatility_weight are all 0; at least one must be above 0")
        if self.credit_scale_span < self.credit_span:
            raise ValueError(
                f"credit_scale_span {self.credit_scale_span} must be at least credit_span {self.credit_span}"
            )
        if self.long_volatility_span <= self.volatility_span:
            raise ValueError(
                f"long_volatility_span {self.long_volatility_span} must be above volatility_span {self.volatility_span}"
            )


class Model:
    """Three readings of the economy, each a z-score of which more is better, averaged.

    Credit: minus the z-score of the spread against its own average (a widening spread is risk off). Oil: crossover of
    moving averages over its standard deviation on a random walk (a rising oil price is read as demand, risk on). Index:
    minus the z-score of its log volatility against its own long-run level (unusual volatility is risk off).

    Score = Σ w clip(z / full_z, -1, 1) / Σ w, the same for every instrument. Confidence is 2 Φ(|t|) - 1 with
    t = Σ w z / √(Σ w²) (Stouffer et al. 1949), which takes the three as independent and normal where nothing happens.

    Parameters
    ----------
    params : Params
        Names, spans and weights.
    watched : Watched
        What the firm looks at, by name.

    Raises
    ------
    ValueError
        An input that is not in `watched.inputs`; the message names it and those that exist.

    Notes
    -----
    Horizon: `max_age_rounds`, as long as a reading stays valid.

    A reading changes only in rounds in which its input does, and spans count such changes, so a monthly figure is worth
    one observation a month. No view (NaN) until every reading with weight is warm, when one has not changed
    for `max_age_rounds`, and for stale instruments. An oil price of zero or below is no observation.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        names = {"credit_spread": params.credit_spread, "oil": params.oil, "index": params.index}
        for key, name in names.items():
            if name not in watched.inputs:
                raise ValueError(
                    f"{key} = {name!r} is not among the inputs ({', '.join(watched.inputs) or 'there are none'})"
                )
        self._places = np.array([watched.inputs.index(name) for name in names.values()])
        self._params = params
        self._n = len(watched.instruments)
        self._weights = np.array([params.credit_weight, params.oil_weight, params.volatility_weight])
        self._used = self._weights > 0
        self._credit = EwmaZScore(params.credit_span, params.credit_scale_span, 1, ceil(params.credit_span))
        self._oil = EwmaCrossover([params.oil_fast_span], params.oil_volatility_span, 1)
        self._oil_deviation = random_walk_deviation([params.oil_fast_span], [1.0])
        self._volatility = EwmaVolatility(params.volatility_span, 1, ceil(params.volatility_span))
        long_span = params.long_volatility_span
        self._volatility_level = EwmaZScore(long_span, long_span, 1, ceil(long_span))
        self._z: Floats = np.full(3, np.nan)
        self._age = np.zeros(3, dtype=np.int64)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: as long as a reading stays valid without a change."""
        return self._params.max_age_rounds

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        changed: Bools = market.inputs_fresh[self._places]
        z = self._read(market.inputs[self._places], changed)
        read = np.isfinite(z)
        self._age = np.where(read, 0, self._age + 1)
        self._z = np.where(read, z, self._z)
        valid = np.isfinite(self._z) & (self._age <= self._params.max_age_rounds)
        if not bool(np.all(valid[self._used])):
            return np.full(self._n, np.nan), np.full(self._n, np.nan)
        weights, used = self._weights[self._used], self._z[self._used]
        score = (weights * np.clip(used / self._params.full_z, -1.0, 1.0)).sum() / weights.sum()
        surety = confidence(np.array([(weights * used).sum() / np.sqrt((weights**2).sum())]))[0]
        return np.where(market.fresh, score, np.nan), np.where(market.fresh, surety, np.nan)

    def _read(self, values: Floats, changed: Bools) -> Floats:
        # A z-score of each input that changed, signed so that more is risk on; NaN for the others.
        observed = np.where(changed, values, np.nan)
        credit = -self._credit.update(observed[:1])[0]
        oil = self._oil.update(observed[1:2], changed[1:2])[0, 0] / self._oil_deviation
        volatility = self._volatility.update(observed[2:], changed[2:])
        has_level = changed[2:] & (volatility > 0)
        level = np.log(np.where(has_level, volatility, np.nan))
        return np.array([credit, oil, -self._volatility_level.update(level)[0]])

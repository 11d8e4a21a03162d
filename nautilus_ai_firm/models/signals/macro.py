"""Spreads, oil, the dollar and volatility become one score for risk on or risk off, weighed by regime."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.reading import LevelReading, TrendReading, VolatilityReading
from nautilus_ai_firm.models.estimators.regime import StressRegime
from nautilus_ai_firm.models.estimators.significance import confidence

type Weight = Annotated[float, Meta(ge=0, le=1)]
type Reading = LevelReading | TrendReading | VolatilityReading


class Weights(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Weights of the readings in one regime; those of inputs that are not named do not count."""

    credit_spread: Weight = 1.0
    yield_spread: Weight = 1.0
    oil: Weight = 1.0
    dollar: Weight = 1.0
    volatility: Weight = 1.0


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which inputs are read, over which spans, and with which weights in which regime.

    Attributes
    ----------
    credit_spread, yield_spread, oil, dollar : str, optional
        Names of the inputs: a credit spread, a long less a short yield (any unit), an oil price, a price of the dollar
        that rises with it. Absent: not read.
    index, volatility_index : str, optional
        Where volatility is read: from the closes of an equity index, or from an index of implied volatility. One of
        the two.
    credit_span, credit_scale_span, yield_span, yield_scale_span : float
        Spans of a spread's average and of its usual deviation, in publications: 12 monthly ones are a year, and so are
        250 daily ones.
    oil_fast_span, oil_volatility_span, dollar_fast_span, dollar_volatility_span : float
        Fast span of a crossover (the slow one is four times as long) and span of its volatility, in prices.
    volatility_span, long_volatility_span : float
        Span of the volatility of `index`, and of the long-run level of either volatility, in closes.
    stress_begins_z, stress_ends_z : float
        z-scores of volatility at which stress begins and ends; the latter is lower.
    calm, stress : Weights
        Weights in either regime; at least one reading has one above zero. In calm markets volatility and the dollar
        count for half: they move little, and seldom with the news. In stress oil does, since it is sold with
        everything else, and the yield spread, which then steepens because short rates are cut.
    full_z : float
        z-score at which the score reaches its full size of 1.
    max_age_rounds : int
        Rounds for which a reading stays valid without a change of its input; 70 daily rounds cover a monthly figure
        that is published unchanged twice.

    """

    credit_spread: str | None = None
    yield_spread: str | None = None
    oil: str | None = None
    dollar: str | None = None
    index: str | None = None
    volatility_index: str | None = None
    credit_span: Annotated[float, Meta(ge=2, le=2000)] = 12.0
    credit_scale_span: Annotated[float, Meta(ge=2, le=5000)] = 36.0
    yield_span: Annotated[float, Meta(ge=2, le=2000)] = 250.0
    yield_scale_span: Annotated[float, Meta(ge=2, le=5000)] = 750.0
    oil_fast_span: Annotated[float, Meta(ge=2, le=500)] = 32.0
    oil_volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    dollar_fast_span: Annotated[float, Meta(ge=2, le=500)] = 32.0
    dollar_volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    long_volatility_span: Annotated[float, Meta(ge=10, le=5000)] = 250.0
    stress_begins_z: Annotated[float, Meta(ge=-10, le=10)] = 1.5
    stress_ends_z: Annotated[float, Meta(ge=-10, le=10)] = 0.5
    calm: Weights = Weights(dollar=0.5, volatility=0.5)
    stress: Weights = Weights(yield_spread=0.5, oil=0.5)
    full_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    max_age_rounds: Annotated[int, Meta(ge=1, le=100_000)] = 70

    def __post_init__(self) -> None:
        """Refuse inputs, weights and spans that contradict each other."""
        if (self.index is None) == (self.volatility_index is None):
            raise ValueError("one of index and volatility_index must be named, and not both")
        for regime in ("calm", "stress"):
            if not any(getattr(getattr(self, regime), name) > 0 for name in self.readings):
                raise ValueError(f"{regime} weighs {', '.join(self.readings)} with 0; at least one must be above 0")
        for short, long in (("credit_span", "credit_scale_span"), ("yield_span", "yield_scale_span")):
            if getattr(self, long) < getattr(self, short):
                raise ValueError(f"{long} {getattr(self, long)} must be at least {short} {getattr(self, short)}")
        if self.long_volatility_span <= self.volatility_span:
            raise ValueError(
                f"long_volatility_span {self.long_volatility_span} must be above volatility_span {self.volatility_span}"
            )
        if self.stress_ends_z >= self.stress_begins_z:
            raise ValueError(f"stress_ends_z {self.stress_ends_z} must be below stress_begins_z {self.stress_begins_z}")

    @property
    def readings(self) -> dict[str, str]:
        """Reading to the name of its input, for those that are named; volatility is the last."""
        named = {
            "credit_spread": self.credit_spread,
            "yield_spread": self.yield_spread,
            "oil": self.oil,
            "dollar": self.dollar,
            "volatility": self.index or self.volatility_index,
        }
        return {reading: name for reading, name in named.items() if name is not None}


class Model:
    """Readings of the economy, each a z-score of which more is risk on, averaged with the weights of the regime.

    - Credit spread: minus its z-score, see `LevelReading`; a widening spread foretells a contraction (Gilchrist and
      Zakrajšek 2012).
    - Yield spread: its z-score; a flattening curve foretells one too (Estrella and Mishkin 1998).
    - Oil: its trend, see `TrendReading`; a rising price is read as demand (Kilian 2009), which it is not always.
    - Dollar: minus its trend; it is bought when risk is sold (Lustig, Roussanov and Verdelhan 2014).
    - Volatility: minus the z-score of its logarithm against its own long-run level, see `VolatilityReading`; it is not
      paid for with higher returns (Moreira and Muir 2017).

    The **regime** is stress from the z-score of volatility at which it begins until the lower one at which it ends,
    calm otherwise; the readings have weights w of their own in each.

    Score = Σ w clip(z / full_z, -1, 1) / Σ w, the same for every instrument: **a typical view is 0.2 with four
    readings that have nothing in common, 0.4 with one**. Confidence is 2 Φ(|t|) - 1 with t = Σ w z / √(Σ w²) (Stouffer
    et al. 1949), which takes the readings as independent and normal where nothing happens.

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
    Horizon: months, taken as `max_age_rounds`; half-life of a view: about two `oil_fast_span` prices, or one
    publication of a spread. Warm-up: that of the slowest reading, with the defaults `volatility_span` +
    `long_volatility_span` closes of the index. A reading changes only in rounds in which its input does, and spans
    count such changes, so a monthly figure is worth one observation a month. No view (NaN) until every reading with a
    weight is warm, volatility in any case, and for stale instruments. When one of them has not changed for
    `max_age_rounds`, the score is 0, once for each instrument and with the confidence that it had, so that who follows
    this model alone closes (no view would mean to hold). A price of zero or below is no observation.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        self._params = params
        self._places = watched.input_places_of(tuple(params.readings.values()))
        made: dict[str, tuple[float, Reading]] = {
            "credit_spread": (-1.0, LevelReading(params.credit_span, params.credit_scale_span)),
            "yield_spread": (1.0, LevelReading(params.yield_span, params.yield_scale_span)),
            "oil": (1.0, TrendReading(params.oil_fast_span, params.oil_volatility_span)),
            "dollar": (-1.0, TrendReading(params.dollar_fast_span, params.dollar_volatility_span)),
            "volatility": (
                -1.0,
                VolatilityReading(params.long_volatility_span, params.volatility_span if params.index else None),
            ),
        }
        self._readings = [made[name] for name in params.readings]
        self._weights = {
            stressed: np.array([getattr(weights, name) for name in params.readings])
            for stressed, weights in ((False, params.calm), (True, params.stress))
        }
        self._awaited: Bools = (self._weights[False] > 0) | (self._weights[True] > 0)
        self._awaited[-1] = True  # volatility tells the regime
        self._regime = StressRegime(params.stress_begins_z, params.stress_ends_z)
        self._z: Floats = np.full(len(self._readings), np.nan)
        self._age = np.zeros(len(self._readings), dtype=np.int64)
        self._surety = np.nan
        self._viewed: Bools = np.zeros(len(watched.instruments), dtype=np.bool_)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: as long as a reading stays valid without a change."""
        return self._params.max_age_rounds

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        self._read(market)
        valid = np.isfinite(self._z) & (self._age <= self._params.max_age_rounds)
        if bool(np.all(valid[self._awaited])):
            score = self._judge()
            told = market.fresh
            self._viewed = self._viewed | told
        else:
            score = 0.0
            told = self._viewed & market.fresh
            self._viewed = self._viewed & ~told
        return np.where(told, score, np.nan), np.where(told, self._surety, np.nan)

    def _judge(self) -> float:
        # The score in the present regime; keeps its confidence.
        weights = self._weights[self._regime.stress]
        used = weights > 0
        weights, z = weights[used], self._z[used]
        self._surety = float(confidence(np.array([(weights * z).sum() / np.sqrt((weights**2).sum())]))[0])
        return float((weights * np.clip(z / self._params.full_z, -1.0, 1.0)).sum() / weights.sum())

    def _read(self, market: MarketSnapshot) -> None:
        # Move the readings of the inputs that changed, and the regime with that of volatility.
        z = np.full(len(self._readings), np.nan)
        for k, (place, (sign, reading)) in enumerate(zip(self._places, self._readings, strict=True)):
            if bool(market.inputs_fresh[place]):
                z[k] = sign * reading.update(float(market.inputs[place]))
        read = np.isfinite(z)
        self._age = np.where(read, 0, self._age + 1)
        self._z = np.where(read, z, self._z)
        self._regime.update(-float(z[-1]))

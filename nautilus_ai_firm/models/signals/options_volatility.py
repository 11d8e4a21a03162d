"""What options cost becomes a score: dear against what the underlying moves, and dear puts against calls."""

from dataclasses import dataclass
from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Floats, MarketSnapshot, OptionChain, Watched
from nautilus_ai_firm.models.estimators.constant_maturity import value_at, volatility_at
from nautilus_ai_firm.models.estimators.option_quotes import option_quotes
from nautilus_ai_firm.models.estimators.range_rank import RangeRank
from nautilus_ai_firm.models.estimators.realized_variance import RealizedVariance
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.smile import smiles
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore

DAYS_PER_YEAR = 365.0

type Weight = Annotated[float, Meta(ge=0, le=1)]


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which quotes are read, at which tenors, and over which history a reading is high or low.

    Attributes
    ----------
    rate_per_year : float
        Interest rate, continuously compounded, as a fraction.
    tenor_days, long_tenor_days : float
        Calendar days to expiry of the volatility that is traded, and of the far end of the term structure.
    min_days : float
        Calendar days to expiry below which options are not looked at.
    max_relative_spread : float
        Widest quote that is looked at, fraction of its mid.
    realized_returns : int
        Returns of the underlying in the realised variance.
    rank_rounds : int
        Readings in the IV rank.
    history_span : float
        Span over which the usual level and deviation of a reading are measured, readings.
    full_z : float
        z-score at which the score reaches its full size of 1.
    premium_weight, skew_weight : float
        Weights of the variance risk premium and of the skew; at least one above zero.

    """

    rate_per_year: Annotated[float, Meta(ge=0, le=0.5)]
    tenor_days: Annotated[float, Meta(ge=7, le=365)] = 30.0
    long_tenor_days: Annotated[float, Meta(ge=14, le=730)] = 90.0
    min_days: Annotated[float, Meta(ge=1, le=30)] = 5.0
    max_relative_spread: Annotated[float, Meta(gt=0, le=2)] = 0.5
    realized_returns: Annotated[int, Meta(ge=2, le=5000)] = 21
    rank_rounds: Annotated[int, Meta(ge=2, le=5000)] = 252
    history_span: Annotated[float, Meta(ge=10, le=5000)] = 252.0
    full_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    premium_weight: Weight = 1.0
    skew_weight: Weight = 1.0

    def __post_init__(self) -> None:
        """Refuse weights and tenors that contradict each other."""
        if self.premium_weight + self.skew_weight == 0:
            raise ValueError("premium_weight and skew_weight are both 0; at least one must be above 0")
        if self.long_tenor_days <= self.tenor_days:
            raise ValueError(f"long_tenor_days {self.long_tenor_days} must be above tenor_days {self.tenor_days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the options on each underlying say, arrays of shape (n_chains,); NaN where they do not say it.

    Attributes
    ----------
    volatility : ndarray
        Implied volatility at the money, at the tenor, per year.
    slope : ndarray
        That at the long tenor less that at the tenor, per year: below 0 the term structure is inverted.
    skew : ndarray
        25-delta risk reversal over the volatility, at the tenor: below 0 puts are dear.
    rank : ndarray
        IV rank of the volatility, in [0, 1].
    premium : ndarray
        Variance risk premium: squared volatility less realised variance, per year.

    """

    volatility: Floats
    slope: Floats
    skew: Floats
    rank: Floats
    premium: Floats


class Model:
    """Variance risk premium and skew of an underlying's options, each against its own history.

    A high premium says that investors pay for insurance against moves that did not come; returns after it have been
    higher (Bollerslev, Tauchen and Zhou 2009): risk on. Puts that get dearer against calls say that somebody knows
    better; returns after it have been lower (Xing, Zhang and Zhao 2010): risk off.

    Score = Σ w clip(z / full_z, -1, 1) / Σ w over premium and skew, z being their z-scores, see `EwmaZScore`. **A
    typical long is +0.3**: the mean of |z| is 0.8, `full_z` is 2, and the two are averaged. Confidence is 2 Φ(|t|) - 1
    with t = Σ w z / √(Σ w²) (Stouffer et al. 1949), which takes both as independent and normal where nothing happens.

    From a chain: forwards from put-call parity (`implied_forwards`), implied volatilities of American options out of
    the money by the approximation of Barone-Adesi and Whaley (`implied_volatility`), at-the-money volatility and
    25-delta risk reversal of the expiries next to the two tenors (`smiles`), interpolated to the tenors
    (`volatility_at`). Realised variance and implied volatility both count calendar time.

    Parameters
    ----------
    params : Params
        Quotes, tenors, history and weights.
    watched : Watched
        What the firm looks at, by name.

    Attributes
    ----------
    readings : Readings
        Of the last round, in the order of the chains.

    Raises
    ------
    ValueError
        The firm watches no chain, or one on an underlying that is not in the universe.

    Notes
    -----
    Horizon: `tenor_days`, taken as `realized_returns` rounds; half-life of a view: about 0.35 `history_span` readings,
    in which the average catches up with half of a distance. Warm-up: `realized_returns` for the premium, then
    `history_span` readings for a view, and `rank_rounds` readings for the rank.

    No view (NaN) for instruments without a chain, and in a round in which the underlying has no bar or a reading with
    weight cannot be taken, which leaves its history as it was; quotes that are not used are listed at
    `option_quotes`. Nothing is carried over by strike or expiry, so a split, which changes strikes and spot
    together, changes no reading; realised variance is that of the closes. Units of prices do not matter.

    Early exercise is in every price: the dividend yield is what the forward implies, so a known payment is spread over
    the time to expiry.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        if not watched.chains:
            raise ValueError("options volatility needs an option chain, and the firm does not watch any")
        for name in watched.chains:
            if name not in watched.instruments:
                raise ValueError(f"{name} has a chain and is not in the universe ({', '.join(watched.instruments)})")
        n, warm_up = len(watched.chains), ceil(params.history_span)
        self._params = params
        self._n = len(watched.instruments)
        self._places = np.array([watched.instruments.index(name) for name in watched.chains])
        self._tenors = (params.tenor_days / DAYS_PER_YEAR, params.long_tenor_days / DAYS_PER_YEAR)
        self._weights = np.array([[params.premium_weight], [params.skew_weight]])
        self._realized = RealizedVariance(params.realized_returns, n)
        self._rank = RangeRank(params.rank_rounds, n)
        self._z_score = EwmaZScore(params.history_span, params.history_span, (2, n), warm_up)
        nothing = np.full(n, np.nan)
        self.readings = Readings(volatility=nothing, slope=nothing, skew=nothing, rank=nothing, premium=nothing)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: as many as the returns whose variance is compared."""
        return self._params.realized_returns

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        fresh = market.fresh[self._places]
        realized = self._realized.update(market.ts_event, market.close[self._places], fresh)
        taken = [self._read(chain, market.ts_event) for chain in market.chains]
        volatility, slope, skew = np.where(fresh, np.array(taken).T, np.nan)
        premium = volatility**2 - realized
        rank = self._rank.update(volatility)
        self.readings = Readings(volatility=volatility, slope=slope, skew=skew, rank=rank, premium=premium)
        z = self._z_score.update(np.stack([premium, skew]))
        used = self._weights > 0
        parts = np.where(used, self._weights * np.clip(z / self._params.full_z, -1.0, 1.0), 0.0)
        t = np.where(used, self._weights * z, 0.0).sum(axis=0) / np.sqrt((self._weights**2).sum())
        score, sure = np.full((2, self._n), np.nan)
        score[self._places] = parts.sum(axis=0) / self._weights.sum()
        sure[self._places] = confidence(t)
        return score, sure

    def _read(self, chain: OptionChain, ts_ns: int) -> tuple[float, float, float]:
        # Volatility at the tenor, slope to the long tenor, and relative skew.
        params = self._params
        quotes = option_quotes(chain, ts_ns, params.min_days / DAYS_PER_YEAR, params.max_relative_spread)
        read = smiles(quotes, params.rate_per_year, *self._tenors)
        near, far = (volatility_at(tenor, read.years, read.volatility) for tenor in self._tenors)
        return near, far - near, value_at(self._tenors[0], read.years, read.risk_reversal) / near

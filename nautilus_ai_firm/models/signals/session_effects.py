"""Where a session stands becomes a score: a breakout from its opening range, and what its time of day usually does."""

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.seasonality import Seasonality
from nautilus_ai_firm.models.estimators.session_bars import SessionBars
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.view_end import ViewEnd

DAY_MINUTES = 1440

type Weight = Annotated[float, Meta(ge=0, le=1)]


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long the opening range is, how finely the day is cut, and how much is much.

    Attributes
    ----------
    range_minutes : int
        Length of the opening range, minutes since the open; the session's first bar always belongs to it.
    bin_minutes : int
        Length of a bin of the session's time, minutes.
    seasonal_span : float
        Span of the mean over sessions, sessions.
    min_sessions : int
        Sessions before a bin has a view.
    volatility_span : float
        Span of the volatility of bars within sessions, bars.
    full_distance : float
        Distance beyond the range at which the breakout's score is 1, deviations of the session so far.
    full_mean : float
        Mean move of a bin at which its score is 1, deviations of such a move.
    breakout_weight, seasonal_weight : float
        Weights of the two; at least one above zero.

    """

    range_minutes: Annotated[int, Meta(ge=1, le=720)] = 30
    bin_minutes: Annotated[int, Meta(ge=5, le=720)] = 30
    seasonal_span: Annotated[float, Meta(ge=5, le=1000)] = 60.0
    min_sessions: Annotated[int, Meta(ge=5, le=1000)] = 20
    volatility_span: Annotated[float, Meta(ge=10, le=100_000)] = 100.0
    full_distance: Annotated[float, Meta(gt=0, le=10)] = 1.0
    full_mean: Annotated[float, Meta(gt=0, le=10)] = 0.5
    breakout_weight: Weight = 1.0
    seasonal_weight: Weight = 1.0

    def __post_init__(self) -> None:
        """Refuse a model that has nothing to say."""
        if self.breakout_weight + self.seasonal_weight == 0:
            raise ValueError("breakout_weight and seasonal_weight are both 0; at least one must be above 0")


class Model:
    """Opening range breakout and time-of-day seasonality, by the sessions of the exchange's calendar.

    s is the EWMA volatility of bars within sessions (nights do not count), as known at the session's open, k the number
    of bars since then.

    **Breakout** (Crabel 1990, Day Trading with Short Term Price Patterns and Opening Range Breakout; Holmberg, Lönnbark
    and Lundström 2013): once the opening range is over, a close above its high or below its low is followed. Score =
    clip(ln(close / that edge) / (s √k) / `full_distance`, -1, 1); t = ln(close / the session's first open) / (s √k).

    **Seasonality** (Heston, Korajczyk and Sadka 2010, Journal of Finance 65, 4: returns recur at the same time of the
    day): a return is filed under the bin of the session's time in which it begins, in units of s, and the view at a
    close is on the return that begins there. Score = clip(m / `full_mean`, -1, 1) with m and its t-value over past
    sessions from `Seasonality`.

    The two that have a view are averaged by weight, and t = Σ w t / √(Σ w²) (Stouffer et al. 1949), which takes them as
    independent: one knows this session alone, the other all but this one. Confidence = 2 Φ(|t|) - 1. On a random walk
    the mean of |score| is 0.3: **a typical long is +0.3**.

    Parameters
    ----------
    params : Params
        Lengths, spans and scales.
    watched : Watched
        What the firm looks at, by name.

    Notes
    -----
    Horizon: the rest of the session for the breakout, one bin for the season; half-life: half of that. `horizon_rounds`
    is 1: the model does not know how many rounds a session has. A view is for one session: with the last bar but one it
    is over, and the score is 0, so that who follows is out in the last bar.

    Warm-up: `volatility_span` bars, and `min_sessions` sessions for the season. No view (NaN) outside of sessions, for
    stale instruments, where a price never moved, within the opening range or inside its edges where the season is
    silent, and with daily bars, whose only round is the session's last one. A half day is a short session.
    Sessions of a full day or less have seasons; a time later than that has none.

    Time counts from the session's open, so daylight saving moves nothing. A gap within a session is one return, filed
    where it began; an instrument without a bar in the opening range has no breakout that day. Volatility is taken as
    the same at all times of the session, so that t is overstated near the open, where markets move more.
    Mirroring prices flips the score; their unit does not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        n = len(watched.instruments)
        self._params = params
        self._bin_ns = params.bin_minutes * MINUTE_NS
        self._bars = SessionBars(n)
        self._variance = Ewma(params.volatility_span, n)
        self._season = Seasonality(params.seasonal_span, ceil(DAY_MINUTES / params.bin_minutes), n)
        self._end = ViewEnd(n)
        self._sigma: Floats = np.full(n, np.nan)  # per bar, as known at the session's open
        self._high: Floats = np.full(n, np.nan)
        self._low: Floats = np.full(n, np.nan)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: the one that begins at this close."""
        return 1

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        score, surety = np.full((2, len(self._sigma)), np.nan)
        if self._bars.update(market):
            self._learn()
            in_range = self._widen(market)
            if not self._bars.is_ending:
                score, surety = self._view(in_range, market.close)
        return self._end.update(score, surety, market.fresh)

    def _learn(self) -> None:
        if self._bars.is_first:
            self._season.close()
            warm = (self._variance.count >= self._params.volatility_span) & (self._variance.mean > 0)
            self._sigma = np.sqrt(np.where(warm, self._variance.mean, np.nan))
        self._season.update(self._bars.began_ns // self._bin_ns, self._bars.returns / self._sigma)
        self._variance.update(self._bars.returns**2)

    def _widen(self, market: MarketSnapshot) -> bool:
        # Add a bar to the opening range; returns whether it belonged there.
        if self._bars.is_first:
            self._high, self._low = np.full((2, len(self._sigma)), np.nan)
        whole = self._bars.is_first and self._bars.elapsed_ns <= self._bars.bar_ns
        if self._bars.elapsed_ns > self._params.range_minutes * MINUTE_NS and not whole:
            return False
        usable = np.isfinite(self._bars.returns)
        self._high = np.where(usable, np.fmax(self._high, np.fmax(market.open, market.high)), self._high)
        self._low = np.where(usable, np.fmin(self._low, np.fmin(market.open, market.low)), self._low)
        return True

    def _view(self, in_range: bool, close: Floats) -> tuple[Floats, Floats]:
        bars, params = self._bars, self._params
        usable = np.isfinite(bars.returns)
        deviation = np.where(usable, self._sigma * np.sqrt(bars.count), np.nan)
        outside = ~np.bool_(in_range) & ((close > self._high) | (close < self._low))
        edge = np.where(close > self._high, self._high, self._low)
        beyond = np.log(np.where(outside & usable, close, np.nan) / edge) / deviation
        mean, t = self._season.measure(bars.elapsed_ns // self._bin_ns, params.min_sessions)
        scores = np.clip(np.stack([beyond / params.full_distance, mean / params.full_mean]), -1.0, 1.0)
        scores = np.where(np.isfinite(deviation), scores, np.nan)
        weights = np.array([[params.breakout_weight], [params.seasonal_weight]]) * np.isfinite(scores)
        some = weights.sum(axis=0) > 0
        shares = weights / np.where(some, weights.sum(axis=0), np.nan)
        ts = np.where(weights > 0, np.stack([bars.drift / deviation, t]), 0.0)
        together = (shares * ts).sum(axis=0) / np.sqrt((shares**2).sum(axis=0))
        return (shares * np.where(weights > 0, scores, 0.0)).sum(axis=0), confidence(together)

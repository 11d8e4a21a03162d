"""Indices that ran away from their benchmark become scores against the distance, hedged with the benchmark."""

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.beta import EwmaBeta
from nautilus_ai_firm.models.estimators.session_count import SessionCount
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.volatility import log_of_positive
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which indices are compared with which benchmark, and how far is far.

    Attributes
    ----------
    benchmark : str
        Instrument of the universe that hedges the others.
    indices : tuple of str
        Instruments of the universe that are compared with it.
    beta_span : float
        Span of betas and correlations, joint returns.
    mean_span : float
        Span of the moving average of a spread, bars.
    scale_span : float
        Span over which the usual deviation is measured, bars; at least `mean_span`.
    full_z : float
        z-score at which the score reaches its full size of 1.
    stop_z : float
        z-score beyond which the score is 0: such a move is taken for news, not noise. Above `full_z`.
    session_gap_hours : float
        Shortest silence between two sessions of intraday bars, hours.

    """

    benchmark: str
    indices: Annotated[tuple[str, ...], Meta(min_length=1)]
    beta_span: Annotated[float, Meta(ge=10, le=5000)] = 60.0
    mean_span: Annotated[float, Meta(ge=2, le=1000)] = 20.0
    scale_span: Annotated[float, Meta(ge=2, le=5000)] = 100.0
    full_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    stop_z: Annotated[float, Meta(gt=0, le=20)] = 4.0
    session_gap_hours: Annotated[float, Meta(gt=0, le=20)] = 4.0

    def __post_init__(self) -> None:
        """Refuse bands that contradict each other, and an instrument in two places."""
        if self.stop_z <= self.full_z:
            raise ValueError(f"stop_z {self.stop_z} must be above full_z {self.full_z}")
        if self.scale_span < self.mean_span:
            raise ValueError(f"scale_span {self.scale_span} must be at least mean_span {self.mean_span}")
        named = [self.benchmark, *self.indices]
        if repeated := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"benchmark and indices name {', '.join(repeated)} more than once")


class Model:
    """Beta-neutral spreads between indices and a benchmark, traded against as z-scores.

    The spread of an index moves by r - β b in each bar: its log return less beta times that of the benchmark, β being
    the EWMA beta **before** that bar (Avellaneda and Lee 2010, section 2, cumulate the same residual), so that a beta
    that changes does not move the spread. z = (spread - EWMA(spread)) / usual deviation, see `EwmaZScore`.

    Score of an index = -clip(z / full_z, -1, 1): one that ran ahead is a short; beyond `stop_z` it is 0, since a stop
    must close what it stops. Score of the benchmark = -Σ corr score over the indices, corr being the EWMA correlation:
    as positions are sized by score over volatility, and β is corr times the ratio of volatilities, the whole is neutral
    to the benchmark. Where that sum exceeds 1, all scores shrink by one factor. **A typical long is +0.4**: the mean
    of |z| is 0.8 and `full_z` is 2.

    Confidence of an index is corr² (2 Φ(|z|) - 1): the share of its variance that the benchmark explains, times the
    share of normal deviations that are smaller. That of the benchmark is the mean over its indices, weighted by
    |corr score| (evenly where all are 0).

    Parameters
    ----------
    params : Params
        Names, spans and bands.
    watched : Watched
        What the firm looks at, by name.

    Raises
    ------
    ValueError
        A name that is not in the universe; the message says which, and which there are.

    Notes
    -----
    Horizon: about `mean_span` bars; half-life of a view: 0.35 `mean_span` bars, in which the average catches up with
    half of a distance. Warm-up: `beta_span` joint returns, then `scale_span` of them.

    Sessions are told from the times of the rounds, see `SessionCount`: between intraday bars a return over a night
    counts neither for beta nor for the spread, and in a session's first bar the z-score is that of the bar before.
    Daily bars count whole.

    An index and the benchmark are compared over bars that both have; over a gap within a session the return counts as
    one observation. No view (NaN) for a stale index, whose part in the hedge stays as it was; for all while the
    benchmark is stale; before the warm-up, where a price never moved, and for instruments that the model does not
    name. Reversing all returns flips the score; the units of prices do not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        self._benchmark, *places = watched.places_of((params.benchmark, *params.indices))
        self._places = np.array(places)
        n = len(places)
        self._params = params
        self._n = len(watched.instruments)
        self._sessions = SessionCount(params.session_gap_hours)
        self._beta = EwmaBeta(params.beta_span, n, ceil(params.beta_span))
        self._z_score = EwmaZScore(params.mean_span, params.scale_span, n, ceil(params.scale_span))
        self._logs: Floats = np.full((2, n), np.nan)  # of the last bar that both had: index, benchmark
        self._session = np.zeros(n, dtype=np.int64)  # of that bar
        self._spread: Floats = np.zeros(n)
        self._z: Floats = np.full(n, np.nan)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: the memory of the average that spreads return to."""
        return ceil(self._params.mean_span)

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        both = self._read(market)
        calm = np.where(np.abs(self._z) > self._params.stop_z, 0.0, self._z)  # a stop is flat, and so is its hedge
        own = np.clip(-calm / self._params.full_z, -1.0, 1.0)
        surety = self._beta.correlation**2 * confidence(self._z)
        known = np.isfinite(own)
        hedged = np.where(known, self._beta.correlation * own, 0.0)
        hedge, sizes = 0.0 - float(hedged.sum()), np.abs(hedged)
        shrink = max(1.0, abs(hedge))
        score, sure = np.full((2, self._n), np.nan)
        score[self._places] = np.where(both, own / shrink, np.nan)
        sure[self._places] = np.where(both, surety, np.nan)
        if bool((both & known).any()):
            weights = sizes if sizes.any() else np.ones(len(sizes))
            score[self._benchmark] = hedge / shrink
            sure[self._benchmark] = (weights * np.where(known, surety, 0.0)).sum() / weights[known].sum()
        return score, sure

    def _read(self, market: MarketSnapshot) -> Bools:
        # Move the spreads and their z-scores; returns which indices have a bar, and the benchmark with them.
        session = self._sessions.update(market.ts_event)
        logs = log_of_positive(market.close, market.fresh)
        pair = np.stack([logs[self._places], np.broadcast_to(logs[self._benchmark], len(self._places))])
        both = ~np.isnan(pair).any(axis=0)
        counts = both & (self._session == session)
        own, benchmark = np.where(counts, pair - self._logs, np.nan)
        residual = own - self._beta.beta * benchmark
        moved = np.isfinite(residual)
        self._spread = np.where(moved, self._spread + residual, self._spread)
        self._z = np.where(moved, self._z_score.update(np.where(moved, self._spread, np.nan)), self._z)
        self._beta.update(own, benchmark)
        self._logs = np.where(both, pair, self._logs)
        self._session = np.where(both, session, self._session)
        return both

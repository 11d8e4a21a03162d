"""Pairs that belong together and have come apart become scores for both legs, while the pair holds together."""

from itertools import combinations
from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.bands import SpreadBands
from nautilus_ai_firm.models.estimators.cointegration import CointegrationTests
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.holm import holm
from nautilus_ai_firm.models.estimators.kalman_hedge import KalmanHedge
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility, log_of_positive

MAX_PAIRS = 500
HEARD = 1e-9
"""Weight of a leg of score 0 beside others, so that it keeps the confidence of its pair where it stands alone."""


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which pairs, when they count as a pair, and how far apart is far.

    Attributes
    ----------
    pairs : tuple of (str, str)
        Pairs of the universe: the first is regressed on the second, which hedges it.
    screen : tuple of str
        Instruments of the universe of which every two are a pair, the one named earlier being the first.
    window, max_lag, test_every : int
        Joint bars that a test of cointegration sees, largest lag of its regression, rounds between two tests of a pair.
    entry_p, stop_p : float
        p-values, corrected for the number of pairs, up to which a position begins and may go on.
    delta : float
        δ of the Kalman filter: how fast the hedge ratio wanders, see `KalmanHedge`.
    scale_span : float
        Span over which the usual size of a spread is measured, joint bars.
    volatility_span : float
        Span of the volatilities that size the legs, bars.
    entry_z, exit_z, stop_z : float
        z-scores at which a position begins, has come back, and is given up; rising in the order exit, entry, stop.

    """

    pairs: tuple[tuple[str, str], ...] = ()
    screen: tuple[str, ...] = ()
    window: Annotated[int, Meta(ge=60, le=2000)] = 250
    max_lag: Annotated[int, Meta(ge=0, le=20)] = 5
    test_every: Annotated[int, Meta(ge=1, le=500)] = 20
    entry_p: Annotated[float, Meta(gt=0, lt=1)] = 0.05
    stop_p: Annotated[float, Meta(gt=0, lt=1)] = 0.2
    delta: Annotated[float, Meta(gt=0, le=0.1)] = 1e-5
    scale_span: Annotated[float, Meta(ge=10, le=2000)] = 60.0
    volatility_span: Annotated[float, Meta(ge=5, le=500)] = 36.0
    entry_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    exit_z: Annotated[float, Meta(ge=0, le=10)] = 0.5
    stop_z: Annotated[float, Meta(gt=0, le=20)] = 4.0

    def __post_init__(self) -> None:
        """Refuse bands that contradict each other, no pair, too many, and a pair named twice."""
        if not self.exit_z < self.entry_z < self.stop_z:
            raise ValueError(f"exit_z {self.exit_z}, entry_z {self.entry_z} and stop_z {self.stop_z} must rise")
        if self.entry_p > self.stop_p:
            raise ValueError(f"entry_p {self.entry_p} must be at most stop_p {self.stop_p}")
        named = self.all_pairs
        if not 0 < len(named) <= MAX_PAIRS:
            raise ValueError(f"pairs and screen name {len(named)} pairs, allowed are 1 to {MAX_PAIRS}")
        if alone := [y for y, x in named if y == x]:
            raise ValueError(f"pairs or screen name {alone[0]} as a pair with itself")
        unordered = [tuple(sorted(pair)) for pair in named]
        if repeated := sorted({pair for pair in unordered if unordered.count(pair) > 1}):
            raise ValueError(f"pairs and screen name {' and '.join(repeated[0])} more than once")

    @property
    def all_pairs(self) -> tuple[tuple[str, str], ...]:
        """The configured pairs, then the screened ones."""
        return self.pairs + tuple(combinations(self.screen, 2))


class Model:
    """Statistical arbitrage: cointegrated pairs, hedged by a Kalman filter, traded against the z-score of their spread.

    A pair is **tested** by Engle and Granger (1987) on its last `window` joint log closes, lag by Akaike's criterion,
    p-value by MacKinnon (1994), corrected for all pairs of the model by Holm (1979). Its **hedge ratio** and spread
    come from the Kalman filter of Chan (2013, Algorithmic Trading, chapter 3), see `KalmanHedge`: the spread e is what
    the filter did not expect. z = e / √EWMA(e²) over the spreads **before** the present one, so an outlier does not
    hide itself.

    A position begins where `entry_z` <= |z| <= `stop_z`, p <= `entry_p` and the hedge ratio is above 0. It ends where
    |z| has come back to `exit_z` or z crossed 0, beyond `stop_z`, and on **broken cointegration**: p above `stop_p`, or
    a hedge ratio of 0 or below. While it lasts the first leg has the score -z / `stop_z`: **a typical view is 0.5**, at
    the entry with the defaults, and 1 is where it is given up. The second leg has minus that times ratio * volatility
    of the second / volatility of the first, since positions are sized by score over volatility; where this exceeds the
    first, both shrink. An instrument in several pairs has the sum; where a sum exceeds 1, all scores shrink by one
    factor.

    Confidence of a pair is 1 - p, corrected; that of an instrument the mean over its pairs, weighted by |score|.

    Parameters
    ----------
    params : Params
        Pairs, tests and bands.
    watched : Watched
        What the firm looks at, by name.

    Raises
    ------
    ValueError
        A name that is not in the universe; the message says which, and which there are.

    Notes
    -----
    Horizon: the way back from entry to exit, at most the memory of the filter, √(V (1 - δ) / δ) bars (77 for a
    correlation of 0.97 with the default δ); half-life of a view: that of the spread. Warm-up: `window` joint bars, up
    to `test_every` rounds until the pair's turn, and `scale_span` joint bars.

    In the bar that ends a position both legs have the score 0, once, with the confidence that the pair had, so that who
    follows this model alone closes (no view would mean to hold). No view (NaN) for instruments without a position and
    for stale ones. A pair learns and changes only in bars that both legs have; while one is missing, the other keeps
    its view. Work in a round does not grow with time: at most pairs / `test_every` tests. Reversing all returns
    flips the scores; the units of prices do not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        self._legs = np.array(
            [watched.places_of(pair) for pair in params.all_pairs]
        ).T  # of y and of x, shape (2, n_pairs)
        n = self._legs.shape[1]
        self._params = params
        self._tests = CointegrationTests(params.window, params.max_lag, params.test_every, n)
        self._p_values: Floats = np.ones(n)  # corrected
        self._hedge = KalmanHedge(params.delta, n)
        self._squares = Ewma(params.scale_span, n)
        self._bands = SpreadBands(params.entry_z, params.exit_z, params.stop_z, n)
        self._volatility = EwmaVolatility(params.volatility_span, len(watched.instruments))
        self._scores: Floats = np.zeros((2, n))  # of both legs
        self._surety: Floats = np.zeros(n)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true.

        The span over which a spread is measured, within which it should come back.
        """
        return ceil(self._params.scale_span)

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        volatility = self._volatility.update(market.close, market.fresh)
        logs = log_of_positive(market.close, market.fresh)
        z = self._read(*logs[self._legs])
        holds = (self._hedge.ratio > 0) & (self._p_values <= self._params.stop_p)
        ended = self._bands.update(z, holds & (self._p_values <= self._params.entry_p), holds)
        moved = (self._bands.side != 0) & np.isfinite(z)
        self._scores = np.where(moved, self._sized(z, volatility), np.where(ended, 0.0, self._scores))
        self._surety = np.where(moved, 1 - self._p_values, self._surety)
        score, sure = self._gather((self._bands.side != 0) | ended)
        seen = np.isfinite(logs)
        return np.where(seen, score, np.nan), np.where(seen, sure, np.nan)

    def _read(self, y: Floats, x: Floats) -> Floats:
        # Test whose turn it is, move the hedge ratios, and return the z-score of each spread.
        spread = self._hedge.update(y, x)
        usual = np.sqrt(self._squares.mean)
        self._squares.update(spread**2)
        tested = self._tests.update(y, x)
        for pair in tested:
            if not self._hedge.started[pair]:
                self._hedge.start(pair, *self._tests.window(pair))
        if tested:
            self._p_values = holm(self._tests.p_values)
        usable = (self._squares.count > ceil(self._params.scale_span)) & (usual > 0)
        return spread / np.where(usable, usual, np.nan)

    def _sized(self, z: Floats, volatility: Floats) -> Floats:
        # Scores of both legs, shape (2, n_pairs); a leg that never moved has no volatility, and the pair no score.
        own, other = volatility[self._legs]
        first = -z / self._params.stop_z
        hedge = self._hedge.ratio * other / np.where(own > 0, own, np.nan)
        return np.nan_to_num(np.stack([first, -first * hedge]) / np.maximum(1.0, hedge), nan=0.0)

    def _gather(self, active: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[Floats, Floats]:
        # Scores and confidences of the instruments from those of the legs, pair by pair in their order.
        total, weight, sure = np.zeros((3, len(self._volatility.returns)))
        legs, scores = self._legs[:, active], self._scores[:, active]
        weights = np.abs(scores) + HEARD
        np.add.at(total, legs, scores)
        np.add.at(weight, legs, weights)
        np.add.at(sure, legs, weights * self._surety[active])
        viewed = np.where(weight > 0, weight, np.nan)
        shrink = max(1.0, float(np.abs(total).max()))
        return np.where(weight > 0, total / shrink, np.nan), np.clip(sure / viewed, 0.0, 1.0)

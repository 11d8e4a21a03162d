"""Closes of series that revert become scores against their distance from the equilibrium."""

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.autoregression import RollingAutoregression
from nautilus_ai_firm.models.estimators.bollinger import percent_b
from nautilus_ai_firm.models.estimators.dickey_fuller import dickey_fuller
from nautilus_ai_firm.models.estimators.mackinnon import mackinnon_p
from nautilus_ai_firm.models.estimators.ornstein_uhlenbeck import OrnsteinUhlenbeck, fit_ornstein_uhlenbeck
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.volatility import log_of_positive
from nautilus_ai_firm.models.estimators.window import RollingWindow

BAND_BARS = 20
"""Bars of the Bollinger bands (Bollinger 2001)."""


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Over which window a series must revert, how surely, and how far from the equilibrium is far.

    Attributes
    ----------
    window : int
        Returns that the fit and the test see, bars.
    lag : int
        Returns before the present one in the test, against autocorrelation such as that of bid and ask.
    entry_p, exit_p : float
        p-values of the test up to which a view begins and may go on; `entry_p` <= `exit_p`.
    max_half_life : float
        Longest half-life of a distance that is worth a view, bars.
    full_z : float
        Distance at which the score reaches its full size of 1, standard deviations.
    stop_z : float
        Distance beyond which there is no view: such a move is taken for news, not noise. Above `full_z`.

    """

    window: Annotated[int, Meta(ge=30, le=2000)] = 125
    lag: Annotated[int, Meta(ge=0, le=5)] = 1
    entry_p: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    exit_p: Annotated[float, Meta(gt=0, lt=1)] = 0.2
    max_half_life: Annotated[float, Meta(gt=0, le=1000)] = 20.0
    full_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    stop_z: Annotated[float, Meta(gt=0, le=20)] = 4.0

    def __post_init__(self) -> None:
        """Refuse bands that contradict each other."""
        if self.stop_z <= self.full_z:
            raise ValueError(f"stop_z {self.stop_z} must be above full_z {self.full_z}")
        if self.exit_p < self.entry_p:
            raise ValueError(f"exit_p {self.exit_p} must be at least entry_p {self.entry_p}")


class Model:
    """Distance of the log price from the equilibrium of an Ornstein-Uhlenbeck process, traded against while it reverts.

    The **fit** is to the `window` returns before the present close, see `fit_ornstein_uhlenbeck`: equilibrium m,
    standard deviation s and half-life (Ornstein and Uhlenbeck 1930). The **test** is that of Dickey and Fuller (1979)
    on the same closes, see `dickey_fuller` and `mackinnon_p`: prices are walks most of the time, and a walk always lies
    somewhere off its mean. The distance is

        z = (1 - w) (ln p - m) / s + w (4 %b - 2)        w = 1 / (1 + E)        E = window (1 - b) / (1 + b)

    where b is the share of a distance that is left after a bar, and %b the place between Bollinger's (2001) bands of 20
    bars. The window is worth E independent draws of the equilibrium, which is known to a variance of s² / E; the
    average of the bands is a second opinion on where it lies now, given the weight of one draw.

    Score = -clip(z / `full_z`, -1, 1): a price above its equilibrium is a short, and **a typical view is 0.4**, a mean
    distance of 0.8 with the default. Confidence = min(1 - p, 2 Φ(|z|) - 1): one less the larger of two p-values, since
    both must hold, that the series reverts and that it is away from where it reverts to (Berger 1982).

    Parameters
    ----------
    params : Params
        Window, test and bands.
    watched : Watched
        What the firm looks at, by name.

    Notes
    -----
    Horizon: `max_half_life` at most; half-life of a view: that of the fit. Warm-up: `window` + `lag` + 1 closes, and
    one more to judge. A view begins where p <= `entry_p`, the half-life is at most `max_half_life` and
    |z| <= `stop_z`. It ends with p > `exit_p`, or with one of the others: in that bar the score is 0, once and with the
    confidence that it had, so that who follows this model alone closes (no view would mean to hold). Otherwise there is
    no view (NaN): before the warm-up, where the price never moved, and for a stale instrument. A gap
    leaves the window as it was, so it counts bars, not rounds. Reversing all returns flips the score; the unit of the
    price does not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        n = len(watched.instruments)
        self._params = params
        self._autoregression = RollingAutoregression(params.window, params.lag, n)
        self._bands = RollingWindow(BAND_BARS, n)
        none = np.full(n, np.nan)
        self._fit = OrnsteinUhlenbeck(mean=none, deviation=none, persistence=none, half_life=none)
        self._p: Floats = np.ones(n)
        self._on: Bools = np.zeros(n, dtype=np.bool_)
        self._surety: Floats = none

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: within the longest half-life that counts."""
        return ceil(self._params.max_half_life)

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        params = self._params
        log_close = log_of_positive(market.close, market.fresh)
        seen = np.isfinite(log_close)
        z = self._distance(log_close)
        reverts = (self._p <= np.where(self._on, params.exit_p, params.entry_p)) & (
            self._fit.half_life <= params.max_half_life
        )
        viewed = seen & reverts & (np.abs(z) <= params.stop_z)
        ended = seen & self._on & ~viewed
        self._surety = np.where(viewed, np.minimum(1.0 - self._p, confidence(z)), self._surety)
        self._on = np.where(seen, viewed, self._on)
        moments = self._autoregression.update(log_close)
        self._fit, self._p = fit_ornstein_uhlenbeck(moments), mackinnon_p(dickey_fuller(moments), 1)
        score = np.where(viewed, np.clip(-z / params.full_z, -1.0, 1.0), np.where(ended, 0.0, np.nan))
        return score, np.where(viewed | ended, self._surety, np.nan)

    def _distance(self, log_close: Floats) -> Floats:
        # From the equilibrium of the closes before this one, in standard deviations.
        fit = self._fit
        draws = self._params.window * (1 - fit.persistence) / (1 + fit.persistence)
        bands = 4 * percent_b(self._bands.update(log_close)) - 2
        deviation = np.where(fit.deviation > 0, fit.deviation, np.nan)  # 0 where a line fits to the last bit
        return (draws * (log_close - fit.mean) / deviation + bands) / (1 + draws)

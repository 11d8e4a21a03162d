"""A market that was quiet and starts to move becomes a score in the direction in which it started."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.bar import usable_bar
from nautilus_ai_firm.models.estimators.line import Line, fit_line
from nautilus_ai_firm.models.estimators.window import RollingWindow, total

NOT_FIRED = -1


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as quiet, and how long the move after it is followed.

    Attributes
    ----------
    length : int
        Bars of every window: bands, range, channel and regression.
    bollinger_width : float
        Half-width of the Bollinger bands, standard deviations of the close.
    keltner_width : float
        Half-width of the Keltner channel, average true ranges.
    full_atr : float
        Momentum at which the score reaches its full size of 1, average true ranges.
    half_life : float
        Bars after which the score has halved.
    hold_bars : int
        Bars with a view, the fired one included.

    """

    length: Annotated[int, Meta(ge=5, le=200)] = 20
    bollinger_width: Annotated[float, Meta(gt=0, le=10)] = 2.0
    keltner_width: Annotated[float, Meta(gt=0, le=10)] = 1.5
    full_atr: Annotated[float, Meta(gt=0, le=20)] = 2.0
    half_life: Annotated[float, Meta(gt=0, le=500)] = 5.0
    hold_bars: Annotated[int, Meta(ge=1, le=500)] = 10


class Model:
    """TTM squeeze: Bollinger bands inside the Keltner channel, then momentum from the bar at which they leave it.

    With L = `length`, means and deviations over the last L bars: the squeeze is on while
    `bollinger_width` DEV < `keltner_width` ATR, where DEV is the population deviation of the close (Bollinger 2001),
    ATR the mean true range, and both bands stand on the simple mean SMA of the close. The **fired bar** is the first
    one after the squeeze. Momentum is the end of the least-squares line through the last L values of

        d = close - ((highest high + lowest low) / 2 + SMA(close)) / 2

    (Carter 2005, Mastering the Trade, chapter 11, for squeeze and fired bar; the momentum is that of the TTM Squeeze
    study of his firm with its simple average).

    Score = clip(momentum / (`full_atr` ATR), -1, 1) 2^(-age / `half_life`), age in bars since the fired one, in the
    direction of the momentum. On a random walk the mean size of momentum is 0.75 ATR at a fired bar and 1.4 ATR over
    the ten bars from it: **a typical long is +0.4**. Confidence is R² of the line where it points away from zero, and 0
    where it points back: the fit quality, since t-values of values that share most of their bars mean nothing.

    Parameters
    ----------
    params : Params
        Windows, widths and scale.
    watched : Watched
        What the firm looks at, by name.

    Notes
    -----
    Horizon: `hold_bars`; half-life of a view: `half_life` bars. Warm-up: 2 L - 1 bars, and the squeeze must be on after
    that. A view ends after `hold_bars`, once the momentum has changed its sign since the fired bar, and with a new
    squeeze: in that bar the score is 0, once and with the R² of the line, so that who follows this model alone closes
    (no view would mean to hold). Otherwise there is no view (NaN): outside of a move, where the price never
    moved, and for a stale instrument. A gap leaves every window and the age as
    they were, so windows count bars, not rounds; the true range over a gap runs from the instrument's own last close.
    A bar with a price that is not finite and positive, or with a high below its low, counts as missing.
    Mirroring prices flips the score; the unit of the price does not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        n = len(watched.instruments)
        self._params = params
        self._bars = RollingWindow(params.length, (4, n))
        self._distance = RollingWindow(params.length, n)
        self._close: Floats = np.full(n, np.nan)
        self._on: Bools = np.zeros(n, dtype=np.bool_)
        self._age = np.full(n, NOT_FIRED)
        self._side: Floats = np.zeros(n)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: as long as a move is followed."""
        return self._params.hold_bars

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        bar = usable_bar(market)
        quiet, line, atr = self._measure(bar)
        known = np.isfinite(bar[2]) & np.isfinite(line.end) & (atr > 0)
        followed = self._age >= 0
        self._follow(known, quiet, np.sign(line.end))
        viewed, ended = known & (self._age >= 0), known & followed & (self._age < 0)
        momentum = line.end / np.where(viewed, self._params.full_atr * atr, np.nan)
        score = np.clip(momentum, -1.0, 1.0) * 0.5 ** (np.maximum(self._age, 0) / self._params.half_life)
        supported = ended | (line.slope * line.end > 0)
        surety = np.where(supported, line.r_squared, 0.0)
        return np.where(ended, 0.0, score), np.where(viewed | ended, surety, np.nan)

    def _measure(self, bar: Floats) -> tuple[Bools, Line, Floats]:
        # Whether the market is quiet, the line of momentum, and the average true range.
        high, low, close = bar
        true_range = np.maximum(high, self._close) - np.minimum(low, self._close)
        self._close = np.where(np.isnan(close), self._close, close)
        window = self._bars.update(np.stack([high, low, close, true_range]))
        length = self._params.length
        average, atr = total(window[:, 2:]) / length
        deviation = np.sqrt(total((window[:, 2] - average) ** 2) / length)
        midline = (window[:, 0].max(axis=0) + window[:, 1].min(axis=0)) / 2
        line = fit_line(self._distance.update(close - (midline + average) / 2))
        return self._params.bollinger_width * deviation < self._params.keltner_width * atr, line, atr

    def _follow(self, known: Bools, quiet: Bools, side: Floats) -> None:
        # Count the bars since the fired one, for as long as the move goes on; what is not known changes nothing.
        fired = known & ~quiet & self._on
        self._side = np.where(fired, side, self._side)
        goes_on = ~quiet & (self._age >= 0) & (self._age < self._params.hold_bars - 1) & (side == self._side)
        age = np.where(fired, 0, np.where(goes_on, self._age + 1, NOT_FIRED))
        self._age = np.where(known, age, self._age)
        self._on = np.where(known, quiet, self._on)

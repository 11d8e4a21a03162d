"""Scheduled events become flat views before them and drifts after them; unscheduled gaps become drifts of their own."""

from math import ceil
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.durations import HOUR_NS
from nautilus_ai_firm.messages import Bools, Events, Floats, MarketSnapshot, Times, Watched
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.reactions import Reactions
from nautilus_ai_firm.models.estimators.session_bars import SessionBars
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.view_end import ViewEnd

GAP_SIGN = {"drift": 1.0, "fade": -1.0, "ignore": 0.0}


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which events count, how long before and after them, and what a gap without one means.

    Attributes
    ----------
    kinds : tuple of str
        Kinds of events that the firm watches, such as a series of rate decisions or of earnings.
    before_hours : float
        How long before an event the view is flat, hours of the calendar: nights and weekends count.
    min_events : int
        Reactions to a kind before it has a flat view.
    reaction_bars : int
        Bars over which a reaction is measured.
    min_reaction, full_reaction : float
        Reactions at which a drift begins and at which its score is 1, deviations.
    half_life : float
        Bars after which the score of a drift has halved.
    hold_bars : int
        Bars with a view, the one that completes the reaction included.
    gap : {"drift", "fade", "ignore"}
        Whether a large gap without an event goes on, is given back, or means nothing.
    gap_deviations : float
        Size from which a gap is large, deviations.
    volatility_span : float
        Span of the volatility within sessions, bars.
    gap_span : float
        Span of the volatility of gaps, sessions.

    """

    kinds: Annotated[tuple[str, ...], Meta(min_length=1)]
    before_hours: Annotated[float, Meta(ge=0, le=160)] = 24.0
    min_events: Annotated[int, Meta(ge=2, le=100)] = 8
    reaction_bars: Annotated[int, Meta(ge=1, le=100)] = 1
    min_reaction: Annotated[float, Meta(ge=0, le=10)] = 1.0
    full_reaction: Annotated[float, Meta(gt=0, le=20)] = 3.0
    half_life: Annotated[float, Meta(gt=0, le=500)] = 5.0
    hold_bars: Annotated[int, Meta(ge=1, le=500)] = 20
    gap: Literal["drift", "fade", "ignore"] = "drift"
    gap_deviations: Annotated[float, Meta(ge=1, le=20)] = 3.0
    volatility_span: Annotated[float, Meta(ge=10, le=100_000)] = 60.0
    gap_span: Annotated[float, Meta(ge=10, le=1000)] = 60.0

    def __post_init__(self) -> None:
        """Refuse a kind that is named twice."""
        if repeated := sorted({name for name in self.kinds if self.kinds.count(name) > 1}):
            raise ValueError(f"kinds name {', '.join(repeated)} more than once")


class Model:
    """Flat before scheduled events, with the reaction after them, and what follows a gap that nobody scheduled.

    **Before.** Where an event is announced for the next `before_hours`, the score is 0. An adviser cannot shrink what
    others ask for; a zero that is heard pulls their average towards 0, by its confidence: how sure it is that bars
    after such events move more than others, the χ² statistic of the reactions so far (see `Reactions`; with fat tails
    an upper bound). Events that move nothing are not waited for. (Andersen, Bollerslev, Diebold and Vega 2003, American
    Economic Review 93, 1: prices jump within minutes of scheduled news.)

    **After.** The reaction z is the move over the first `reaction_bars` bars after the event, over its expected
    deviation. If |z| is at least `min_reaction`, prices are taken to drift on (Bernard and Thomas 1989, Journal of
    Accounting Research 27):

        score = clip(z / `full_reaction`, -1, 1) 2^(-age / `half_life`), confidence = 2 Φ(|z|) - 1,

    age in bars since the reaction was complete; the confidence is the share of normal moves that are smaller, an upper
    bound, as tails are fat. **A typical long is +0.25**: the mean over the bars of a drift from z = 2.

    **Gaps.** A gap between sessions of at least `gap_deviations`, in deviations of such gaps, in a bar that reacts to
    no event, is followed in the same way, or against its direction (`gap = "fade"`).

    The variance expected of a bar is that of moves within sessions, plus that of gaps in a session's first bar; both
    are EWMAs over bars that react to no event, as known before the bar.

    Parameters
    ----------
    params : Params
        Kinds, windows and scales.
    watched : Watched
        What the firm looks at, by name.

    Raises
    ------
    ValueError
        A kind that is not in `watched.events`; the message names it and those that exist.

    Notes
    -----
    Horizon: `hold_bars`; half-life of a view: `half_life` bars. Warm-up: `volatility_span` bars and `gap_span` gaps;
    then `min_events` reactions for the flat view, which takes the place of a drift. The newest reaction replaces an
    older one, also where it is too small to be followed. A view that is over says 0 once (see `ViewEnd`). Otherwise
    there is no view (NaN): without an event or a gap, for stale instruments, outside of sessions, where a price never
    moved, and while a reaction is measured.

    An event at the close of a bar is one of the next bar; an instrument that is stale then reacts in its next bars. An
    event that becomes known only after the round in which it happened has no reaction. Ages count the bars of the
    instrument, so a gap in the data stops them. Mirroring prices flips the score; their unit does not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        for kind in params.kinds:
            if kind not in watched.events:
                raise ValueError(
                    f"kind {kind!r} is not among the events ({', '.join(watched.events) or 'there are none'})"
                )
        n = len(watched.instruments)
        self._params = params
        self._rows = np.array([watched.events.index(kind) for kind in params.kinds])
        self._bars = SessionBars(n)
        self._variance = Ewma(params.volatility_span, n)
        self._gap_variance = Ewma(params.gap_span, n)
        self._reactions = Reactions(params.reaction_bars, len(params.kinds), n)
        self._end = ViewEnd(n)
        self._ts_ns: int | None = None
        self._z: Floats = np.full(n, np.nan)  # what is followed, in the direction in which it is
        self._age: Times = np.zeros(n, dtype=np.int64)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: as long as a drift is followed."""
        return self._params.hold_bars

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        assert market.events is not None  # there are kinds, so the firm watches events
        self._reactions.start(self._happened(market.events, market.ts_event))
        self._ts_ns = market.ts_event
        score, surety = np.full((2, len(self._z)), np.nan)
        if self._bars.update(market):
            usable = np.isfinite(self._bars.returns)
            self._react(usable)
            score, surety = self._view(usable)
            flat = self._flat(market.events, market.ts_event)
            due = usable & np.isfinite(flat)
            score, surety = np.where(due, 0.0, score), np.where(due, flat, surety)
        return self._end.update(score, surety, market.fresh)

    def _happened(self, events: Events, ts_ns: int) -> Bools:
        # Events within this bar. One at its very close comes in the next; what was known too late has no bar.
        last = events.last_ns[self._rows]
        return (last >= (ts_ns if self._ts_ns is None else self._ts_ns)) & (last < ts_ns)

    def _react(self, usable: Bools) -> None:
        bars, params = self._bars, self._params
        jumped = np.isfinite(bars.gaps)
        within = np.where(self._variance.count >= ceil(params.volatility_span), self._variance.mean, np.nan)
        between = np.where(self._gap_variance.count >= ceil(params.gap_span), self._gap_variance.mean, np.nan)
        move = bars.returns + np.where(jumped, bars.gaps, 0.0)
        self._reactions.update(move, within + np.where(jumped, between, 0.0))
        ordinary = usable & ~self._reactions.open
        gap = bars.gaps / np.sqrt(np.where(ordinary & (between > 0), between, np.nan))
        large = (np.abs(gap) >= params.gap_deviations) & (params.gap != "ignore")
        self._z = np.where(self._reactions.open, np.nan, self._z)
        self._z = np.where(large, GAP_SIGN[params.gap] * gap, self._z)
        for z in self._reactions.z:
            self._z = np.where(np.abs(z) >= params.min_reaction, z, self._z)
        new = large | np.isfinite(self._reactions.z).any(axis=0)
        self._age = np.where(new, 0, self._age + usable)
        self._variance.update(np.where(ordinary, bars.returns**2, np.nan))
        self._gap_variance.update(np.where(ordinary, bars.gaps**2, np.nan))

    def _view(self, usable: Bools) -> tuple[Floats, Floats]:
        followed = usable & (self._age < self._params.hold_bars)
        z = np.where(followed, self._z, np.nan)
        score = np.clip(z / self._params.full_reaction, -1.0, 1.0) * 0.5 ** (self._age / self._params.half_life)
        return score, confidence(z)

    def _flat(self, events: Events, ts_ns: int) -> Floats:
        # Confidence of the flat view before what is announced, the highest of its kinds; NaN where nothing is.
        ahead_ns = events.next_ns[self._rows] - ts_ns
        soon = (ahead_ns > 0) & (ahead_ns <= self._params.before_hours * HOUR_NS)
        soon |= events.last_ns[self._rows] == ts_ns  # nothing has reacted yet to what happens at this close
        if not bool(soon.any()):
            return np.full(len(self._z), np.nan)
        sure = np.where(soon, self._reactions.wildness(self._params.min_events), np.nan)
        return np.fmax.reduce(sure, axis=0)

"""Best quotes become the score of a dealer who leans with the order book, and the quotes that he would post."""

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Floats, MarketSnapshot, QuotingIntent, Watched
from nautilus_ai_firm.models.estimators.avellaneda_stoikov import inventory_offset, optimal_spread
from nautilus_ai_firm.models.estimators.beta import EwmaBeta
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.order_book import TopOfBook, top_of_book
from nautilus_ai_firm.models.estimators.session_count import SessionCount
from nautilus_ai_firm.models.estimators.significance import confidence, correlation_t
from nautilus_ai_firm.models.estimators.standstill import Standstill
from nautilus_ai_firm.models.estimators.view_end import ViewEnd


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the dealer measures the market, and what he is like.

    Attributes
    ----------
    volatility_span : float
        Span of the volatility of the mid, rounds with a quote.
    relation_span : float
        Span over which the order book must have led the mid, rounds with a quote; at least `volatility_span`.
    full_lead : float
        Distance of the microprice from the mid at which the score reaches its full size of 1, volatilities per round.
    risk_aversion : float
        γ: per fraction of the mid, with the whole inventory as the unit of inventory.
    arrival_decay : float
        κ: orders reach a quote half as often with each 0.69 / κ of distance from the mid; per fraction of the mid.
    horizon_rounds : float
        T - t: rounds for which inventory is held.
    session_gap_hours : float
        Shortest silence between two sessions of intraday rounds, hours.

    """

    volatility_span: Annotated[float, Meta(ge=5, le=5000)] = 100.0
    relation_span: Annotated[float, Meta(ge=10, le=10_000)] = 300.0
    full_lead: Annotated[float, Meta(gt=0, le=10)] = 0.1
    risk_aversion: Annotated[float, Meta(gt=0, le=1e6)] = 100.0
    arrival_decay: Annotated[float, Meta(gt=0, le=1e7)] = 10_000.0
    horizon_rounds: Annotated[float, Meta(ge=1, le=10_000)] = 10.0
    session_gap_hours: Annotated[float, Meta(gt=0, le=20)] = 4.0

    def __post_init__(self) -> None:
        """Refuse a relation that would be known before its unit is."""
        if self.relation_span < self.volatility_span:
            raise ValueError(
                f"relation_span {self.relation_span} must be at least volatility_span {self.volatility_span}"
            )


class Model:
    """Microprice against mid as a score, and Avellaneda-Stoikov quotes around the microprice as an intent.

    Lead x = ln(microprice / mid) / σ, with the microprice of `top_of_book` and σ the EWMA volatility of the mid's log
    returns, per round. Score = clip(x / `full_lead`, -1, 1): more bid for than offered is a long. The microprice lies
    within half a spread of the mid, so leads are small: where the spread is a fifth of σ and imbalance uniform, the
    mean of |x| is 0.05 and, with `full_lead` at 0.1, **a typical long is +0.5**.

    Confidence is 2 Φ(t) - 1 where t > 0 and else 0, t being that of the EWMA correlation between the lead and the
    mid's next return, both in units of σ: an order book that has not led the mid is not followed. Of two unrelated
    series t is standard normal.

    `intent` is where a dealer would quote: around the reservation price r = s - q γ σ² (T - t) with the spread
    γ σ² (T - t) + (2 / γ) ln(1 + γ / κ), T - t fixed at `horizon_rounds` (Avellaneda and Stoikov 2008). All in
    fractions of the mid; s is the microprice, as the better guess of the fair price (Stoikov 2018), so the two
    offsets differ. An adviser does not know what is held: the inventory q is left to who does, see `QuotingIntent`,
    and the score does not depend on γ, κ or T.

    Parameters
    ----------
    params : Params
        Spans, scale, and the dealer's character.
    watched : Watched
        What the firm looks at, by name.

    Attributes
    ----------
    intent : QuotingIntent
        Of the last round; NaN where the quote cannot be used or there is no volatility yet.
    book : TopOfBook
        Mid, imbalance and microprice of the last round.

    Raises
    ------
    ValueError
        The firm does not watch quotes.

    Notes
    -----
    Horizon and half-life of a view: one round; an imbalance is gone with the next quotes. Warm-up: `volatility_span`
    returns of the mid for the intent, then `relation_span` pairs of a lead and the return after it for a view.

    Sessions are told from the times of the rounds, see `SessionCount`: a return over a night counts neither for the
    volatility nor for the relation. Over a gap within a session it counts as one observation. No view and no intent
    (NaN) for quotes that are stale, crossed or without sizes, see `top_of_book`, and where the mid never moved; they
    leave the state as it was. Where the mid has stood still for `volatility_span` rounds there is none either until it
    moves, and such leads and what follows them are not learnt: the volatility has forgotten how the mid moves, and one
    return in units of nearly nothing would outweigh all others. The score of the first such round is 0, so that who
    follows this model alone closes. Swapping the sides of the book and mirroring its prices flips the score; the units
    of prices and of sizes do not matter.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        if not watched.quotes:
            raise ValueError("market making needs quotes, and the firm does not watch any")
        n = len(watched.instruments)
        self._params = params
        self._sessions = SessionCount(params.session_gap_hours)
        self._squares = Ewma(params.volatility_span, n)
        self._still = Standstill(n)
        self._end = ViewEnd(n)
        self._relation = EwmaBeta(params.relation_span, n, ceil(params.relation_span))
        self._session = np.zeros(n, dtype=np.int64)  # of the last quote that could be used
        self._log_mid, self._lead, self._volatility = np.full((3, n), np.nan)  # at that quote
        nothing = np.full(n, np.nan)
        self.book = TopOfBook(mid=nothing, imbalance=nothing, microprice=nothing)
        self.intent = QuotingIntent(bid_offset=nothing, ask_offset=nothing, inventory_offset=nothing)

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: an imbalance is gone with the next quotes."""
        return 1

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        if market.quotes is None:
            raise ValueError(f"round {market.round} has no quotes")
        self.book = top_of_book(market.quotes)
        lead, volatility = self._measure(self.book, self._sessions.update(market.ts_event))
        self.intent = self._quote(self.book, volatility)
        t = correlation_t(self._relation.correlation, self._relation.count, self._params.relation_span)
        surety = np.where(t > 0, confidence(t), np.where(np.isnan(t), np.nan, 0.0))
        score = np.clip(lead / self._params.full_lead, -1.0, 1.0)
        known = np.isfinite(score) & np.isfinite(surety)
        return self._end.update(np.where(known, score, np.nan), surety, np.isfinite(self.book.mid))

    def _measure(self, book: TopOfBook, session: int) -> tuple[Floats, Floats]:
        # Lead and volatility of this round; learns the volatility and what the lead before it was worth.
        log_mid = np.log(book.mid)
        usable = np.isfinite(log_mid)
        returns = np.where(self._session == session, log_mid - self._log_mid, np.nan)
        self._relation.update(returns / self._volatility, self._lead)
        variance = self._squares.update(returns**2)
        moves = self._still.update(book.mid[np.newaxis]) < self._params.volatility_span
        warm = usable & moves & (self._squares.count >= self._params.volatility_span) & (variance > 0)
        volatility = np.sqrt(np.where(warm, variance, np.nan))
        lead = np.log(book.microprice / book.mid) / volatility
        self._log_mid = np.where(usable, log_mid, self._log_mid)
        self._session = np.where(usable, session, self._session)
        self._lead = np.where(usable, lead, self._lead)
        self._volatility = np.where(usable, volatility, self._volatility)
        return lead, volatility

    def _quote(self, book: TopOfBook, volatility: Floats) -> QuotingIntent:
        params = self._params
        half = optimal_spread(params.risk_aversion, volatility, params.arrival_decay, params.horizon_rounds) / 2
        lean = book.microprice / book.mid - 1
        shift = inventory_offset(params.risk_aversion, volatility, params.horizon_rounds)
        return QuotingIntent(bid_offset=half - lean, ask_offset=half + lean, inventory_offset=shift)

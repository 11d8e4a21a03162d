"""A seeded market with all that a model may look at, and parameters with which each model warms up quickly on it.

Bars of half an hour in sessions of seven, with stale bars, a pair that belongs together, quiet and wild weeks,
events that are announced and move prices, quotes whose imbalance leads, macro series, and an option chain. A model that
`params_by_model` does not name gets its defaults.
"""

from pkgutil import iter_modules
from typing import Any

import msgspec
import numpy as np
from scipy.stats import norm

from nautilus_ai_firm.durations import DAY_NS, MINUTE_NS
from nautilus_ai_firm.messages import Events, MarketSnapshot, OptionChain, Quotes, Watched
from nautilus_ai_firm.models import signals
from nautilus_ai_firm.settings import model_module

BARS = 7
BAR_NS = 30 * MINUTE_NS
INPUTS = ("credit_spread", "wti", "SPX.INDEX")
KINDS = ("fomc", "earnings")
EVERY_SESSIONS = 3
EXPIRIES, STRIKES = (30, 60, 120), np.arange(0.8, 1.25, 0.05)


def params_by_model(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Parameters of the models on a universe of these names; those that compare instruments use all of them."""
    pairs = list(zip(names[::2], names[1::2], strict=False))
    return {
        "momentum": {"fast_spans": [4, 8], "volatility_span": 20},
        "mean_reversion": {"window": 60, "entry_p": 0.5, "exit_p": 0.9, "max_half_life": 60},
        "macro": {
            "credit_spread": "credit_spread",
            "oil": "wti",
            "index": "SPX.INDEX",
            "credit_scale_span": 24,
            "oil_fast_span": 8,
            "volatility_span": 20,
            "long_volatility_span": 60,
        },
        "index_spread": {"benchmark": names[0], "indices": names[1:], "beta_span": 40, "scale_span": 40},
        "statistical_arbitrage": {
            "pairs": pairs,
            "window": 60,
            "entry_p": 0.99,
            "stop_p": 0.999,
            "scale_span": 20,
            "entry_z": 0.8,
            "exit_z": 0.1,
        },
        "ttm_squeeze": {"length": 8, "keltner_width": 2.0, "hold_bars": 40, "half_life": 20.0},
        "session_effects": {"min_sessions": 10, "volatility_span": 40},
        "market_making": {"volatility_span": 20, "relation_span": 40},
        "options_volatility": {"rate_per_year": 0.0, "rank_rounds": 60, "history_span": 60},
        "event_driven": {
            "kinds": list(KINDS),
            "min_events": 3,
            "min_reaction": 0.5,
            "volatility_span": 30,
            "gap_span": 15,
            "before_hours": 30,
        },
    }


def names_of(n_instruments: int) -> tuple[str, ...]:
    """The universe: A00.US, A01.US, …"""
    return tuple(f"A{number:02d}.US" for number in range(n_instruments))


def watched(n_instruments: int) -> Watched:
    """What the market has."""
    names = names_of(n_instruments)
    return Watched(instruments=names, inputs=INPUTS, events=KINDS, chains=names[:1], quotes=True)


def model_names() -> list[str]:
    """Every model that there is."""
    return sorted(module.name for module in iter_modules(signals.__path__))


def model_of(name: str, n_instruments: int) -> Any:
    """Make a model for this market; ValueError where it cannot sit with so few instruments."""
    module = model_module(name)
    given = params_by_model(names_of(n_instruments)).get(name, {})
    return module.Model(msgspec.convert(given, module.Params, strict=True), watched(n_instruments))


def signal_market(n_instruments: int, sessions: int, seed: int = 20) -> list[MarketSnapshot]:
    """Make the snapshots of a market."""
    generator = np.random.default_rng(seed)
    rounds = sessions * BARS
    session = np.repeat(np.arange(sessions), BARS)
    wild = np.where(session // 5 % 2 == 0, 0.3, 1.0)[:, np.newaxis]
    eventful = (session % EVERY_SESSIONS == 0) & (np.arange(rounds) % BARS == 3)
    steps = 0.004 * wild * (generator.standard_normal((rounds, 1)) + generator.standard_normal((rounds, n_instruments)))
    steps += np.where(eventful, 0.02 * generator.standard_normal(rounds), 0.0)[:, np.newaxis]
    walk = steps.cumsum(axis=0)
    spread = np.zeros(rounds)
    for t in range(1, rounds):
        spread[t] = 0.8 * spread[t - 1] + 0.004 * generator.standard_normal()
    if n_instruments > 1:
        walk[:, 1] = 0.9 * walk[:, 0] + spread  # the pair
    close = 100 * np.exp(walk)
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(0.001 * generator.standard_normal(close.shape))
    reach = 0.002 * wild * np.abs(generator.standard_normal((2, *close.shape)))
    high, low = np.maximum(opened, close) * (1 + reach[0]), np.minimum(opened, close) * (1 - reach[1])
    fresh = generator.random(close.shape) > 0.03
    steady = np.arange(rounds)
    credit = 0.02 + 0.002 * generator.standard_normal(rounds)
    oil, index = 80 * np.exp(walk[:, 0] * 2), 1000 * np.exp(walk.mean(axis=1))
    inputs = np.column_stack([credit[steady // 4 * 4], oil[steady // 2 * 2], index])
    inputs_fresh = np.column_stack([steady % 4 == 0, steady % 2 == 0, steady >= 0])
    lean = generator.uniform(0.1, 0.9, close.shape)
    for t in range(rounds - 1):
        lean[t] = np.clip(lean[t] + 20 * steps[t + 1], 0.05, 0.95)
    last: np.ndarray = np.full(n_instruments, np.nan)
    market: list[MarketSnapshot] = []
    for t in range(rounds):
        begins = session[t] * DAY_NS + 870 * MINUTE_NS
        ts = begins + (t % BARS + 1) * BAR_NS
        seen = fresh[t].copy()
        last = np.where(seen, close[t], last)
        prices = {
            name: np.where(seen, values[t], last)
            for name, values in (("open", opened), ("high", high), ("low", low), ("close", close))
        }
        market.append(
            MarketSnapshot(
                round=t + 1,
                ts_event=int(ts),
                **prices,
                volume=np.where(seen, 1e5, 0.0),
                fresh=seen,
                inputs=inputs[t],
                inputs_fresh=inputs_fresh[t],
                session_open_ns=int(begins),
                session_close_ns=int(begins + BARS * BAR_NS),
                quotes=_quotes(close[t], lean[t], seen),
                events=_events(int(ts), sessions, n_instruments),
                chains=(_chain(names_of(n_instruments)[0], float(close[t, 0]), int(ts), float(wild[t, 0]), t),),
            )
        )
    return market


def _quotes(close: np.ndarray, lean: np.ndarray, fresh: np.ndarray) -> Quotes:
    half = close * 2e-4
    return Quotes(
        bid=close - half, ask=close + half, bid_size=1000 * lean, ask_size=1000 * (1 - lean), fresh=fresh.copy()
    )


def _events(ts_ns: int, sessions: int, n_instruments: int) -> Events:
    """Both kinds of events, in turn, in the fourth bar of every third session; announced two days ahead."""
    times = np.arange(0, sessions, EVERY_SESSIONS) * DAY_NS + 870 * MINUTE_NS + 3 * BAR_NS + MINUTE_NS
    last, ahead = np.zeros((2, len(KINDS), n_instruments), dtype=np.int64)
    for kind in range(len(KINDS)):
        own = times[kind :: len(KINDS)]
        past, coming = own[own <= ts_ns], own[(own > ts_ns) & (own <= ts_ns + 2 * DAY_NS)]
        last[kind], ahead[kind] = (past[-1] if len(past) else 0), (coming[0] if len(coming) else 0)
    return Events(last_ns=last, next_ns=ahead)


def _chain(name: str, spot: float, ts_ns: int, wild: float, t: int) -> OptionChain:
    """European prices by Black and Scholes (1973) from a surface that moves and is skewed; no rates, no dividends."""
    days = np.repeat(np.array(EXPIRIES, dtype=np.int64), 2 * len(STRIKES))
    moneyness = np.tile(np.repeat(STRIKES, 2), len(EXPIRIES))
    is_call = np.arange(len(days)) % 2 == 0
    strike, years = np.round(spot * moneyness), days / 365
    volatility = 0.15 + 0.1 * wild + 0.03 * np.sin(t / 9) - (0.2 + 0.1 * np.cos(t / 5)) * np.log(strike / spot)
    deviation = volatility * np.sqrt(years)
    d1 = np.log(spot / strike) / deviation + deviation / 2
    call = spot * norm.cdf(d1) - strike * norm.cdf(d1 - deviation)
    value = np.where(is_call, call, call - spot + strike)
    return OptionChain(
        underlying=name,
        spot=spot,
        strike=strike,
        expiry_ns=ts_ns + days * DAY_NS,
        is_call=is_call,
        bid=np.maximum(value - 0.02, 0.01),
        ask=value + 0.02,
    )

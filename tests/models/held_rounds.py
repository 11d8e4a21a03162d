"""Rounds with a chain of one underlying that is known, and positions in its options."""

from dataclasses import replace

import numpy as np

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.models.risk.held_options import HeldContract, QuoteReading
from tests.models.option_surface import Surface, chain_of

EXPIRY_DAY = 91
STRIKES = np.array([90.0, 95.0, 100.0, 105.0, 110.0])
FLAT = Surface(short=0.3, long=0.3, skew=0.0, curve=0.0, rate=0.04, dividend=0.025)
READING = QuoteReading(rate_per_year=FLAT.rate, max_relative_spread=0.5, max_carried_rounds=2)


def round_on(day, spot=100.0, close=None, unquoted=(), unit=1.0, **chain):
    """A round on a day, with a chain that expires on the 91st; `unit` is what strikes and spot are multiplied by."""
    made = chain_of(FLAT, day * DAY_NS, spot, STRIKES, (EXPIRY_DAY - day,), **chain)
    gone = np.isin(made.strike, unquoted)
    quotes = {side: np.where(gone, np.nan, getattr(made, side) * unit) for side in ("bid", "ask")}
    price, volume = np.array([spot if close is None else close, 50.0]), np.ones(2)
    return MarketSnapshot(
        round=day + 1, ts_event=day * DAY_NS, **dict.fromkeys(("open", "high", "low", "close"), price), volume=volume,
        fresh=np.ones(2, dtype=bool), inputs=np.empty(0), inputs_fresh=np.empty(0, dtype=bool),
        chains=(replace(made, spot=spot * unit, strike=made.strike * unit, **quotes),),
    )  # fmt: skip


def contract(strike, quantity, is_call=True, **changes):
    values = {
        "name": f"A{'C' if is_call else 'P'}{strike:g}", "chain": 0, "underlying": 0, "strike": float(strike),
        "expiry_ns": EXPIRY_DAY * DAY_NS, "is_call": is_call, "multiplier": 100.0, "quantity": quantity,
    }  # fmt: skip
    return HeldContract(**(values | changes))

"""The watched market with options that are quoted at what they are worth, and a firm that counts some of them."""

from dataclasses import replace
from typing import Any

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from tests.firm_runs import ALL_RISK
from tests.watched_market import WATCHES, WatchedMarket, flat, watched_market

RATE = 0.01
SOON, LATER = "A120109C00100000.US", "A120217C00100000.US"
"""Calls at 100, of which the first expires in the fourth of eight sessions."""
OFF = dict.fromkeys(("max_delta", "max_gamma", "max_vega", "max_theta"), "off")
STRESS: dict[str, Any] = {"risk.stress": ALL_RISK["risk.stress"] | {"max_loss": 1.0}}
WIDE: dict[str, Any] = WATCHES | STRESS | {"risk.max_position": 1.0}


def held_market(seed: int = 7) -> WatchedMarket:
    """Return the market of `watched_market`, A around 100, with options worth their value at a volatility from 0.3."""
    market = watched_market(seed)
    factor = 100 / float(market.bars["A"].close[0])
    bars = market.bars | {"A": _scaled(market.bars["A"], factor)}
    sides = {
        (name, side): _scaled(columns, factor) if name == "A.US" else columns
        for (name, side), columns in market.sides.items()
    }
    market = replace(market, bars=bars, sides=sides)
    return replace(market, sides={key: _priced(market, *key, columns) for key, columns in sides.items()})


def _scaled(bars: BarColumns, factor: float) -> BarColumns:
    prices = {name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")}
    return replace(bars, **prices).rounded()


def _priced(market: WatchedMarket, name: str, side: str, bars: BarColumns) -> BarColumns:
    contract = market.contracts.get(name)
    if contract is None or contract.strike is None:
        return bars
    underlying = market.bars["A"]
    expiry_ns = int(np.datetime64(contract.expiration[:-1], "ns").astype(np.int64))
    bars = bars.take(bars.ts_close_ns < expiry_ns)
    n, days = len(bars), (bars.ts_close_ns - underlying.ts_close_ns[0]) / DAY_NS
    options = Options(
        spot=underlying.close[np.searchsorted(underlying.ts_close_ns, bars.ts_close_ns)],
        strike=np.full(n, float(contract.strike)),
        years=(expiry_ns - bars.ts_close_ns) / (365 * DAY_NS),
        rate=RATE,
        carry=np.full(n, RATE),
        is_call=np.full(n, contract.right == "call"),
    )
    value = american_value(options, 0.3 + 0.01 * days).price
    half_spread = 0.01 + 0.01 * value
    price = np.maximum(value + (half_spread if side == "ASK" else -half_spread), 0.01)
    return flat(bars.ts_open_ns, bars.ts_close_ns, price, bars.volume)


def holding(
    quantities: dict[str, int], position: dict[str, Any] | None = None, portfolio: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return changes of a configuration that hold options, with limits where they are given."""
    held = [{"contract": name, "quantity": quantity} for name, quantity in quantities.items()]
    limits = {"position": OFF | (position or {}), "portfolio": OFF | (portfolio or {})}
    return WIDE | {"risk.greeks": {"rate_per_year": RATE, "held": held, **limits}}

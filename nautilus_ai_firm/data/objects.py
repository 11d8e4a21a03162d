"""Turns checked columns into the engine's bars, opening ticks and instruments, in bulk."""

from itertools import repeat

import numpy as np
from nautilus_trader.model import (
    FIXED_PRECISION,
    AggressorSide,
    Bar,
    BarType,
    Currency,
    CustomData,
    Equity,
    IndexInstrument,
    InstrumentId,
    Price,
    Quantity,
    Symbol,
    TradeId,
    TradeTick,
)

from nautilus_ai_firm.data.columns import PRICE_PRECISION, BarColumns, Floats, ObservationColumns, Times
from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE, Listing
from nautilus_ai_firm.data.observation import observation

OPENING_TICK_DELAY_NS = 1_000
"""An opening tick stands this long after its bar's start, so at least this long after the close before it."""

_TICKS_PER_UNIT = 10**PRICE_PRECISION
_PRICE_SCALE = 10 ** (FIXED_PRECISION - PRICE_PRECISION)
_QUANTITY_SCALE = 10**FIXED_PRECISION


def bar_type_id(instrument_id: str, bar: str) -> str:
    """Name of a bar series: `AAPL.US` and `1-DAY` give `AAPL.US-1-DAY-LAST-EXTERNAL`."""
    return f"{instrument_id}-{bar}-LAST-EXTERNAL"


def opening_tick_times(bars: BarColumns) -> Times:
    """When the opening tick of each bar happens, nanoseconds UTC, shape (n_bars,)."""
    return bars.ts_open_ns + OPENING_TICK_DELAY_NS


def bar_objects(bar_type: str, bars: BarColumns) -> list[Bar]:
    """Bars stamped at their close, prices exact at `PRICE_PRECISION` decimals."""
    closes = bars.ts_close_ns.tolist()
    volumes = [
        Quantity.from_raw(units * _QUANTITY_SCALE, 0) for units in np.rint(bars.volume).astype(np.int64).tolist()
    ]
    return list(
        map(
            Bar,
            repeat(BarType.from_str(bar_type)),
            _prices(bars.open),
            _prices(bars.high),
            _prices(bars.low),
            _prices(bars.close),
            volumes,
            closes,
            closes,
        )
    )


def opening_tick_objects(instrument_id: str, bars: BarColumns) -> list[TradeTick]:
    """One tick a bar: its open price, a fixed size, no aggressor, an id made of its time."""
    times = opening_tick_times(bars).tolist()
    return list(
        map(
            TradeTick,
            repeat(InstrumentId.from_str(instrument_id)),
            _prices(bars.open),
            repeat(Quantity.from_int(OPENING_TICK_SIZE)),
            repeat(AggressorSide.NO_AGGRESSOR),
            [TradeId(f"OPEN-{time}") for time in times],
            times,
            times,
        )
    )


def observation_objects(series: str, observations: ObservationColumns) -> list[CustomData]:
    """Observations stamped with the end of their period and their publication."""
    return [
        observation(series, value, ts_event, ts_init)
        for value, ts_event, ts_init in zip(
            observations.value.tolist(),
            observations.ts_event_ns.tolist(),
            observations.ts_init_ns.tolist(),
            strict=True,
        )
    ]


def instrument_object(instrument_id: str, listing: Listing) -> Equity | IndexInstrument:
    """Make the engine's instrument: whole units, prices at `PRICE_PRECISION` decimals."""
    identity = InstrumentId.from_str(instrument_id)
    symbol = Symbol(identity.symbol.value)
    currency = Currency.from_str(listing.currency)
    increment = Price.from_raw(_PRICE_SCALE, PRICE_PRECISION)
    if listing.instrument_class == "Equity":
        return Equity(identity, symbol, currency, PRICE_PRECISION, increment, 0, 0, lot_size=Quantity.from_int(1))
    return IndexInstrument(identity, symbol, currency, PRICE_PRECISION, 0, increment, Quantity.from_int(1), 0, 0)


def _prices(values: Floats) -> list[Price]:
    ticks = np.rint(values * _TICKS_PER_UNIT).astype(np.int64).tolist()
    return [Price.from_raw(tick * _PRICE_SCALE, PRICE_PRECISION) for tick in ticks]

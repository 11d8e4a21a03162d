"""Turns checked columns into the engine's bars, opening ticks and instruments, in bulk."""

from datetime import datetime
from itertools import repeat
from typing import Literal

import numpy as np
from nautilus_trader.model import (
    FIXED_PRECISION,
    AggressorSide,
    AssetClass,
    Bar,
    BarType,
    Currency,
    CurrencyPair,
    CustomData,
    Equity,
    FuturesContract,
    IndexInstrument,
    InstrumentId,
    OptionContract,
    OptionKind,
    Price,
    Quantity,
    Symbol,
    TradeId,
    TradeTick,
)

from nautilus_ai_firm.data.columns import PRICE_PRECISION, BarColumns, Floats, ObservationColumns, Times
from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE, Contract, Listing
from nautilus_ai_firm.data.observation import observation
from nautilus_ai_firm.durations import SECOND_NS

OPENING_TICK_DELAY_NS = 1_000
"""An opening tick stands this long after its bar's start, so at least this long after the close before it."""

_QUANTITY_SCALE = 10**FIXED_PRECISION


type PriceType = Literal["LAST", "BID", "ASK", "MID"]
"""Which price a bar is made of: of trades, of one side of the quotes, or of their middle."""

type Instrument = Equity | IndexInstrument | FuturesContract | OptionContract | CurrencyPair


def bar_type_id(instrument_id: str, bar: str, price_type: PriceType = "LAST") -> str:
    """Name of a bar series: `AAPL.US` and `1-DAY` give `AAPL.US-1-DAY-LAST-EXTERNAL`."""
    return f"{instrument_id}-{bar}-{price_type}-EXTERNAL"


def opening_tick_times(bars: BarColumns) -> Times:
    """When the opening tick of each bar happens, nanoseconds UTC, shape (n_bars,)."""
    return bars.ts_open_ns + OPENING_TICK_DELAY_NS


def bar_objects(bar_type: str, bars: BarColumns, precision: int = PRICE_PRECISION) -> list[Bar]:
    """Bars stamped at their close, prices exact at `precision` decimals."""
    closes = bars.ts_close_ns.tolist()
    volumes = [
        Quantity.from_raw(units * _QUANTITY_SCALE, 0) for units in np.rint(bars.volume).astype(np.int64).tolist()
    ]
    return list(
        map(
            Bar,
            repeat(BarType.from_str(bar_type)),
            _prices(bars.open, precision),
            _prices(bars.high, precision),
            _prices(bars.low, precision),
            _prices(bars.close, precision),
            volumes,
            closes,
            closes,
        )
    )


def opening_tick_objects(instrument_id: str, bars: BarColumns, precision: int = PRICE_PRECISION) -> list[TradeTick]:
    """One tick a bar: its open price, a fixed size, no aggressor, an id made of its time."""
    times = opening_tick_times(bars).tolist()
    return list(
        map(
            TradeTick,
            repeat(InstrumentId.from_str(instrument_id)),
            _prices(bars.open, precision),
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
        observation(series, value, source, ts_event, ts_init)
        for value, source, ts_event, ts_init in zip(
            observations.value.tolist(),
            np.asarray(observations.source).tolist(),
            observations.ts_event_ns.tolist(),
            observations.ts_init_ns.tolist(),
            strict=True,
        )
    ]


def instrument_object(instrument_id: str, listing: Listing) -> Instrument:
    """Make the engine's instrument: whole units, prices at the decimals of its listing."""
    identity = InstrumentId.from_str(instrument_id)
    symbol = Symbol(identity.symbol.value)
    currency = Currency.from_str(listing.currency)
    precision = listing.price_precision
    increment = Price.from_str(listing.price_increment)
    one = Quantity.from_int(1)
    if listing.contract is not None:
        return _contract_object(identity, listing, listing.contract)
    if listing.instrument_class == "Equity":
        return Equity(identity, symbol, currency, precision, increment, 0, 0, lot_size=one)
    if listing.instrument_class == "CurrencyPair":
        base = Currency.from_str(listing.base_currency)
        return CurrencyPair(identity, symbol, base, currency, precision, 0, increment, one, 0, 0, lot_size=one)
    return IndexInstrument(identity, symbol, currency, precision, 0, increment, one, 0, 0)


def _contract_object(identity: InstrumentId, listing: Listing, contract: Contract) -> FuturesContract | OptionContract:
    expiration_ns = int(datetime.fromisoformat(contract.expiration).timestamp()) * SECOND_NS
    precision = listing.price_precision
    stated = {
        "instrument_id": identity,
        "raw_symbol": Symbol(identity.symbol.value),
        "asset_class": AssetClass.from_str(contract.asset_class),
        "underlying": contract.underlying,
        "activation_ns": 0,  # unknown to every source at hand: listed since always
        "expiration_ns": expiration_ns,
        "currency": Currency.from_str(listing.currency),
        "price_precision": precision,
        "price_increment": Price.from_str(listing.price_increment),
        "multiplier": Quantity.from_str(contract.multiplier),
        "lot_size": Quantity.from_int(1),
        "ts_event": 0,
        "ts_init": 0,
    }
    if contract.right is None:
        return FuturesContract(**stated)
    return OptionContract(
        **stated,
        option_kind=OptionKind.CALL if contract.right == "call" else OptionKind.PUT,
        strike_price=Price.from_str(contract.strike or ""),
    )


def _prices(values: Floats, precision: int) -> list[Price]:
    ticks = np.rint(values * 10**precision).astype(np.int64).tolist()
    scale = 10 ** (FIXED_PRECISION - precision)
    return [Price.from_raw(tick * scale, precision) for tick in ticks]

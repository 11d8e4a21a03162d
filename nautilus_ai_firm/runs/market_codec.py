"""Market data as the engine delivers it <-> JSON that gives back equal objects, decimals and precisions included."""

import math
from typing import Any, cast

import msgspec
from nautilus_trader.model import Bar, CustomData, DataType, QuoteTick, TradeTick

from nautilus_ai_firm.data.best_quote import BestQuote
from nautilus_ai_firm.data.notice import NewsHeadline, ScheduledEvent
from nautilus_ai_firm.data.observation import MacroObservation
from nautilus_ai_firm.runs.codec import CodecError

type MarketData = Bar | TradeTick | QuoteTick | CustomData

OWN = {cls.__name__: cls for cls in (Bar, TradeTick, QuoteTick)}
CUSTOM = {cls.__name__: cast("Any", cls) for cls in (MacroObservation, ScheduledEvent, NewsHeadline, BestQuote)}


def encode_market(record: str, data: MarketData) -> bytes:
    """Write a market event as one line of JSON.

    Raises
    ------
    CodecError
        Another kind of market data than bars, trades, quotes and the custom data of `data/`, or an infinite figure.

    """
    if isinstance(data, CustomData):
        text = msgspec.json.encode(_custom(data))
    elif type(data).__name__ in OWN:
        text = data.to_json_bytes()
    else:
        raise CodecError(f"{record}: {type(data).__name__} (allowed: {', '.join([*OWN, *CUSTOM])})")
    return b'{"record":"%s","data":%s}' % (record.encode(), text)


def decode_market(raw: dict[str, Any]) -> MarketData:
    """Read a market event back.

    Raises
    ------
    CodecError
        An unknown kind of market data, or a value that its class refuses.

    """
    name = raw.get("type")
    try:
        if name in OWN:
            return OWN[name].from_dict(raw)
        if name in CUSTOM:
            values = {key: math.nan if value is None else value for key, value in raw.items()}
            return CustomData(DataType(name), CUSTOM[name].from_dict(values))
    except (KeyError, TypeError, ValueError) as error:
        raise CodecError(f"{name}: {type(error).__name__}: {error}") from None
    raise CodecError(f"{name!r} is no market data (allowed: {', '.join([*OWN, *CUSTOM])})")


def _custom(data: CustomData) -> dict[str, Any]:
    kind = data.data_type
    if kind.type_name not in CUSTOM or kind.metadata or kind.identifier is not None:
        raise CodecError(f"custom data {kind.type_name} (allowed: {', '.join(CUSTOM)}, without metadata or identifier)")
    values = cast("dict[str, Any]", data.data.to_dict())
    for key, value in values.items():
        if isinstance(value, float) and math.isinf(value):
            whose = values.get("series") or values.get("instrument_id")
            raise CodecError(f"{whose} at {data.ts_init}: {key} {value} is infinite")
    return values

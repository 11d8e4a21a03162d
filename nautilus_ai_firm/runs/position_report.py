"""Fills of a session -> the engine's report of its positions, without what was not recorded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pandas as pd
from nautilus_trader.analysis import ReportProvider
from nautilus_trader.model import (
    CurrencyPair,
    Equity,
    FuturesContract,
    IndexInstrument,
    InstrumentId,
    OptionContract,
    Position,
    PositionId,
)

from nautilus_ai_firm.messages import OrderRecord
from nautilus_ai_firm.runs.engine_events import fill_of

UNKNOWN = ("position_id", "trader_id", "strategy_id", "account_id", "venue_order_ids", "trade_ids")
"""Columns of the engine's report of which the firm's records say nothing."""
CLASSES = {cls.__name__: cls for cls in (Equity, IndexInstrument, FuturesContract, OptionContract, CurrencyPair)}
CENT = Decimal("0.01")


def instruments_of(raw: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Make instruments of what their `to_dict` wrote, by id.

    Raises
    ------
    KeyError
        A class that the data room does not make.

    """
    made = [CLASSES[values["type"]].from_dict(dict(values)) for values in raw]
    return {str(instrument.id): instrument for instrument in made}


def position_report(fills: Sequence[OrderRecord], instruments: Mapping[str, Any]) -> pd.DataFrame:
    """Report every position; a fill through zero closes one and opens the next.

    Parameters
    ----------
    fills : sequence of OrderRecord
        Fills in order of arrival.
    instruments : mapping
        The engine's instruments, by id.

    """
    held: dict[str, list[Position]] = {}
    for number, fill in enumerate(fills):
        _fill(held.setdefault(fill.instrument_id, []), instruments[fill.instrument_id], fill, number)
    last = [positions[-1] for positions in held.values()]
    closed_before = [position for positions in held.values() for position in positions[:-1]]
    report = ReportProvider.generate_positions_report(last, closed_before)
    return report.reset_index().drop(columns=list(UNKNOWN), errors="ignore")


def _fill(positions: list[Position], instrument: Any, fill: OrderRecord, number: int) -> None:
    open_ = positions[-1] if positions and positions[-1].is_open else None
    held = Decimal(0) if open_ is None else open_.quantity.as_decimal()
    if open_ is None:
        name = PositionId(f"{InstrumentId.from_str(fill.instrument_id)}-{len(positions) + 1:06d}")
        positions.append(Position(instrument, fill_of(fill, number, name)))
    elif open_.is_opposite_side(fill_of(fill, number).order_side) and fill.quantity > held:
        closing, opening = _split(fill, held)
        open_.apply(fill_of(closing, number, open_.id))
        _fill(positions, instrument, opening, number)
    else:
        open_.apply(fill_of(fill, number, open_.id))


def _split(fill: OrderRecord, held: Decimal) -> tuple[OrderRecord, OrderRecord]:
    """Split a fill through zero; the commission goes with the quantity, the odd cent with what opens."""
    commission = fill.commission or Decimal(0)
    part = (commission * held / fill.quantity).quantize(CENT, ROUND_HALF_EVEN)
    return (
        replace(fill, quantity=held, commission=part),
        replace(fill, quantity=fill.quantity - held, commission=commission - part),
    )

"""Turns the names of LEAN's contract files into instruments: one a futures expiry, one an option contract."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from nautilus_ai_firm.data.contract_names import future_name, option_name
from nautilus_ai_firm.data.definitions import Definitions
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.lean.batches import Batch
from nautilus_ai_firm.data.manifest import Listing

_FUTURE = re.compile(r"_(\d{4})(0[1-9]|1[0-2])(?:\d\d)?\.csv$")
_OPTION = re.compile(r"_(call|put)_(\d+)_(\d{8})\.csv$")
_STRIKE_UNIT = 10_000


def contract_of(batch: Batch, venue: str, definitions: Definitions, origin: str, name: str) -> tuple[str, Listing]:
    """Instrument of one member of a zip.

    Parameters
    ----------
    batch : Batch
        Futures or options whose product is defined.
    venue : str
        Venue of the instruments.
    definitions : Definitions
        Where the product is defined.
    origin, name : str
        The member, for an error and for its parts: `20131006_es_minute_trade_201312.csv`,
        `aapl_quote_american_call_6450000_20140621.csv` (strike times 10,000).

    Raises
    ------
    DataError
        If the name holds no expiry, strike or right, or no such date.

    """
    product = f"{batch.symbol}.{venue}"
    if batch.asset == "future":
        found = _FUTURE.search(name)
        future = definitions.future(product)
        if found is None or future is None:
            raise DataError(f"{origin}: name {name} (allowed: …_YYYYMM.csv)")
        instrument_id = future_name(batch.symbol, int(found[1]), int(found[2]), venue)
        symbol = instrument_id.rpartition(".")[0]
        return instrument_id, future.contract(symbol[-3], int(symbol[-2:]))
    found = _OPTION.search(name)
    option = definitions.option(product)
    if found is None or option is None:
        raise DataError(f"{origin}: name {name} (allowed: …_call_6450000_YYYYMMDD.csv or put)")
    try:
        expiry = datetime.strptime(found[3], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise DataError(f"{origin}: expiry {found[3]} (allowed: YYYYMMDD)") from error
    right = "call" if found[1] == "call" else "put"
    strike = Decimal(int(found[2])) / _STRIKE_UNIT
    if not strike:
        raise DataError(f"{origin}: strike 0 (allowed: above 0)")
    return option_name(batch.symbol, expiry, right, strike, venue), option.contract(right, expiry, strike)

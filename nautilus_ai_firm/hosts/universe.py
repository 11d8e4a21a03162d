"""Settings and catalog -> the universe: which series the firm trades and watches, and on which calendar."""

from collections.abc import Sequence

import numpy as np
from nautilus_trader.model import BarType, Currency, InstrumentId

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.objects import Instrument, bar_type_id
from nautilus_ai_firm.settings import ConfigError, Firm

SESSION_MINUTES = 390  # a regular session of the exchanges at hand
SESSIONS_PER_YEAR = 252
MINUTES = {"MINUTE": 1, "HOUR": 60, "DAY": SESSION_MINUTES}


def bar_names(firm: Firm) -> list[str]:
    """Series names of the universe's decision bars, in the order of the configuration."""
    return [bar_type_id(name, firm.market.bar) for name in firm.instrument_ids]


def input_names(firm: Firm) -> list[str]:
    """Series names of the inputs: a bar type for an instrument id, the name itself for a macro series."""
    return [bar_type_id(name, firm.market.bar) if "." in name else name for name in firm.market.inputs]


def universe_of(firm: Firm, catalog: Catalog, source: str) -> Universe:
    """Check what the configuration names against what the catalog holds.

    Raises
    ------
    CatalogError
        An unknown series.
    ConfigError
        An instrument that may not be traded, a future or an option that has an order limit, another calendar, or more
        than one venue.

    """
    records = [catalog.record(name) for name in bar_names(firm)]
    for instrument, record in zip(firm.market.universe, records, strict=True):
        if not isinstance(record, BarRecord) or not record.listing.tradable:
            raise ConfigError(f"{source}: market.universe names {record.name}, which is an input and not tradable")
        limits = {instrument.max_order_value, instrument.max_order_volume} - {None}
        if record.listing.contract is not None and limits:  # a weight would be sized without the multiplier
            raise ConfigError(
                f"{source}: market.universe names {record.name}, {record.listing.contract.multiplier} units a contract "
                "(allowed: shares and currency pairs; the desks do not size contracts, so one may be looked at "
                "without max_order_value and max_order_volume, and no order in it can leave)"
            )
        if record.listing.calendar != firm.market.calendar:
            raise ConfigError(
                f"{source}: market.calendar is {firm.market.calendar}, but {record.name} trades on "
                f"{record.listing.calendar}"
            )
    venues = sorted({str(InstrumentId.from_str(name).venue) for name in firm.instrument_ids})
    if len(venues) > 1:
        raise ConfigError(f"{source}: market.universe spans venues {', '.join(venues)}; one account covers one venue")
    for name in input_names(firm):
        catalog.record(name)  # refuses one that it does not know
    return universe_with(firm, catalog.instruments(bar_names(firm)))


def universe_with(firm: Firm, instruments: Sequence[Instrument]) -> Universe:
    """Make the universe of a configuration that was checked, from its instruments in the order of the configuration."""
    instrument_ids = tuple(InstrumentId.from_str(name) for name in firm.instrument_ids)
    minutes = bar_minutes(firm.market.bar)
    return Universe(
        instrument_ids=instrument_ids,
        names=firm.instrument_ids,
        bar_types=tuple(BarType.from_str(name) for name in bar_names(firm)),
        lot_sizes=np.array([_lot(instrument) for instrument in instruments], dtype=np.int64),
        inputs=firm.market.inputs,
        input_bar_types={
            name: BarType.from_str(series)
            for name, series in zip(firm.market.inputs, input_names(firm), strict=True)
            if series != name
        },
        venue=instrument_ids[0].venue,
        currency=Currency.from_str(firm.venue.currency),
        bar_minutes=minutes,
        bars_per_year=SESSIONS_PER_YEAR * -(-SESSION_MINUTES // minutes),
    )


def bar_minutes(bar: str) -> int:
    """Minutes of a bar, `1-HOUR`; of a day those of a regular session."""
    step, unit = bar.split("-")
    return int(step) * MINUTES[unit]


def _lot(instrument: Instrument) -> int:
    return 1 if instrument.lot_size is None else int(instrument.lot_size.as_decimal())

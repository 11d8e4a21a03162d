"""Fills and the market -> the first fill at a price that was made before its decision, or before it was committed.

Another future does not show this: a fill at the close that was decided on uses nothing that is not known at that close.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.objects import bar_type_id, opening_tick_times
from nautilus_ai_firm.messages import OrderRecord
from nautilus_ai_firm.research.lookahead.findings import Leak, Method

DECIDED = "R"
"""What the ids of the decisions of rounds begin with."""


def first_early_fill(
    fills: Sequence[OrderRecord],
    decided_ns: Mapping[str, int],
    catalog: Catalog,
    bar: str,
    committed_ns: Mapping[str, int] | None = None,
) -> Leak | None:
    """Find the first fill that is not at the last opening price, or whose opening is not after its decision.

    A fill of a closing auction is at the close of the bar that ends then, after it was committed.

    Parameters
    ----------
    fills : sequence of OrderRecord
        Fills of a run; those of orders that nobody decided in a round, stops and the like, fill within bars and are not
        looked at.
    decided_ns : mapping of str to int
        When each decision was taken, nanoseconds UTC, by its id.
    catalog : Catalog
        The market that the run was in.
    bar : str
        Size of the decision bars.
    committed_ns : mapping of str to int, optional
        When each order for a closing auction was committed, nanoseconds UTC, by its id.

    """
    series = {name: _bars(catalog, bar_type_id(name, bar)) for name in sorted({fill.instrument_id for fill in fills})}
    for fill in sorted(fills, key=lambda one: (one.ts_event, one.instrument_id, one.client_order_id)):
        if not fill.decision_id.startswith(DECIDED):
            continue
        bars, precision = series[fill.instrument_id]
        times, prices = opening_tick_times(bars), bars.open
        committed = (committed_ns or {}).get(fill.client_order_id)
        if committed is not None and _is_closing(fill, bars, precision, committed):
            continue
        place = int(np.searchsorted(times, fill.ts_event, side="right")) - 1
        decided = decided_ns[fill.decision_id]
        opened = int(times[place]) if place >= 0 else 0
        price = float(prices[place]) if place >= 0 else np.nan
        if opened > decided and abs(float(fill.price or 0) - price) < 0.5 * 10.0**-precision:
            continue
        return Leak(
            method=Method.FILLS,
            ts_ns=fill.ts_event,
            round=fill.round,
            desk="venue",
            who=(f"{fill.client_order_id} of {fill.instrument_id}",),
            detail=f"filled at {fill.price}, decided at {utc(decided)}; the last opening is {price:g} at {utc(opened)}",
        )
    return None


def _is_closing(fill: OrderRecord, bars: BarColumns, precision: int, committed: int) -> bool:
    place = int(np.searchsorted(bars.ts_close_ns, fill.ts_event))
    if place == len(bars) or bars.ts_close_ns[place] != fill.ts_event:
        return False
    return fill.ts_event > committed and abs(float(fill.price or 0) - bars.close[place]) < 0.5 * 10.0**-precision


def _bars(catalog: Catalog, name: str) -> tuple[BarColumns, int]:
    (instrument,) = catalog.instruments([name])
    return catalog.bar_columns(name), instrument.price_precision

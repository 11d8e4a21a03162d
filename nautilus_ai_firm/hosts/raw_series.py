"""Series of a universe and a window -> nothing, a caveat, or a refusal, where prices are as traded.

A raw price halves at a 2:1 split, but nothing doubles the position: until corporate actions change position and cash,
a raw series is for research between two actions. Where nobody knows the actions, the prices are asked: one that jumps
from a close to the next open as at a split stops the run, and any other run says loudly what it does not know.
"""

from collections.abc import Callable, Iterable

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.manifest import BarRecord, Record
from nautilus_ai_firm.settings import ConfigError

RAW_PRICES = "raw prices: "
"""How a caveat begins, so that a report can show it where it is seen."""

SPLIT_JUMP = 1.4
"""Ratio of an open to the close before it, or the other way round, that looks like a split: 3 for 2 is 1.5."""


def raw_series_caveats(
    records: Iterable[Record],
    first: np.datetime64,
    last: np.datetime64,
    source: str,
    bars_of: Callable[[str], BarColumns],
) -> tuple[str, ...]:
    """Refuse a raw series that crosses a corporate action, or seems to, and name those of which nobody knows.

    Parameters
    ----------
    records : iterable of Record
        Series that the firm trades.
    first, last : datetime64
        Local dates of the first and last session of the run.
    source : str
        The configuration, for the message.
    bars_of : callable
        The bars of a series in the run's window, history included.

    Returns
    -------
    tuple of str
        One line for each raw series whose actions are unknown, or that has none because whoever added it says so: the
        run is made, and says so too.

    Raises
    ------
    ConfigError
        Naming series, date and factors of the first action after the first session; or, where actions are unknown,
        the first jump that looks like a split.

    """
    caveats: list[str] = []
    for record in records:
        if not isinstance(record, BarRecord) or record.provenance.adjustment != "raw":
            continue
        if record.actions_unknown:
            _refuse_jump(record, bars_of(record.name), source)
            caveats.append(f"{RAW_PRICES}splits and dividends of {record.name} are unknown, and not modelled")
        if record.provenance.actions_stated:
            caveats.append(f"{RAW_PRICES}{record.name} has no splits or dividends by its owner's word alone")
        for action in record.provenance.actions or ():
            # an action on the first session itself is over before the first decision
            if first < np.datetime64(action.date, "D") <= last:
                raise ConfigError(
                    f"{source}: market.universe trades {record.name}, which is raw, from {first} to {last}, across a "
                    f"corporate action on {action.date} (price factor {action.price_factor:g}, split factor "
                    f"{action.split_factor:g}) (allowed: a window without one, or an adjusted series)"
                )
    return tuple(caveats)


def _refuse_jump(record: BarRecord, bars: BarColumns, source: str) -> None:
    ratio = bars.open[1:] / bars.close[:-1]
    jumps = np.flatnonzero(np.maximum(ratio, 1 / ratio) >= SPLIT_JUMP)
    if len(jumps):
        place = int(jumps[0]) + 1
        at, before, after = utc(int(bars.ts_open_ns[place])), bars.close[place - 1], bars.open[place]
        raise ConfigError(
            f"{source}: market.universe trades {record.name}, raw with splits and dividends unknown, and it opens at "
            f"{after:g} on {at} after a close at {before:g}, as at a split "
            "(allowed: an adjusted series, a window without the jump, or a series added with --no-actions)"
        )

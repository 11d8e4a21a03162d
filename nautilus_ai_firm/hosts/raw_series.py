"""Series of a universe and a window -> nothing, a caveat, or a refusal, where prices are as traded.

A raw price halves at a 2:1 split, but nothing doubles the position: until corporate actions change position and cash, a
raw series is for research between two actions, and one of which nobody knows the actions is not traded at all: a split
that is missed is a profit or a loss that never was.
"""

from collections.abc import Iterable

import numpy as np

from nautilus_ai_firm.data.manifest import BarRecord, Record
from nautilus_ai_firm.settings import ConfigError

RAW_PRICES = "raw prices: "
"""How a caveat begins, so that a report can show it where it is seen."""


def raw_series_caveats(
    records: Iterable[Record], first: np.datetime64, last: np.datetime64, source: str
) -> tuple[str, ...]:
    """Refuse a raw series that crosses a corporate action, or may, and name those that do not by someone's word alone.

    Parameters
    ----------
    records : iterable of Record
        Series that the firm trades.
    first, last : datetime64
        Local dates of the first and last session of the run.
    source : str
        The configuration, for the message.

    Returns
    -------
    tuple of str
        One line for each raw series that has no corporate actions because whoever added it says so: the run is made,
        and says so too.

    Raises
    ------
    ConfigError
        Naming series, date and factors of the first action after the first session, or the series whose actions are
        unknown.

    """
    caveats: list[str] = []
    unknown: list[str] = []
    for record in records:
        if not isinstance(record, BarRecord) or record.provenance.adjustment != "raw":
            continue
        if record.actions_unknown:
            unknown.append(record.name)
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
    if unknown:
        raise ConfigError(
            f"{source}: market.universe trades {', '.join(unknown)}, raw with splits and dividends unknown, so one may "
            f"fall between {first} and {last} (allowed: an adjusted series, or one added with --no-actions)"
        )
    return tuple(caveats)

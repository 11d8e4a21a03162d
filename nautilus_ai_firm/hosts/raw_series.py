"""Series of a universe and a window -> nothing, a caveat, or a refusal, where prices are as traded.

A raw price halves at a 2:1 split, but nothing doubles the position: until corporate actions change position and cash, a
raw series is for research between two actions.
"""

from collections.abc import Iterable

import numpy as np

from nautilus_ai_firm.data.manifest import BarRecord, Record
from nautilus_ai_firm.settings import ConfigError


def raw_series_caveats(
    records: Iterable[Record], first: np.datetime64, last: np.datetime64, source: str
) -> tuple[str, ...]:
    """Refuse a raw series that crosses a corporate action, and name those of which nobody knows.

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
        One line for each raw series whose corporate actions are unknown: the run is made, and says so.

    Raises
    ------
    ConfigError
        Naming series, date and factors of the first action after the first session.

    """
    caveats: list[str] = []
    for record in records:
        if not isinstance(record, BarRecord) or record.provenance.adjustment != "raw":
            continue
        actions = record.provenance.actions
        if actions is None:
            caveats.append(f"splits and dividends of {record.name}: it is raw, and nobody stated whether it has any")
            continue
        for action in actions:
            # an action on the first session itself is over before the first decision
            if first < np.datetime64(action.date, "D") <= last:
                raise ConfigError(
                    f"{source}: market.universe trades {record.name}, which is raw, from {first} to {last}, across a "
                    f"corporate action on {action.date} (price factor {action.price_factor:g}, split factor "
                    f"{action.split_factor:g}) (allowed: a window without one, or an adjusted series)"
                )
    return tuple(caveats)

"""One round of a market that has closes and nothing else to look at."""

from typing import Any

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats, MarketSnapshot


def of_closes(round_: int, ts_event: int, close: Floats, fresh: Bools, **other: Any) -> MarketSnapshot:
    """Make the snapshot of bars that never moved, of one unit each; `other` says what differs."""
    prices: dict[str, Any] = {name: close.copy() for name in ("open", "high", "low", "close")}
    nothing: dict[str, Any] = {"inputs": np.empty(0), "inputs_fresh": np.empty(0, dtype=bool)}
    seen: dict[str, Any] = prices | {"volume": np.ones(len(close))} | nothing | other
    return MarketSnapshot(round=round_, ts_event=ts_event, fresh=fresh.copy(), **seen)

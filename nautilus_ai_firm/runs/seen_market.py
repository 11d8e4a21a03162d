"""What the firm saw of the market -> a running hash of it."""

from dataclasses import fields
from hashlib import sha256

import numpy as np

from nautilus_ai_firm.messages import MarketSnapshot


class SeenMarket:
    """Hashes every array of every round."""

    __slots__ = ("_sha256",)

    def __init__(self) -> None:
        self._sha256 = sha256()

    def snapshot(self, message: MarketSnapshot) -> None:
        """Count in a round; what it has none of, as quotes, adds nothing."""
        self._sha256.update(message.ts_event.to_bytes(8))
        for array in (message.open, message.high, message.low, message.close, message.volume, message.inputs):
            self._sha256.update(array.tobytes())
        for part in (message.quotes, message.events, *message.chains):
            for one in () if part is None else fields(part):
                value = getattr(part, one.name)
                self._sha256.update(value.encode() if isinstance(value, str) else np.asarray(value).tobytes())

    def sha256(self) -> str:
        """Return the hash of the rounds so far, hexadecimal."""
        return self._sha256.hexdigest()

"""Decisions and fills of a run -> the lines that its `result_sha256` is made of."""

import hashlib
from itertools import groupby
from operator import itemgetter

from nautilus_ai_firm.messages import ClearedDecision, OrderRecord


class ResultLines:
    """Keeps what a run did, and nothing of when or where it was run.

    Parameters
    ----------
    instrument_ids : tuple of str
        The universe, in the order of the arrays.

    """

    __slots__ = ("_fills", "_lines", "_names")

    def __init__(self, instrument_ids: tuple[str, ...]) -> None:
        self._names = instrument_ids
        self._fills = 0
        self._lines: list[tuple[int, int, str, int, str]] = []

    def cleared(self, message: ClearedDecision) -> None:
        """Keep the weights of a round as each desk left them."""
        risked, decision = message.risked, message.risked.decision
        ts, round_ = decision.ts_event, decision.round
        rows = (self._names, decision.weights.tolist(), risked.weights.tolist(), message.weights.tolist())
        self._lines += [
            (ts, round_, name, 0, f"decision,{decided.hex()},{left.hex()},{final.hex()}")
            for name, decided, left, final in zip(*rows, strict=True)
        ]

    def filled(self, message: OrderRecord) -> None:
        """Keep a fill."""
        self._fills += 1
        text = f"fill,{message.client_order_id},{message.side},{message.quantity},{message.price},{message.commission}"
        self._lines.append((message.ts_event, message.round, message.instrument_id, self._fills, text))

    def sha256(self) -> str:
        """Hash decisions and fills, in an order that does not depend on the order of arrival.

        Fills of one instrument and time are numbered among themselves: how fills of different instruments at one
        time interleave is the engine's affair.
        """
        digest = hashlib.sha256()
        for ts, lines in groupby(sorted(self._lines), key=itemgetter(0)):
            seen: dict[str, int] = {}
            for _, round_, name, _, text in lines:
                sequence = seen.get(name, 0)
                seen[name] = sequence + 1
                digest.update(f"{ts},{round_},{name},{sequence},{text}\n".encode())
        return digest.hexdigest()

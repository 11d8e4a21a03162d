"""Cleared decisions -> the lines of `decisions.jsonl`: one for a round with new weights or with a breach."""

from typing import BinaryIO

import msgspec
import numpy as np

from nautilus_ai_firm.messages import Breach, ClearedDecision, Floats


class DecisionLines:
    """Writes the rounds in which something changed.

    Parameters
    ----------
    file : binary file
        Where the lines go.
    instrument_ids : tuple of str
        The universe, in the order of the arrays.

    """

    __slots__ = ("_file", "_last_targets", "_names")

    def __init__(self, file: BinaryIO, instrument_ids: tuple[str, ...]) -> None:
        self._file = file
        self._names = instrument_ids
        self._last_targets: Floats = np.empty(0)

    def cleared(self, message: ClearedDecision) -> None:
        """Write the round down, where its weights are other than those of the round before or a limit was hit."""
        breaches = (*message.risked.breaches, *message.breaches)
        if breaches or message.weights.tobytes() != self._last_targets.tobytes():
            self._file.write(self._line(message, breaches) + b"\n")
        self._last_targets = message.weights

    def _line(self, message: ClearedDecision, breaches: tuple[Breach, ...]) -> bytes:
        risked, decision = message.risked, message.risked.decision
        return msgspec.json.encode(
            {
                "ts": decision.ts_event,
                "round": decision.round,
                "decision_id": decision.decision_id,
                "execution_ts": decision.execution_ts.tolist(),
                "equity": str(decision.equity),
                "instrument_ids": self._names,
                "current": decision.current.tolist(),
                "cio": decision.weights.tolist(),
                "risk": risked.weights.tolist(),
                "compliance": message.weights.tolist(),
                "contributions": dict(zip(decision.agents, decision.contributions.tolist(), strict=True)),
                "breaches": breaches,
            }
        )

"""What the agents said -> one table: a row for each agent, instrument and round."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from nautilus_ai_firm.messages import SignalEvent
from nautilus_ai_firm.runs.charges import TIME


def signals_table(signals: Sequence[SignalEvent], instrument_ids: tuple[str, ...]) -> pa.Table:
    """Make the table.

    Parameters
    ----------
    signals : sequence of SignalEvent
        In order of arrival, which is that of the rows.
    instrument_ids : tuple of str
        The universe, in the order of the arrays.

    """
    n, said = len(instrument_ids), np.arange(len(signals))
    return pa.table(
        {
            "ts": pa.array(np.repeat(np.array([one.ts_event for one in signals], np.int64), n), TIME),
            "agent": pa.array([one.agent for one in signals], pa.string()).take(said.repeat(n)),
            "instrument_id": pa.array(instrument_ids, pa.string()).take(np.tile(np.arange(n), len(said))),
            "score": _joined([signal.score for signal in signals]),
            "confidence": _joined([signal.confidence for signal in signals]),
        }
    )


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.empty(0)

"""Trials -> one Parquet, and the hash of what they showed."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from nautilus_ai_firm.research.sweeps.trial import Outcome
from nautilus_ai_firm.runs.charges import TIME

TABLE = "trials.parquet"
FIGURES = (
    "sharpe",
    "sortino",
    "cagr",
    "total_return",
    "volatility",
    "max_drawdown",
    "turnover",
    "fees",
    "half_spread_cost",
    "impact_cost",
    "financing",
    "traded_notional",
    "fills",
    "starting_equity",
    "ending_equity",
    "slippage_bps",
)
"""Figures of a trial, in the order of the columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A trial and what came of it, as the table has it.

    Attributes
    ----------
    phase : str
        The search or the tests that it belongs to.
    parameters : mapping of str to object
        Its values, by dotted path.
    outcome : Outcome
        What came of it.

    """

    phase: str
    parameters: Mapping[str, Any]
    outcome: Outcome


def result_sha256(rows: Iterable[Row], seed: int, catalog_sha256: str) -> str:
    """Hash what the trials showed, in their order; how long they took and who ran them is no part of it."""
    digest = hashlib.sha256(f"{seed},{catalog_sha256}\n".encode())
    for row in rows:
        one = row.outcome
        figures = {name: None if value is None else value.hex() for name, value in one.figures.items()}
        said = [
            row.phase,
            one.number,
            row.parameters,
            one.config_sha256,
            one.result_sha256,
            figures,
            hashlib.sha256(one.days).hexdigest(),
            hashlib.sha256(one.returns).hexdigest(),
            one.gross_at_end.hex(),
            one.error.partition(":")[0],  # its kind: the text may name files
        ]
        digest.update(msgspec.json.encode(said, order="sorted") + b"\n")
    return digest.hexdigest()


def write_table(folder: Path, rows: list[Row], seed: int, catalog_sha256: str) -> Path:
    """Write one row a trial: phase, number, each value, figures, hashes, daily returns, error and time.

    Parameters
    ----------
    folder : Path
        The sweep's; an older table in it gives way when the new one is complete.
    rows : list of Row
        In the order of the table.
    seed : int
        Of the sweep.
    catalog_sha256 : str
        The market data.

    """
    outcomes = [row.outcome for row in rows]
    columns: dict[str, pa.Array] = {
        "phase": pa.array([row.phase for row in rows], pa.string()),
        "trial": pa.array([one.number for one in outcomes], pa.int64()),
        "seed": pa.array([seed] * len(rows), pa.int64()),
        "parameters": pa.array([_text(dict(row.parameters)) for row in rows], pa.string()),
    }
    for path in dict.fromkeys(path for row in rows for path in row.parameters):
        columns[path] = _values([row.parameters.get(path) for row in rows])
    for name in FIGURES:
        columns[name] = pa.array([one.figures.get(name) for one in outcomes], pa.float64())
    columns |= {
        "gross_at_end": pa.array([one.gross_at_end for one in outcomes], pa.float64()),
        "config_sha256": pa.array([one.config_sha256 or None for one in outcomes], pa.string()),
        "catalog_sha256": pa.array([catalog_sha256] * len(rows), pa.string()),
        "result_sha256": pa.array([one.result_sha256 or None for one in outcomes], pa.string()),
        "error": pa.array([one.error or None for one in outcomes], pa.string()),
        "seconds": pa.array([one.seconds for one in outcomes], pa.float64()),
        "engine_seconds": pa.array([one.engine_seconds for one in outcomes], pa.float64()),
        "days": pa.array([one.ends_ns.view("datetime64[ns]") for one in outcomes], pa.list_(TIME)),
        "returns": pa.array([one.daily_returns for one in outcomes], pa.list_(pa.float64())),
    }
    path = folder / TABLE
    pending = path.with_suffix(".pending")
    pq.write_table(pa.table(columns), pending, compression="zstd")
    pending.replace(path)
    return path


def _values(values: list[Any]) -> pa.Array:
    """One type for a column: numbers and words as they are, everything else as JSON."""
    for kind, arrow in ((bool, pa.bool_()), (int, pa.int64()), (float, pa.float64()), (str, pa.string())):
        if all(value is None or type(value) is kind for value in values):
            return pa.array(values, arrow)
    if all(value is None or type(value) in {int, float} for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()

"""A finished run -> its folder: it grows under a hidden name and gets its own when it is complete."""

import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nautilus_ai_firm.messages import Failure
from nautilus_ai_firm.runs.audit import file_sha256
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.recorder import MESSAGES_FILE, RunRecorder

PACKAGES = ("nautilus_trader", "numpy", "pandas", "polars", "pyarrow", "exchange_calendars", "msgspec")
RANDOM_COLUMNS = ("init_id", "events", "adjustments")
"""Columns of the engine's reports that hold random ids, or repeat the fills: two equal runs leave equal folders."""
UUID = "-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
JOURNAL = "journal/session.jsonl"
"""Place of the journal of a session in its run folder."""
TABLES = ("fills", "orders", "positions", "equity", "signals", "financing", "risk", "execution")
YOUNGER = frozenset({"execution"})
"""Tables that older runs do not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that was read back: its folder and its summary."""

    folder: Path
    summary: dict[str, Any]

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the run's tables."""
        return pq.read_table(self.folder / f"{name}.parquet").to_pandas()


def new_folder(out: Path | None, name: str, parent: Path = Path("runs")) -> Path:
    """Choose the folder of a run: the given one, or the next free number under `runs/`.

    Raises
    ------
    RunError
        The given folder holds something already.

    """
    if out is None:
        taken = [int(path.name.rpartition("-")[2]) for path in parent.glob(f"{name}-[0-9][0-9][0-9][0-9]")]
        return parent / f"{name}-{max(taken, default=0) + 1:04d}"
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError(f"{out}: exists already; a run never overwrites another one")
    return out


def temporary_folder(folder: Path) -> Path:
    """Make the folder in which a run grows until it is complete."""
    temporary = folder.parent / f".{folder.name}.{os.getpid()}.incomplete"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    return temporary


def publish(temporary: Path, folder: Path) -> None:
    """Give a run its name; an empty folder of that name is replaced."""
    if folder.is_dir():
        folder.rmdir()
    temporary.rename(folder)


def discard(temporary: Path) -> None:
    """Remove what is left of a run that did not get its name."""
    shutil.rmtree(temporary, ignore_errors=True)


def write_tables(temporary: Path, tables: Mapping[str, pa.Table]) -> None:
    """Write every table as Parquet."""
    for name, table in tables.items():
        pq.write_table(table, temporary / f"{name}.parquet")


def versions() -> dict[str, str]:
    """Name the Python and the packages that a result depends on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def write_manifest(temporary: Path, config: str, ran_on: Mapping[str, str], inputs: Mapping[str, Any]) -> None:
    """Write the resolved configuration, and what it takes to run it again."""
    (temporary / "config.toml").write_bytes(config.encode())
    manifest = {
        "python": ran_on["python"],
        "packages": {name: said for name, said in ran_on.items() if name != "python"},
        **inputs,
    }
    (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def seal(temporary: Path, recorder: RunRecorder, journal: Path | None = None) -> None:
    """Close the audit chain over every file of the run, the journal of its session included."""
    names = [f"{name}.parquet" for name in TABLES] + ["decisions.jsonl", "config.toml", "manifest.json"]
    if (temporary / MESSAGES_FILE).is_file():
        names.append(MESSAGES_FILE)
    recorder.flush()
    anchors = {name: file_sha256(temporary / name) for name in names}
    if journal is not None:
        anchors[JOURNAL] = file_sha256(journal)
    recorder.audit.seal(anchors | {"market_data": recorder.market.sha256()})
    recorder.close()


def write_summary(temporary: Path, summary: Mapping[str, Any]) -> None:
    """Write `summary.json`."""
    (temporary / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def write_failure(temporary: Path, failed: Path, recorder: RunRecorder, failure: Failure) -> None:
    """Keep what a failed run recorded, with the failure, under `failed`; an older failure there gives way."""
    recorder.audit.write("failure", asdict(failure))
    recorder.close()
    (temporary / "failure.json").write_text(json.dumps(asdict(failure), indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(failed, ignore_errors=True)
    temporary.rename(failed)


def open_run(folder: Path) -> Run:
    """Read a run folder.

    Raises
    ------
    RunError
        The folder is not a complete run.

    """
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        if (folder / JOURNAL).is_file():
            raise RunError(f"{folder}: not sealed yet (seal it with: firm seal {folder})") from None
        raise RunError(f"{folder}: not a run folder, it has no summary.json") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{folder / 'summary.json'}: cannot be read: {error}") from None
    needed = (name for name in TABLES if name not in YOUNGER)
    missing = [name for name in needed if not (folder / f"{name}.parquet").is_file()]
    if missing:
        raise RunError(f"{folder}: incomplete, it has no {missing[0]}.parquet")
    return Run(folder=folder, summary=summary)


def report_table(report: pd.DataFrame | None, orders: Mapping[str, Mapping[str, Any]] | None = None) -> pa.Table:
    """Turn one of the engine's reports into a table, each order joined to its decision and its parent.

    Parameters
    ----------
    report : DataFrame or None
        The engine's report; None or empty where nothing was traded.
    orders : mapping, optional
        Decision and parent of each order, by client order id.

    """
    if report is None or report.empty:
        return pa.table({"decision_id": pa.array([], pa.string())})
    frame = report.reset_index().drop(columns=["index", *RANDOM_COLUMNS], errors="ignore")
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = [None if _is_missing(value) else str(value) for value in frame[name]]
    if "position_id" in frame:
        frame["position_id"] = frame["position_id"].str.replace(UUID, "", regex=True)
    if orders is not None:
        key = "client_order_id" if "client_order_id" in frame else "opening_order_id"
        facts = [orders.get(order_id, {}) for order_id in frame[key]]
        for name in ("decision_id", "parent_order_id", "parent_quantity", "parent_filled_quantity"):
            frame[name] = [fact.get(name) for fact in facts]
    return pa.Table.from_pandas(frame, preserve_index=False)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def refusal_rows(recorder: RunRecorder) -> Sequence[tuple[str, str, int]]:
    """Count refusals by desk and rule, most frequent first."""
    counted = sorted(recorder.refusals.items(), key=lambda item: (-item[1], item[0]))
    return [(desk, rule, count) for (desk, rule), count in counted]

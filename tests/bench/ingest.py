"""Speed of the data room: files to catalog, window queries of many series, and memory against the size of a file.

Prints a table. `--full` takes the memory figures on a CSV of 5 GB instead of one of 250 MB. Each measurement is a fresh
process, so that peak memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic

MINUTES = 1_000_000
SESSIONS = 2_570  # of 390 minutes, half days included: a million bars
INSTRUMENTS = 50
YEAR = 252
LARGE_MB, FULL_MB = 250, 5_000


def frame(bars: BarColumns) -> pl.DataFrame:
    """Bars as a table that any vendor might send, stamped at their close in UTC."""
    return pl.DataFrame(
        {
            "time": pl.Series(bars.ts_close_ns).cast(pl.Datetime("ns")),
            "open": bars.open,
            "high": bars.high,
            "low": bars.low,
            "close": bars.close,
            "volume": bars.volume.astype(np.int64),
        }
    )


def write_csv(path: Path) -> None:
    """Write a million minute bars."""
    bars = synthetic_bars(("AAA",), SESSIONS, "1-MINUTE")["AAA"].take(slice(0, MINUTES))
    frame(bars).write_csv(path, datetime_format="%Y-%m-%d %H:%M:%S")


def write_large_csv(path: Path, megabytes: int) -> int:
    """Write contiguous minutes round the clock until the file is so large, and return its rows."""
    rows_in_block, rows, minute = 500_000, 0, 60_000_000_000
    rng = np.random.default_rng(1)
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            close = 100 + np.round(np.cumsum(rng.standard_normal(rows_in_block)) * 0.001, 4)
            start = (np.arange(rows, rows + rows_in_block) + 1) * minute
            block = {"time": pl.Series(start).cast(pl.Datetime("ns")), "open": close, "high": close + 0.01}
            block |= {"low": close - 0.01, "close": close, "volume": np.full(rows_in_block, 1000)}
            pl.DataFrame(block).write_csv(
                file, include_header=not rows, float_precision=4, datetime_format="%Y-%m-%d %H:%M:%S"
            )
            rows += rows_in_block
    return rows


def write_lean(folder: Path) -> None:
    """Write a million minute bars as LEAN keeps them: a zip a day, milliseconds since midnight, deci-cents."""
    bars = synthetic_bars(("AAA",), SESSIONS, "1-MINUTE")["AAA"].take(slice(0, MINUTES))
    target = folder / "equity" / "usa" / "minute" / "aaa"
    target.mkdir(parents=True)
    local = pl.Series(bars.ts_open_ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone("America/New_York")
    table = pl.DataFrame(
        {
            "day": local.dt.strftime("%Y%m%d"),
            "time": (local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute()) * 60_000,
            **{name: (getattr(bars, name) * 10_000).round().astype(np.int64) for name in ("open", "high", "low")},
            "close": (bars.close * 10_000).round().astype(np.int64),
            "volume": bars.volume.astype(np.int64),
        }
    )
    for (day,), rows in table.partition_by("day", as_dict=True, maintain_order=True).items():
        with zipfile.ZipFile(target / f"{day}_trade.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{day}_aaa_minute_trade.csv", rows.drop("day").write_csv(include_header=False))


def add(*arguments: str) -> None:
    """Run `firm catalog add` and insist that it worked."""
    result = CliRunner().invoke(app, ["catalog", "add", *arguments])
    if result.exit_code:
        raise SystemExit(result.output)


def add_table(file: Path, catalog: Path, calendar: str) -> None:
    """Add a CSV of minutes."""
    where = ("--symbol", "AAA", "--venue", "XNAS", "--bar", "1-MINUTE", "--tz", "UTC", "--stamp", "end")
    add("table", str(file), *where, "--calendar", calendar, "--catalog", str(catalog))


def query(catalog: Path, sessions: int) -> None:
    """Read the last sessions of every series as the engine's objects."""
    reader = Catalog(catalog)
    names = reader.names()
    end = max(reader.last_close_before([name], 2**62) for name in names)
    window = reader.window(names, [], end - sessions * 86_400_000_000_000, end)
    if len(window.bars) < len(names):
        raise SystemExit(f"{len(window.bars)} bars in the window")


SIDES: dict[str, Callable[[Path, Path], None]] = {
    "csv": lambda source, catalog: add_table(source, catalog, "XNYS"),
    "large": lambda source, catalog: add_table(source, catalog, "24/7"),
    "lean": lambda source, catalog: add("lean", str(source), "--adjustment", "raw", "--catalog", str(catalog)),
    "day": lambda source, _: query(source, 1),
    "month": lambda source, _: query(source, 30),
    "year": lambda source, _: query(source, 366),
}


def measure(side: str, source: Path, catalog: Path) -> dict[str, float]:
    """Run one side in a fresh process: seconds of work without the start of Python, and its peak memory."""
    command = [sys.executable, __file__, side, str(source), str(catalog)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    return json.loads(done.stdout)


def main(*, full: bool) -> None:
    """Measure everything and print it."""
    table = Table(title="data room, fresh processes")
    for name in ("work", "rows", "seconds", "rows a second", "peak MB"):
        table.add_column(name, justify="left" if name == "work" else "right")

    def row(work: str, rows: int, figures: dict[str, float]) -> None:
        rate = f"{rows / figures['seconds']:,.0f}"
        table.add_row(work, f"{rows:,}", f"{figures['seconds']:.2f}", rate, f"{figures['peak_mb']:,.0f}")

    with tempfile.TemporaryDirectory() as name, Console(stderr=True).status("measuring") as status:
        folder = Path(name)
        write_csv(folder / "minutes.csv")
        first = measure("csv", folder / "minutes.csv", folder / "csv")
        row("CSV of minutes to catalog", MINUTES, first)
        row("the same again: nothing new", MINUTES, measure("csv", folder / "minutes.csv", folder / "csv"))
        status.update("LEAN zips")
        write_lean(folder / "lean")
        row("LEAN minute zips to catalog", MINUTES, measure("lean", folder / "lean", folder / "from_lean"))
        status.update("windows")
        year = synthetic_bars([f"S{number:02d}" for number in range(INSTRUMENTS)], YEAR, "1-MINUTE")
        write_synthetic(Catalog(folder / "year"), year, "1-MINUTE", "XNYS")
        bars = {"day": 390, "month": 21 * 390, "year": len(next(iter(year.values())))}
        for side, each in bars.items():
            row(
                f"last {side} of {INSTRUMENTS} x a year of minutes",
                INSTRUMENTS * each,
                measure(side, folder / "year", folder),
            )
        status.update("a large CSV")
        megabytes = FULL_MB if full else LARGE_MB
        rows = write_large_csv(folder / "large.csv", megabytes)
        row(f"CSV of {megabytes:,} MB to catalog", rows, measure("large", folder / "large.csv", folder / "large"))
    Console(width=110).print(table)


def run_side(side: str, source: str, catalog: str) -> None:
    """Do one piece of work and print its figures."""
    started = time.perf_counter()
    with redirect_stdout(StringIO()):
        SIDES[side](Path(source), Path(catalog))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in SIDES:
        run_side(*sys.argv[1:4])
    else:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--full", action="store_true", help=f"a CSV of {FULL_MB:,} MB instead of {LARGE_MB}")
        main(full=parser.parse_args().full)

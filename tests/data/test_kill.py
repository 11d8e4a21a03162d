"""An ingest killed at any moment leaves the catalog as it was or complete; the next completes it, a third adds none."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.data.synthetic import synthetic_bars, write_synthetic

ROOT = Path(__file__).parents[2]
OLD = "OLD.XNYS-1-DAY-LAST-EXTERNAL"
LONGEST_WAIT_S = 0.6
QUICK, ALL = 2, 12
LISTING = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
PROVENANCE = Provenance(
    source="test", licence="none", source_sha256="0", adjustment="raw", as_of="2013-01-01", actions=()
)


def ingest(path: Path) -> list[bool]:
    """Stream two series of several files each, in one update."""
    bars = synthetic_bars(("AAA", "BBB"), 180, "1-MINUTE", seed=9)
    catalog = Catalog(path)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    written: list[bool] = []
    with catalog.update() as update:
        for symbol, columns in bars.items():
            chunks = (columns.take(slice(start, start + 5_000)) for start in range(0, len(columns), 5_000))
            written.append(update.add_bar_chunks(f"{symbol}.XNYS", "1-MINUTE", chunks, LISTING, PROVENANCE))
    return written


def whole(path: Path) -> str:
    """Check that the catalog is what its manifest says, and return its checksum."""
    catalog = Catalog(path)
    for name in catalog.names():
        assert catalog.verify(name) >= 3
        assert len(catalog.bar_columns(name)) == catalog.record(name).rows
    return catalog.sha256()


@pytest.mark.parametrize("seed", [*range(QUICK), *(pytest.param(n, marks=pytest.mark.slow) for n in range(QUICK, ALL))])
def test_an_ingest_killed_at_a_random_moment_leaves_a_valid_catalog(tmp_path, seed):
    write_synthetic(Catalog(tmp_path), synthetic_bars(("OLD",), 30))
    before = whole(tmp_path)
    command = [sys.executable, __file__, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.Random(seed).uniform(0, LONGEST_WAIT_S))  # noqa: S311 - moments, not secrets
        process.send_signal(signal.SIGKILL)
    survivor = whole(tmp_path)
    assert len(Catalog(tmp_path).names()) == (1 if survivor == before else 3)
    ingest(tmp_path)
    after = whole(tmp_path)
    assert survivor in {before, after}
    assert ingest(tmp_path) == [False, False]
    assert whole(tmp_path) == after != before
    named = {record.folder for record in Catalog(tmp_path).manifest.series.values()}
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*/*")} == named
    assert not list(tmp_path.glob(".incoming*"))


def ingest_days(path: Path, symbols: tuple[str, ...], *, killed: bool = False) -> list[bool]:
    """Add small series in one update, which may die after the last of them."""
    bars = synthetic_bars(symbols, 50)
    with Catalog(path).update() as update:
        written = [
            update.add_bars(f"{symbol}.XNYS", "1-DAY", columns, LISTING, PROVENANCE) for symbol, columns in bars.items()
        ]
        if killed:
            os.kill(os.getpid(), signal.SIGKILL)
    return written


def files(path: Path) -> dict[str, int]:
    """Every Parquet file of a catalog and when it was written."""
    return {found.as_posix(): found.stat().st_mtime_ns for found in path.rglob("*.parquet")}


def test_an_ingest_that_was_killed_goes_on_where_it_was(tmp_path):
    command = [sys.executable, __file__, str(tmp_path), "A,B,C"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert Catalog(tmp_path).names() == []
    left = files(tmp_path)
    assert len(left) == 3 * 3  # bars, opening ticks and instrument
    assert ingest_days(tmp_path, ("A", "B")) == [True, True]
    kept = {name: time_ns for name, time_ns in left.items() if "/C.XNYS/" not in name}
    assert files(tmp_path) == kept  # A and B were taken over as they were; C was not asked for and is gone
    assert whole(tmp_path)
    assert ingest_days(tmp_path, ("A", "B")) == [False, False]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        ingest_days(Path(sys.argv[1]), tuple(sys.argv[2].split(",")), killed=True)
    ingest(Path(sys.argv[1]))

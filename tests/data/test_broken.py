"""Every file of the corpus is refused with its one line, and leaves the catalog as it was."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from tests.data.broken.make import Broken, cells, corpus, decimal_comma, good, orders, rows, text

CORPUS = corpus()


def add(file: Path, catalog: Path, zone: str = "UTC", *options: str):
    where = ("--symbol", "X", "--venue", "XNAS", "--bar", "1-MINUTE", "--tz", zone, "--catalog", str(catalog))
    return CliRunner().invoke(app, ["catalog", "add", "table", str(file), *where, *options])


def test_the_corpus_is_large_and_the_good_file_is_good(tmp_path):
    assert len({broken.name for broken in CORPUS}) == len(CORPUS) >= 60
    (tmp_path / "good.csv").write_bytes(good())
    result = add(tmp_path / "good.csv", tmp_path / "catalog")
    assert result.exit_code == 0
    assert Catalog(tmp_path / "catalog").record("X.XNAS-1-MINUTE-LAST-EXTERNAL").rows == 30


@pytest.mark.parametrize("broken", CORPUS, ids=lambda broken: broken.name)
def test_a_broken_file_is_refused_with_one_line_and_nothing_is_written(tmp_path, broken: Broken):
    file = tmp_path / broken.name
    file.write_bytes(broken.content)
    result = add(file, tmp_path / "catalog", broken.zone)
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines)) == (2, 1), result.output
    assert re.match(rf"error: {re.escape(str(file))}{broken.said}", lines[0]), lines[0]
    assert not Catalog(tmp_path / "catalog").names()
    assert not list((tmp_path / "catalog").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("changed", "value", "said"),
    [
        ("--symbol", "../x", "symbol '../x'"),
        ("--symbol", "a/b", "symbol 'a/b'"),
        ("--symbol", "X\nY", "symbol "),
        ("--symbol", "X Y", "symbol 'X Y'"),
        ("--symbol", ".X", "symbol '.X'"),
        ("--symbol", "X" * 65, "symbol 'XXX"),
        ("--venue", "../../etc", "venue '../../etc'"),
        ("--venue", "xnas", "venue 'xnas'"),
        ("--venue", "", "venue ''"),
        ("--bar", "0-MINUTE", "bar '0-MINUTE'"),
        ("--bar", "7-MINUTE", "bar '7-MINUTE'"),
        ("--bar", "60-MINUTE", "bar '60-MINUTE'"),
        ("--bar", f"{10**20}-HOUR", "bar '1000"),
        ("--tz", "EST5", "--tz EST5"),
        ("--as-of", "2024-13-01", "--as-of 2024-13-01"),
        ("--as-of", "20240101", "--as-of 20240101"),
        ("--calendar", "NOPE", "--calendar NOPE"),
        ("--time-format", "%Q", ""),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_nothing_is_written(tmp_path, changed, value, said):
    (tmp_path / "good.csv").write_bytes(good())
    result = add(tmp_path / "good.csv", tmp_path / "inside" / "catalog", "UTC", changed, value)
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines)) == (2, 1), result.output
    assert lines[0].startswith(f"error: {said}")
    assert "(allowed: " in lines[0] or changed == "--time-format"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"good.csv", ".lock"}


@pytest.mark.parametrize("command", ["macro", "events", "news"])
def test_the_name_of_a_series_cannot_lead_out_of_the_catalog(tmp_path, command):
    column = "value" if command == "macro" else "text"
    (tmp_path / "x.csv").write_text(
        f"event_time,publication_time,{column},source\n2024-05-01T18:00:00Z,2024-05-01T18:00:00Z,1,who\n"
    )
    unit = ("--unit", "percent") if command == "macro" else ()
    where = ("--name", "../x", "--catalog", str(tmp_path / "inside" / "catalog"))
    result = CliRunner().invoke(app, ["catalog", "add", command, str(tmp_path / "x.csv"), *unit, *where])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: series '../x' (allowed: ")
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"x.csv", ".lock"}


def test_a_decimal_comma_is_read_where_it_is_stated(tmp_path):
    (tmp_path / "comma.csv").write_bytes(decimal_comma())
    result = add(tmp_path / "comma.csv", tmp_path / "catalog", "UTC", "--decimal-comma")
    assert result.exit_code == 0, result.output
    bars = Catalog(tmp_path / "catalog").bar_columns("X.XNAS-1-MINUTE-LAST-EXTERNAL")
    assert bars.close.tolist() == [float(row[4]) for row in rows()]
    (tmp_path / "both.csv").write_bytes(decimal_comma().replace(b"100,00", b"1.100,00", 1))
    result = add(tmp_path / "both.csv", tmp_path / "other", "UTC", "--decimal-comma")
    assert re.search(r"both.csv:2: open '1.100,00' \(allowed: a number\)$", result.stderr.strip())


@pytest.mark.parametrize(
    ("file", "symbol"), [("BRK.B.csv", "BRK.B"), ("spy.csv.gz", "SPY"), ("es.txt", "ES"), ("x", "X")]
)
def test_the_name_of_a_file_is_its_symbol_up_to_what_says_its_kind(tmp_path, file, symbol):
    (tmp_path / file).write_bytes(good())
    where = ("--venue", "XNAS", "--tz", "UTC", "--catalog", str(tmp_path / "catalog"))
    assert CliRunner().invoke(app, ["catalog", "add", "table", str(tmp_path / file), *where]).exit_code == 0
    assert Catalog(tmp_path / "catalog").names() == [f"{symbol}.XNAS-1-MINUTE-LAST-EXTERNAL"]


@pytest.mark.parametrize(("days", "said"), [(7, "times stand 7 days apart"), (30, "times stand 30 days apart")])
def test_weeks_and_months_are_not_taken_for_days(tmp_path, days, said):
    times = [str(date(2020, 1, 2) + timedelta(days=days * number)) for number in range(20)]
    (tmp_path / "x.csv").write_bytes(text([[time, *row[1:]] for time, row in zip(times, rows(), strict=False)]))
    where = ("--venue", "XNAS", "--calendar", "24/7", "--catalog", str(tmp_path / "catalog"))
    result = CliRunner().invoke(app, ["catalog", "add", "table", str(tmp_path / "x.csv"), *where])
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("broken", [*cells()[::7], *orders()[:2]], ids=lambda broken: broken.name)
def test_skipping_bad_rows_keeps_the_good_ones_and_lists_the_others(tmp_path, broken: Broken):
    file = tmp_path / broken.name
    file.write_bytes(broken.content)
    result = add(file, tmp_path / "catalog", "UTC", "--skip-bad")
    assert result.exit_code == 0, result.output
    kept = Catalog(tmp_path / "catalog").record("X.XNAS-1-MINUTE-LAST-EXTERNAL").rows
    listed = "".join(path.read_text() for path in (tmp_path / "catalog").rglob("*.txt")).splitlines()
    rows = len(broken.content.splitlines()) - 1
    assert kept + len(listed) == rows
    assert re.match(rf"{re.escape(str(file))}{broken.said}", listed[0]), listed[0]

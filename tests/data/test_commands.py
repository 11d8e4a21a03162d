"""`firm catalog ...` writes, lists, says what it did, and fails with one line and status 2."""

import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app


def run(*arguments: str):
    return CliRunner().invoke(app, ["catalog", *map(str, arguments)])


def test_demo_prints_a_table_and_then_nothing_new(tmp_path):
    first, second = (run("demo", "--catalog", tmp_path / "c") for _ in range(2))
    assert first.exit_code == second.exit_code == 0
    lines = first.output.splitlines()
    assert len(lines) == 1 + 8 + 1
    assert lines[1].split() == [
        "AAPL.US-1-DAY-LAST-EXTERNAL", "2,148", "2004-08-19", "2013-03-01", "total_return", "tradable", "written"
    ]  # fmt: skip
    assert sum(" input " in line for line in lines) == 4
    assert lines[-1].startswith(f"{tmp_path / 'c'}: 8 series, sha256 ")
    assert second.output.count("nothing new") == 8
    assert second.output.splitlines()[-1] == lines[-1]
    listed = run("list", "--catalog", tmp_path / "c")
    assert listed.exit_code == 0
    assert len(listed.output.splitlines()) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list",), "the catalog is empty (try: firm catalog demo)"),
        (("add", "lean", "/nowhere"), "no zip in equity/usa/daily or its like (expected the data folder of LEAN)"),
    ],
)
def test_errors_are_one_line_and_status_2(tmp_path, arguments, message):
    result = run(*arguments, "--catalog", tmp_path / "c")
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.shared_data
def test_add_lean(tmp_path, shared_data):
    result = run("add", "lean", shared_data / "lean", "--symbols", "spy,AAA,shy", "--catalog", tmp_path)
    assert result.exit_code == 0
    lines = [line.split() for line in result.output.splitlines()]
    assert [
        "SPY.USA-1-HOUR-LAST-EXTERNAL", "40,785", "1998-01-02", "2021-03-31", "total_return", "tradable", "written"
    ] in lines  # fmt: skip
    assert "AAA.USA-1-DAY-LAST-EXTERNAL" in result.output
    notes = [line for line in result.output.splitlines() if "factor file" in line or "map file" in line]
    assert notes == [
        (
            "AAA, SHY: no factor file of that name, so raw, with splits and dividends unknown; a run that trades one "
            "is refused (--symbols X --no-actions states that X had none)"
        ),
        "aaa.1.csv: not used, as no map file says when a ticker was theirs",
    ]
    assert run("list", "--catalog", tmp_path).output.count("raw, actions unknown") == 4
    said = "AAA.USA-1-DAY-LAST-EXTERNAL: raw, and its splits and dividends are unknown: a run that trades it is refused"
    assert said in run("check", "AAA.USA-1-DAY-LAST-EXTERNAL", "--catalog", tmp_path).output
    stated = ("--symbols", "SHY", "--no-actions")
    assert run("add", "lean", shared_data / "lean", *stated, "--catalog", tmp_path).exit_code == 0
    assert run("list", "--catalog", tmp_path).output.count("raw, no actions stated") == 3

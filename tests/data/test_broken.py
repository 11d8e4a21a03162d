"""Every file of the corpus is refused with its one line, and leaves the catalog as it was."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from tests.data.broken.make import Broken, cells, corpus, good, orders

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

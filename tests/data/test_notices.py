"""Figures, events and headlines come from files whose every row states a publication time and a source."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from nautilus_trader.persistence import ParquetDataCatalog

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.dated_rows import Kind, read_dated_rows
from nautilus_ai_firm.data.errors import CatalogError, DataError
from nautilus_ai_firm.data.manifest import Provenance
from nautilus_ai_firm.data.notice import notice_catalog_type
from nautilus_ai_firm.data.stored_series import FOREVER_NS

PROVENANCE = Provenance(source="test", licence="none", source_sha256="0", adjustment="raw", as_of="2024-06-12")
NEWS = '''event_time,publication_time,text,source
2024-05-01T18:00:00Z,2024-05-01T18:00:05Z,Fed holds,Reuters
2024-05-01T14:30:00-04:00,2024-05-01T18:31:00Z,"Powell: ""patient""",Reuters
2024-05-01T18:40:00Z,2024-05-01T18:41:00Z,Stocks jump,AP
'''
EVENTS = """event_time,publication_time,text,source
2024-05-01T18:00:00Z,2023-06-30T16:00:00Z,FOMC decision,federalreserve.gov
2024-06-12T18:00:00Z,2023-06-30T16:00:00Z,FOMC decision,federalreserve.gov
"""
MACRO = """event_time,publication_time,value,source
2024-04-01T04:00:00Z,2024-04-10T12:30:00Z,3.5,bls.gov
2024-05-01T04:00:00Z,2024-05-15T12:30:00Z,3.4,bls.gov
"""
FILES: dict[Kind, str] = {"news": NEWS, "event": EVENTS, "macro": MACRO}


def file(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_with_zones_and_quotes(tmp_path):
    rows = read_dated_rows(file(tmp_path, NEWS), "news")
    assert rows.text == ["Fed holds", 'Powell: "patient"', "Stocks jump"]
    assert rows.source == ["Reuters", "Reuters", "AP"]
    half_past = np.datetime64("2024-05-01T18:30:00", "ns").astype(np.int64)
    assert rows.ts_event_ns[1] == half_past
    assert rows.ts_init_ns[1] == half_past + 60_000_000_000


def test_parquet_with_real_timestamps_gives_the_same(tmp_path):
    path = tmp_path / "rows.parquet"
    pl.read_csv(file(tmp_path, MACRO), try_parse_dates=True).write_parquet(path)
    left, right = read_dated_rows(path, "macro"), read_dated_rows(tmp_path / "rows.csv", "macro")
    assert left.ts_init_ns.tolist() == right.ts_init_ns.tolist()
    assert left.value.tolist() == [3.5, 3.4]


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("news", ",Reuters\n2024", ",\n2024", r":2: source None \(allowed: not empty\)"),
        ("news", ",AP", ",  ", r":4: source '  ' \(allowed: not empty\)"),
        ("macro", "2024-05-15T12:30:00Z", "", r":3: publication_time None \(allowed: a time with its zone"),
        ("event", "2023-06-30T16:00:00Z", "2023-06-30T16:00:00", r":2: publication_time '2023-06-30T16:00:00' \("),
        ("news", "2024-05-01T18:00:05Z", "yesterday", r":2: publication_time 'yesterday' \(allowed: a time with its"),
        ("news", "2024-05-01T18:41:00Z", "2024-05-01T18:39:59Z", r":4: publication_time .*at or after the event"),
        ("macro", "2024-04-10T12:30:00Z", "2024-03-10T12:30:00Z", r":2: publication_time .*at or after the event time"),
        ("macro", "3.4", "n/a", r":3: value 'n/a' \(allowed: a finite number\)"),
        ("macro", "3.4", "inf", r":3: value 'inf' \(allowed: a finite number\)"),
        ("macro", "2024-04-10", "2024-07-10", r":3: publication_time .*not before the row above, 2024-07-10T12:30:00Z"),
        ("news", "Stocks jump", "", r":4: text None \(allowed: not empty\)"),
        ("event", "2024-06-12", "2024-05-01", r":3: text 'FOMC decision' \(allowed: a row once; this one repeats"),
        ("news", "source\n", "author\n", r": no column source \(it has event_time, publication_time, text, author\)"),
        ("macro", MACRO[MACRO.index("\n") + 1 :], "", r": 0 rows \(allowed: at least 1\)"),
    ],
)
def test_a_row_that_nobody_vouches_for_or_that_cannot_be_is_refused(tmp_path, kind, old, new, said):
    content = FILES[kind].replace(old, new, 1)
    assert content != FILES[kind]
    with pytest.raises(DataError, match=rf"rows.csv{said}") as raised:
        read_dated_rows(file(tmp_path, content), kind)
    assert "\n" not in str(raised.value)


def test_an_event_may_be_announced_before_it_happens(tmp_path):
    rows = read_dated_rows(file(tmp_path, EVENTS), "event")
    assert (rows.ts_init_ns < rows.ts_event_ns).all()


@pytest.mark.parametrize("content", ["news", "event"])
def test_notices_come_back_through_both_readers_in_the_window_of_their_publication(tmp_path, content):
    rows = read_dated_rows(file(tmp_path, FILES[content]), content)
    catalog = Catalog(tmp_path / "catalog")
    with catalog.update() as update:
        assert update.add_notices("wire", content, rows, PROVENANCE)
    before = catalog.sha256()
    with catalog.update() as update:
        assert not update.add_notices("wire", content, rows, PROVENANCE)
    assert Catalog(catalog.path).sha256() == before
    ours = Catalog(catalog.path).notices(["wire"], 0, FOREVER_NS)
    assert [(o.data.text, o.data.source, o.ts_event, o.ts_init) for o in ours] == list(
        zip(rows.text, rows.source, rows.ts_event_ns.tolist(), rows.ts_init_ns.tolist(), strict=True)
    )
    theirs = ParquetDataCatalog(str(catalog.path / catalog.record("wire").folder))
    found = theirs.query_custom_data(notice_catalog_type(content))
    assert [(o.ts_event, o.ts_init, o.data) for o in found] == [(o.ts_event, o.ts_init, o.data) for o in ours]
    cut = int(rows.ts_init_ns[0])
    assert len(catalog.notices(["wire"], 0, cut)) == int((rows.ts_init_ns <= cut).sum())
    with pytest.raises(CatalogError, match="wire has no data from"):
        catalog.notices(["wire"], 0, cut - 1)
    for ask in (catalog.bar_columns, catalog.observation_columns):
        with pytest.raises(CatalogError, match=f"wire is a {content} series"):
            ask("wire")

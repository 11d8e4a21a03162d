"""The event dates that come with the project: each row is official, at a clock that its kind has, and known late."""

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.dated_rows import read_dated_rows
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Provenance

FOLDER = Path(__file__).parents[2] / "events"
FILES = sorted(FOLDER.glob("*.csv"))
KINDS = [path.stem for path in FILES]
NEW_YORK = ZoneInfo("America/New_York")
HOSTS = {"cpi": "https://www.bls.gov/", "payrolls": "https://www.bls.gov/", "fomc": "https://www.federalreserve.gov/"}
UNSCHEDULED = "FOMC statement, unscheduled"
WEEK = timedelta(days=7)

# Releases of the Employment Situation that are not on a Friday: the eve of a holiday, and the one after the shutdown
NOT_ON_FRIDAY = {
    *map(date.fromisoformat, ["1998-07-02", "2003-07-03", "2008-07-03", "2009-07-02", "2014-07-03", "2015-07-02"]),
    date(2020, 7, 2),
    date(2013, 10, 22),
}


@dataclass(frozen=True)
class Row:
    kind: str
    event: datetime
    known: datetime
    text: str
    source: str


def rows(kind):
    with (FOLDER / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Row(
                kind=one["kind"],
                event=datetime.fromisoformat(one["event_time"]),
                known=datetime.fromisoformat(one["publication_time"]),
                text=one["text"],
                source=one["source"],
            )
            for one in csv.DictReader(file)
        ]


def date_in(source):
    """The date that an official address names: 20130320, 10222013 or 020698."""
    digits = re.findall(r"\d{8}|\d{6}", source)[-1]
    form = "%m%d%y" if len(digits) == 6 else "%Y%m%d" if "federalreserve" in source else "%m%d%Y"
    return datetime.strptime(digits, form).replace(tzinfo=NEW_YORK).date()


def faults(kind, row):
    """What is wrong with a row."""
    event, known, scheduled = row.event, row.known, row.text != UNSCHEDULED
    day = event.date()
    if row.kind != kind:
        yield "kind"
    if not row.source.startswith(HOSTS[kind]) or date_in(row.source) != day:
        yield "source"
    if any(moment.astimezone(NEW_YORK).utcoffset() != moment.utcoffset() for moment in (event, known)):
        yield "zone"
    if scheduled and day.weekday() > 4:
        yield "weekend"
    if kind == "payrolls" and (day.weekday() == 4) == (day in NOT_ON_FRIDAY):
        yield "weekday"
    if kind != "fomc" and event.time() != time(8, 30):
        yield "clock"
    if kind == "fomc" and scheduled and event.time() not in fomc_clocks(day):
        yield "clock"
    if (scheduled and not timedelta(0) < event - known < WEEK) or (not scheduled and event != known):
        yield "publication"


def fomc_clocks(day):
    if day >= date(2013, 3, 1):
        return {time(14)}
    return {time(14, 15), time(12, 30)} if date(2011, 4, 1) < day < date(2013, 1, 1) else {time(14, 15)}


def test_there_are_files_of_every_kind_and_the_page_counts_their_rows():
    assert KINDS == ["cpi", "fomc", "payrolls"]
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for kind in KINDS:
        days = [row.event.date() for row in rows(kind)]
        assert re.search(rf"\| `{kind}.csv` \| {len(days)} \| .*\| {min(days)} \| {max(days)} \|", page)


@pytest.mark.parametrize("path", FILES, ids=KINDS)
def test_the_projects_reader_takes_every_file_and_refuses_it_without_a_source(path, tmp_path):
    read = read_dated_rows(path, "event")
    assert len(read) == len(rows(path.stem))
    assert (np.diff(read.ts_init_ns) >= 0).all()
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[40] = lines[40].rsplit(",", 1)[0] + ","
    (tmp_path / path.name).write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=r":41: source None \(allowed: not empty\)"):
        read_dated_rows(tmp_path / path.name, "event")


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_is_sound(kind):
    wrong = {row.event: found for row in rows(kind) if (found := list(faults(kind, row)))}
    assert wrong == {}
    days = Counter(row.event.date() for row in rows(kind))
    assert max(days.values()) == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"event": timedelta(days=1)}, {"source", "weekday"}),
        ({"event": timedelta(hours=1)}, {"clock"}),
        ({"known": timedelta(days=8)}, {"publication"}),
        ({"known": timedelta(days=-8)}, {"publication"}),
    ],
)
def test_the_test_above_finds_planted_faults(change, found):
    row = rows("payrolls")[100]
    spoilt = replace(row, **{key: getattr(row, key) + by for key, by in change.items()})
    assert found <= set(faults("payrolls", spoilt))
    assert list(faults("payrolls", row)) == []
    assert list(faults("payrolls", replace(row, event=row.event.replace(tzinfo=ZoneInfo("Asia/Tokyo"))))) != []


@pytest.mark.parametrize(
    ("kind", "first", "missing"),
    [("cpi", 2002 * 12 + 11, set()), ("payrolls", 1997 * 12 + 11, {(1998, 10), (1999, 12)})],
)
def test_no_month_is_missing_or_twice(kind, first, missing):
    months = [datetime.strptime(row.text.split(", ")[1], "%B %Y").replace(tzinfo=NEW_YORK) for row in rows(kind)]
    wanted = [divmod(n, 12) for n in range(first, 2021 * 12 + 11)]
    assert sorted((m.year, m.month) for m in months) == [(y, m + 1) for y, m in wanted if (y, m + 1) not in missing]
    # each is about the month before the one it came out in, also after the shutdown of 2013
    for month, row in zip(months, rows(kind), strict=True):
        assert (row.event.year * 12 + row.event.month) - (month.year * 12 + month.month) == 1


def test_there_are_eight_scheduled_statements_a_year_but_for_the_meeting_that_was_cancelled():
    scheduled = [row.event.date() for row in rows("fomc") if row.text != UNSCHEDULED]
    count = Counter(day.year for day in scheduled)
    assert [count[year] for year in range(2000, 2022)] == [8] * 20 + [7, 8]
    assert all(
        21 <= (after - before).days <= 100 for before, after in pairwise(sorted(scheduled)) if before.year > 1999
    )
    assert {day.weekday() for day in scheduled} <= {1, 2, 3}


@pytest.mark.parametrize(
    ("kind", "event_time"),
    [
        ("fomc", "2007-08-17T08:15:00-04:00"),
        ("fomc", "2001-01-03T13:15:00-05:00"),
        ("fomc", "2001-04-18T10:55:00-04:00"),
        ("fomc", "2001-09-17T08:20:00-04:00"),
        ("fomc", "2008-01-22T08:20:00-05:00"),
        ("fomc", "2008-10-08T07:00:00-04:00"),
        ("fomc", "2020-03-03T10:00:00-05:00"),
        ("fomc", "2020-03-15T17:00:00-04:00"),
        ("fomc", "2008-12-16T14:15:00-05:00"),
        ("fomc", "2011-06-22T12:30:00-04:00"),
        ("fomc", "2013-06-19T14:00:00-04:00"),
        ("fomc", "2015-12-16T14:00:00-05:00"),
        ("payrolls", "2013-10-22T08:30:00-04:00"),
        ("payrolls", "2013-11-08T08:30:00-05:00"),
        ("cpi", "2013-10-30T08:30:00-04:00"),
    ],
)
def test_dates_that_everybody_remembers(kind, event_time):
    assert event_time in {row.event.isoformat() for row in rows(kind)}


def test_a_firm_hears_of_an_event_no_earlier_than_it_was_announced(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    made = Provenance(source="test", licence="none", source_sha256="0", adjustment="raw", as_of="2021-12-15")
    with catalog.update() as update:
        assert update.add_notices("payrolls", "event", read_dated_rows(FOLDER / "payrolls.csv", "event"), made)
    reopened, told = (int(datetime(2013, 10, day, 12, tzinfo=NEW_YORK).timestamp() * 1e9) for day in (17, 19))
    known = [[o.data.text for o in catalog.notices(["payrolls"], 0, until)] for until in (reopened, told)]
    assert known[1] == [*known[0], "Employment Situation, September 2013"]

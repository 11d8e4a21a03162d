"""Writes the corpus of broken files: one fault each, and the one line that must be said of it.

Run as a script it writes the files into a folder: `python tests/data/broken/make.py FOLDER`.
"""

import gzip
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

HEADER = "time,open,high,low,close,volume"
N_ROWS = 30
TIMES = [f"2024-03-04T{15 + minute // 60}:{minute % 60:02d}:00" for minute in range(N_ROWS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One file with one fault.

    Attributes
    ----------
    name : str
        Name of the file.
    content : bytes
        What is in it.
    said : str
        Regular expression of what must be said after the file's path.
    zone : str
        Time zone of the times.

    """

    name: str
    content: bytes
    said: str
    zone: str = "UTC"


def rows() -> list[list[str]]:
    """Good rows, minute by minute."""
    made: list[list[str]] = []
    for number, time in enumerate(TIMES):
        price = 100 + 0.1 * (number % 7)
        made.append(
            [time, f"{price:.2f}", f"{price + 0.5:.2f}", f"{price - 0.5:.2f}", f"{price + 0.1:.2f}", f"{1000 + number}"]
        )
    return made


def text(table: list[list[str]], header: str = HEADER, separator: str = ",") -> bytes:
    """Join rows to the content of a CSV file."""
    lines = [header, *(separator.join(row) for row in table)]
    return "".join(f"{line}\n" for line in lines).encode()


def good() -> bytes:
    """A file without a fault."""
    return text(rows())


def with_cell(row: int, column: int, value: str) -> bytes:
    """Make the good file with one other cell; `row` counts from 0, so its line is row + 2."""
    table = rows()
    table[row][column] = value
    return text(table)


def with_rows(change: Callable[[list[list[str]]], list[list[str]]]) -> bytes:
    """Make the good file with other rows."""
    return text(change(rows()))


def moved(table: list[list[str]], at: int, to: int) -> list[list[str]]:
    """Take one row elsewhere."""
    table.insert(to, table.pop(at))
    return table


COLUMNS = {"open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
NOT_NUMBERS = {
    "word": "x",
    "blank": "",
    "thousands": '"1,000.5"',
    "percent": "5%",
    "two_points": "1.0.0",
    "hex": "0x10",
}
NOT_PRICES = {"nan": "nan", "inf": "inf", "negative": "-1", "zero": "0", "huge": "1e12", "dust": "0.00001"}
NOT_VOLUMES = {"nan": "nan", "inf": "inf", "negative": "-1", "huge": "1e14"}
NOT_TIMES = {
    "word": "yesterday",
    "blank": "",
    "month_13": "2024-13-04T15:10:00",
    "february_30": "2024-02-30T15:10:00",
    "hour_25": "2024-03-04T25:10:00",
    "other_form": "03/04/2024 15:10",
    "number": "1709564999",
}
AT = 10
LINE = AT + 2


def cells() -> list[Broken]:
    """One bad cell each."""
    made: list[Broken] = []
    for column, at in COLUMNS.items():
        for fault, value in NOT_NUMBERS.items():
            said = rf":{LINE}: {column} .*\(allowed: a number"
            made.append(Broken(name=f"{column}_{fault}.csv", content=with_cell(AT, at, value), said=said))
        bad, allowed = (NOT_VOLUMES, "0 to") if column == "volume" else (NOT_PRICES, "above 0 at 4 decimals, at most")
        for fault, value in bad.items():
            said = rf":{LINE}: {column} .*\(allowed: {allowed}"
            made.append(Broken(name=f"{column}_{fault}.csv", content=with_cell(AT, at, value), said=said))
    for fault, value in NOT_TIMES.items():
        said = rf":{LINE}: time .*\(allowed: "
        made.append(Broken(name=f"time_{fault}.csv", content=with_cell(AT, 0, value), said=said))
    top, bottom = r"high .*\(allowed: at least open and close, ", r"low .*\(allowed: at most open and close, "
    for name, column, value, said in (
        ("high_below_close", 2, "100.31", top),
        ("high_below_all", 2, "1", top),
        ("low_above_open", 3, "100.35", bottom),
        ("low_above_all", 3, "1000", bottom),
    ):
        made.append(Broken(name=f"{name}.csv", content=with_cell(AT, column, value), said=f":{LINE}: {said}"))
    made.append(Broken(name="first_row.csv", content=with_cell(0, 4, "nan"), said=r":2: close nan \(allowed: "))
    made.append(
        Broken(name="last_row.csv", content=with_cell(N_ROWS - 1, 4, "nan"), said=r":31: close nan \(allowed: ")
    )
    return made


def orders() -> list[Broken]:
    """Rows that are good by themselves and wrong where they stand."""
    late = r"bar start .*\(allowed: at or after the close before it, "
    return [
        Broken(name="repeated.csv", content=with_rows(lambda t: [*t[: AT + 1], *t[AT:]]), said=f":{LINE + 1}: {late}"),
        Broken(name="moved_down.csv", content=with_rows(lambda t: moved(t, 5, 20)), said=f":22: {late}"),
        Broken(name="moved_up.csv", content=with_rows(lambda t: moved(t, 20, 5)), said=f":8: {late}"),
        Broken(name="reversed.csv", content=with_rows(lambda t: t[::-1]), said=f":3: {late}"),
        Broken(name="twice.csv", content=with_rows(lambda t: [*t, *t]), said=f":{N_ROWS + 2}: {late}"),
        Broken(name="overlapping.csv", content=with_cell(AT, 0, "2024-03-04T15:10:30"), said=f":{LINE + 1}: {late}"),
    ]


def shapes() -> list[Broken]:
    """Files that are no table, or another one."""
    names = HEADER.split(",")
    made = [
        Broken(
            name=f"without_{name}.csv",
            content=text([row[:at] + row[at + 1 :] for row in rows()], ",".join(names[:at] + names[at + 1 :])),
            said=rf":1: no column for {name} ",
        )
        for at, name in enumerate(names[:-1])
    ]
    short = with_rows(lambda t: [*t[:AT], t[AT][:3], *t[AT + 1 :]])
    return [
        *made,
        Broken(name="short_row.csv", content=short, said=rf":{LINE}: "),
        Broken(
            name="long_row.csv",
            content=with_rows(lambda t: [*t[:AT], [*t[AT], "1"], *t[AT + 1 :]]),
            said=rf":{LINE}: 7 fields \(allowed: 6",
        ),
        Broken(name="cut_off.csv", content=good()[:-20], said=r":31: "),
        Broken(name="header_alone.csv", content=text([]), said=r": 0 rows \(allowed: at least 1\)"),
        Broken(name="empty.csv", content=b"", said=r": the file is empty"),
        Broken(name="blank_lines.csv", content=b"\n\n\n", said=r".*\(allowed: "),
        Broken(name="cr_alone.csv", content=good().replace(b"\n", b"\r"), said=r":1: lines that end in CR alone"),
        Broken(name="decimal_comma.csv", content=decimal_comma(), said=r":2: open '100,00' .*--decimal-comma"),
        Broken(
            name="columns_alike.csv",
            content=text([[*row, row[4]] for row in rows()], f"{HEADER},Close"),
            said=r":1: columns close, Close alike",
        ),
        Broken(
            name="dates.csv",
            content=text([[f"2024-04-{day:02d}", *row[1:]] for day, row in enumerate(rows(), 1)]),
            said=r": bars of 1-MINUTE, but times are .*, dates \(allowed: 1-DAY\)",
        ),
        Broken(name="binary.csv", content=bytes(range(256)) * 10, said=r":1: bytes that are no text"),
        Broken(name="utf16.csv", content=good().decode().encode("utf-16"), said=r":1: bytes that are no text"),
        Broken(
            name="column_twice.csv", content=good().replace(b"volume", b"close", 1), said=r":1: column 'close' twice"
        ),
        Broken(name="open_quote.csv", content=with_cell(AT, 4, '"100.1'), said=r":\d+: "),
        Broken(name="nul_byte.csv", content=with_cell(AT, 4, "10\x000"), said=rf":{LINE}: close .*\(allowed: a number"),
        Broken(name="prose.csv", content=b"Dear quant,\nplease find the data below.\n", said=r":\d+: "),
        Broken(name="page.csv", content=b"<!DOCTYPE html>\n<html><body>404</body></html>\n", said=r":\d+: "),
        Broken(name="spreadsheet.xlsx", content=b"PK\x03\x04" + bytes(50), said=r".*\(allowed: "),
        Broken(name="empty.csv.gz", content=gzip.compress(b""), said=r": the file is empty"),
        Broken(name="tail.csv.gz", content=gzip.compress(good()) + b"tail", said=r": cannot be read to its end"),
        Broken(name="torn.csv.gz", content=gzip.compress(good())[:-40], said=r": "),
        Broken(name="torn.parquet", content=parquet(pl.read_csv(good()))[:-30], said=r": "),
        Broken(
            name="without_close.parquet",
            content=parquet(pl.read_csv(good()).drop("close")),
            said=r".*no column for close ",
        ),
        Broken(
            name="null.parquet",
            content=parquet(pl.read_csv(good()).with_columns(pl.when(pl.col("volume") != 1010).then("close"))),
            said=r":\d+: close ",
        ),
        *typed(),
        Broken(name="no_rows.parquet", content=parquet(pl.read_csv(good()).clear()), said=r": 0 rows"),
    ]


def typed() -> list[Broken]:
    """Parquet files whose columns hold neither numbers nor text."""
    table, close = pl.read_csv(good()), pl.col("close")
    kinds = {
        "list": pl.concat_list(close),
        "struct": pl.struct(close),
        "truth": close > 0,
        "bytes": close.cast(pl.String).cast(pl.Binary),
        "duration": close.cast(pl.Int64).cast(pl.Duration),
    }
    return [
        Broken(
            name=f"{kind}.parquet",
            content=parquet(table.with_columns(column.alias("close"))),
            said=r": column 'close' holds .*\(allowed: numbers or text\)",
        )
        for kind, column in kinds.items()
    ]


def decimal_comma() -> bytes:
    """The good file as a spreadsheet in half of Europe writes it."""
    commas = [[row[0], *(cell.replace(".", ",") for cell in row[1:])] for row in rows()]
    return text(commas, HEADER.replace(",", ";"), ";")


def clocks() -> list[Broken]:
    """Local times that do not exist, or exist twice, when the clocks change."""
    spring = [[f"2024-03-10T{hour}:30:00", *rows()[0][1:]] for hour in ("01", "02", "03")]
    autumn = [[f"2024-11-03T{time}:00", *rows()[0][1:]] for time in ("00:30", "01:30", "01:31", "02:30")]
    return [
        Broken(name="skipped_hour.csv", content=text(spring), said=r":3: time ", zone="America/New_York"),
        Broken(name="doubled_hour.csv", content=text(autumn), said=r":3: time ", zone="America/New_York"),
    ]


def parquet(table: pl.DataFrame) -> bytes:
    """Write a table to the content of a Parquet file."""
    file = io.BytesIO()
    table.write_parquet(file)
    return file.getvalue()


def corpus() -> list[Broken]:
    """All broken files."""
    return [*cells(), *orders(), *shapes(), *clocks()]


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for broken in corpus():
        (target / broken.name).write_bytes(broken.content)
    sys.stdout.write(f"{target}: {len(corpus())} files\n")

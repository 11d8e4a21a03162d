"""What is odd about a series is found and named, two sources are compared, and a series leaves as a file."""

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.compare import compare
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.export import export
from nautilus_ai_firm.data.inspection import inspect
from nautilus_ai_firm.data.manifest import Action, Listing, Provenance
from nautilus_ai_firm.data.synthetic import synthetic_bars

LISTING = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
PROVENANCE = Provenance(
    source="test", licence="none", source_sha256="0", adjustment="split", as_of="2020-01-01", actions=()
)
DAYS = synthetic_bars(("AAA",), 120, seed=5)["AAA"]
HOURS = synthetic_bars(("AAA",), 120, "1-HOUR", seed=5)["AAA"]


def name(symbol: str, bar: str = "1-DAY") -> str:
    return f"{symbol}.XNYS-{bar}-LAST-EXTERNAL"


@pytest.fixture
def add(tmp_path):
    """Put series into one catalog."""
    catalog = Catalog(tmp_path / "catalog")

    def put(symbol: str, bars: BarColumns, bar: str = "1-DAY", **changes) -> Catalog:
        with catalog.update() as update:
            update.add_bars(f"{symbol}.XNYS", bar, bars, LISTING, msgspec.structs.replace(PROVENANCE, **changes))
        return catalog

    return put


def scaled(bars: BarColumns, factor: np.ndarray | float) -> BarColumns:
    return bars.adjusted(np.broadcast_to(factor, len(bars)), np.ones(len(bars)))


@pytest.mark.parametrize(("bars", "bar"), [(DAYS, "1-DAY"), (HOURS, "1-HOUR")])
def test_a_whole_series_has_no_findings(add, bars, bar):
    assert list(inspect(add("AAA", bars, bar), [name("AAA", bar)])) == []


@pytest.mark.parametrize("bar", ["1-DAY", "1-HOUR"])
def test_missing_sessions_are_counted_and_named(add, bar):
    bars = DAYS if bar == "1-DAY" else HOURS
    dates = bars.ts_open_ns.astype("datetime64[ns]").astype("datetime64[D]")
    gone = np.isin(dates, np.array(["2012-01-05", "2012-02-01"], dtype="datetime64[D]"))
    assert list(inspect(add("AAA", bars.take(~gone), bar), [name("AAA", bar)])) == [
        f"{name('AAA', bar)}: 2 of 120 sessions of XNYS have no bar (2012-01-05, 2012-02-01)"
    ]


def test_bars_outside_of_sessions_are_named(add):
    shift = np.where(np.arange(len(HOURS)) == len(HOURS) - 1, 5 * 3_600_000_000_000, 0)
    late = replace(HOURS, ts_open_ns=HOURS.ts_open_ns + shift, ts_close_ns=HOURS.ts_close_ns + shift)
    found = list(inspect(add("AAA", late, "1-HOUR"), [name("AAA", "1-HOUR")]))
    assert found == [f"{name('AAA', '1-HOUR')}: 1 bars lie outside of XNYS sessions (2012-06-23)"]


def test_an_adjusted_series_that_jumps_at_its_split_is_named(add):
    day = str(DAYS.ts_open_ns[60].astype("datetime64[ns]").astype("datetime64[D]"))
    split = Action(date=day, price_factor=1.0, split_factor=1 / 7)
    assert list(inspect(add("AAA", DAYS, actions=(split,)), [name("AAA")])) == []
    unadjusted = scaled(DAYS, np.where(np.arange(120) < 60, 7.0, 1.0))
    found = list(inspect(add("BBB", unadjusted, actions=(split,)), [name("BBB")]))
    assert any("adjusted, but moves -19" in line and f"on {day}" in line for line in found)


def test_two_bar_sizes_that_disagree_where_they_overlap_are_named(add):
    last = np.append(HOURS.ts_open_ns[1:] != HOURS.ts_close_ns[:-1], True)
    closing = HOURS.take(last)
    add("AAA", HOURS, "1-HOUR")
    daily = replace(closing, ts_open_ns=DAYS.ts_open_ns)
    assert list(inspect(add("AAA", daily), [name("AAA")])) == []
    found = list(inspect(add("AAA", scaled(daily, np.where(np.arange(120) < 60, 2.0, 1.0))), [name("AAA")]))
    assert any(
        f"60 of 120 closes it shares with {name('AAA', '1-HOUR')} differ by more than 2%" in one for one in found
    )


def test_a_changed_file_is_an_error(add):
    catalog = add("AAA", DAYS)
    path = next(catalog.path.rglob("trades/*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CatalogError, match="missing or changed since it was written"):
        list(inspect(Catalog(catalog.path), [name("AAA")]))


def test_a_series_matches_itself_and_its_copy_on_another_basis_in_returns_alone(add):
    add("AAA", DAYS)
    catalog = add("BBB", scaled(DAYS, 3.0))
    itself, other = compare(catalog, name("AAA"), name("AAA")), compare(catalog, name("AAA"), name("BBB"))
    assert (itself.shared, itself.alone, itself.price_match, itself.return_match) == (120, (0, 0), 1.0, 1.0)
    assert (other.price_match, other.return_match, other.matches) == (0.0, 1.0, True)


def test_a_planted_difference_is_counted_and_named(add):
    add("AAA", DAYS)
    wrong = scaled(DAYS, np.where(np.arange(120) == 50, 1.01, 1.0))
    found = compare(add("BBB", wrong), name("AAA"), name("BBB"))
    assert found.price_match == pytest.approx(119 / 120)
    assert found.return_match == pytest.approx(118 / 120)
    assert len(found.worst) == 2
    assert str(DAYS.close[50]) in "".join(found.worst)


def test_bars_that_only_one_source_has_count_against_the_match(add):
    add("AAA", DAYS)
    catalog = add("BBB", DAYS.take(np.arange(120) % 10 != 5))
    found = compare(catalog, name("AAA"), name("BBB"))
    assert found.alone == (12, 0)
    assert not found.matches
    assert "returns   90.00% match within 0.1%: WARNING: below 95%" in found.lines()


def test_days_and_hours_cannot_be_compared(add):
    add("AAA", DAYS)
    with pytest.raises(CatalogError, match=r"are of 1-DAY and 1-HOUR bars \(allowed: one size\)"):
        compare(add("AAA", HOURS, "1-HOUR"), name("AAA"), name("AAA", "1-HOUR"))


def test_series_that_share_no_close_cannot_be_compared(add):
    add("AAA", DAYS.take(slice(0, 50)))
    with pytest.raises(CatalogError, match="share no close"):
        compare(add("BBB", DAYS.take(slice(60, None))), name("AAA"), name("BBB"))


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_an_exported_series_holds_every_number(add, tmp_path, suffix):
    to = tmp_path / f"out{suffix}"
    assert export(add("AAA", HOURS, "1-HOUR"), name("AAA", "1-HOUR"), to) == len(HOURS)
    read = pl.read_parquet(to) if suffix == ".parquet" else pl.read_csv(to, try_parse_dates=True)
    assert read.columns == ["open_time", "close_time", "open", "high", "low", "close", "volume"]
    for column in ("open", "high", "low", "close", "volume"):
        assert read[column].to_list() == getattr(HOURS, column).tolist()
    assert read["close_time"].dt.epoch("ns").to_list() == HOURS.ts_close_ns.tolist()
    assert not list(tmp_path.glob(".out*"))


@pytest.mark.parametrize(
    ("to", "said"),
    [("out.xlsx", r"ending '.xlsx' \(allowed: .parquet, .csv\)"), ("no/out.csv", "cannot be written: No such file")],
)
def test_an_export_that_cannot_be_made_says_why(add, tmp_path, to, said):
    with pytest.raises(CatalogError, match=said):
        export(add("AAA", DAYS), name("AAA"), tmp_path / to)


def test_an_export_never_replaces_a_file(add, tmp_path):
    (tmp_path / "out.csv").write_text("precious")
    with pytest.raises(CatalogError, match="is there already"):
        export(add("AAA", DAYS), name("AAA"), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "precious"


def run(*arguments: object):
    return CliRunner().invoke(app, ["catalog", *map(str, arguments)])


def test_the_commands_say_what_they_did(add, tmp_path):
    add("AAA", DAYS)
    path = add("BBB", DAYS.take(np.arange(120) != 5)).path
    checked = run("check", "--catalog", path)
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (0, f"{path}: 2 series checked, 1 findings")
    compared = run("compare", name("AAA"), name("BBB"), "--catalog", path)
    assert compared.output.splitlines()[1] == "closes    119 shared, 1 only in the first, 0 only in the second"
    exported = run("export", name("AAA"), "--to", tmp_path / "a.csv", "--catalog", path)
    assert exported.output == f"{tmp_path / 'a.csv'}: 120 rows of {name('AAA')}\n"
    removed = run("remove", name("AAA"), "--catalog", path)
    assert removed.output == f"{path}: removed {name('AAA')}, 120 rows; 1 series are left\n"
    assert Catalog(path).names() == [name("BBB")]
    assert not list(path.glob("1-DAY/AAA.XNYS/*"))
    again = run("remove", name("AAA"), "--catalog", path)
    assert again.exit_code == 2
    assert f"unknown series {name('AAA')}" in again.stderr


ROWS = "event_time,publication_time,{column},source\n2024-05-01T18:00:00Z,2024-05-01T18:00:05Z,{value},{source}\n"


@pytest.mark.parametrize(
    ("command", "column", "value", "use"),
    [
        (("events",), "text", "FOMC", "event"),
        (("news",), "text", "Fed holds", "news"),
        (("macro", "--unit", "percent"), "value", "3.5", "input"),
    ],
)
def test_dated_files_are_added_exported_and_added_again_as_nothing_new(tmp_path, command, column, value, use):
    file, path = tmp_path / "fed.csv", tmp_path / "catalog"
    file.write_text(ROWS.format(column=column, value=value, source=""), encoding="utf-8")
    refused = run("add", command[0], file, *command[1:], "--catalog", path)
    assert refused.exit_code == 2
    assert f"{file}:2: source None (allowed: not empty)" in refused.stderr
    file.write_text(ROWS.format(column=column, value=value, source="Reuters"), encoding="utf-8")
    first, second = (run("add", command[0], file, *command[1:], "--catalog", path) for _ in range(2))
    assert first.output.splitlines()[1].split() == ["fed", "1", "2024-05-01", "2024-05-01", "raw", use, "written"]
    assert "nothing new" in second.output
    assert Catalog(path).record("fed").provenance.source == "fed.csv (Reuters)"
    assert run("export", "fed", "--to", tmp_path / "out.csv", "--catalog", path).exit_code == 0
    assert pl.read_csv(tmp_path / "out.csv")[column].cast(pl.String).to_list() == [value]


def test_an_exported_series_can_be_added_again(add, tmp_path):
    path = add("AAA", HOURS, "1-HOUR").path
    for suffix in (".csv", ".parquet"):
        file = tmp_path / f"out{suffix}"
        assert run("export", name("AAA", "1-HOUR"), "--to", file, "--catalog", path).exit_code == 0
        where = ("--symbol", "BBB", "--venue", "XNYS", "--bar", "1-HOUR", "--calendar", "XNYS", "--tz", "UTC")
        options = (*where, "--stamp", "end", "--columns", "time=close_time", "--catalog", tmp_path / suffix)
        result = run("add", "table", file, *options)
        assert result.exit_code == 0, result.output
        read = Catalog(tmp_path / suffix).bar_columns(name("BBB", "1-HOUR"))
        for column in ("ts_open_ns", "ts_close_ns", "open", "high", "low", "close", "volume"):
            assert getattr(read, column).tolist() == getattr(HOURS, column).tolist(), column

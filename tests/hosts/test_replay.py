"""A recorded session runs again from its folder alone: without a difference, or with one that is found and named."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.hosts.replay import replay
from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.runs.causes import Cause
from nautilus_ai_firm.runs.folder import JOURNAL, open_run
from nautilus_ai_firm.runs.journal_reading import JournalReader
from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.settings import ConfigError
from tests.firm_runs import run, settings, synthetic_market
from tests.recorded import Record, Recorded, cut_after, kinds, record_days, record_minutes, rewritten

EARLY = 2_000
"""Records of the minute session in which every kind of record and the whole halt are."""


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Daily bars; their catalog and their kill switch are gone."""
    folder = tmp_path_factory.mktemp("days")
    recorded = record_days(folder, 100, (20, 30), 25)
    return alone(folder, recorded)


@pytest.fixture(scope="module")
def minutes(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Minute bars, traded in slices; their catalog and their kill switch are gone."""
    folder = tmp_path_factory.mktemp("minutes")
    return alone(folder, record_minutes(folder, 2, (50, 80), 40))


def alone(folder: Path, recorded: Recorded) -> Recorded:
    shutil.rmtree(folder / "catalog")
    (folder / "kill_switch.json").unlink()
    return recorded


def firm(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def assert_rich(recorded: Recorded) -> None:
    """The session has what a replay can go wrong with."""
    seen = set(kinds(recorded.session))
    assert {"history", "late_bar", "command", "kill_switch", "fill_costs"} <= seen
    actions = [command.action for command in recorded.session.of("command")]
    assert actions == ["halt", "cancel_all", "resume"]
    assert recorded.session.start.warm_up_rounds == 40


def test_days_replay_without_a_difference(days: Recorded, tmp_path: Path) -> None:
    assert_rich(days)
    assert days.session.of("financing")
    assert len(days.session.start.initial_inputs) == 3
    replayed = replay(days.folder, keep=tmp_path / "again")
    assert replayed.comparison.differences == ()
    assert replayed.comparison.rounds == replayed.comparison.decisions == days.run.summary["rounds"] == 53
    assert replayed.comparison.fills == days.run.summary["fills"] > 100
    assert replayed.kept == tmp_path / "again"
    assert open_run(tmp_path / "again").summary["result_sha256"] == days.run.summary["result_sha256"]
    assert replayed.changed == ()


def test_minutes_in_slices_replay_without_a_difference(minutes: Recorded, tmp_path: Path) -> None:
    assert_rich(minutes)
    replayed = replay(minutes.folder, keep=tmp_path / "again")
    assert replayed.comparison.differences == ()
    assert replayed.comparison.rounds == 390
    assert replayed.comparison.orders > replayed.comparison.children > 200
    assert open_run(tmp_path / "again").summary["result_sha256"] == minutes.run.summary["result_sha256"]


def test_a_replay_can_be_replayed(days: Recorded, tmp_path: Path) -> None:
    replay(days.folder, keep=tmp_path / "again")
    assert replay(tmp_path / "again").comparison.differences == ()


def test_nothing_is_left_behind_and_nothing_is_changed(
    days: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = {path: path.read_bytes() for path in days.folder.rglob("*") if path.is_file()}
    assert replay(days.folder).kept is None
    assert list(tmp_path.iterdir()) == []
    assert {path: path.read_bytes() for path in days.folder.rglob("*") if path.is_file()} == before


def test_progress_rises_to_the_number_of_rounds(minutes: Recorded) -> None:
    told: list[tuple[int, int]] = []
    replay(minutes.folder, on_progress=lambda done, of_all: told.append((done, of_all)))
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == (390, 390)


def cuts(seen: Sequence[str], between: int) -> list[int]:
    """Records after which to cut: for each kind its first and one in the middle, and some evenly between."""
    places: set[int] = set()
    for kind in dict.fromkeys(seen):
        of_kind = [place for place, one in enumerate(seen, start=1) if one == kind]
        places |= {of_kind[0], of_kind[len(of_kind) // 2]}
    return sorted(places | set(range(len(seen), 1, -len(seen) // between)))


def assert_cuts_replay(recorded: Recorded, places: Iterable[int], folder: Path) -> None:
    for records in places:
        cut = cut_after(recorded.folder, folder / str(records), records)
        assert len(read_session(cut).entries) == records
        comparison = replay(cut).comparison
        assert comparison.differences == (), f"cut after {records} records"
        assert comparison.rounds == kinds(recorded.session)[:records].count("snapshot")


def test_a_journal_of_days_cut_after_any_record_replays_without_a_difference(days: Recorded, tmp_path: Path) -> None:
    places = cuts(kinds(days.session), 6)
    assert len(places) >= 30
    assert_cuts_replay(days, places[::3], tmp_path)


@pytest.mark.slow
def test_a_journal_of_days_cut_after_every_kind_of_record_replays_without_a_difference(
    days: Recorded, tmp_path: Path
) -> None:
    assert_cuts_replay(days, cuts(kinds(days.session), 6), tmp_path)


def test_a_journal_of_minutes_cut_after_any_record_replays_without_a_difference(
    minutes: Recorded, tmp_path: Path
) -> None:
    seen = kinds(minutes.session)[:EARLY]
    assert seen.count("command") == 3
    assert_cuts_replay(minutes, cuts(seen, 3)[::2], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["days", "minutes"])
def test_a_journal_cut_after_a_hundred_records_replays_without_a_difference(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    recorded: Recorded = request.getfixturevalue(which)
    assert_cuts_replay(recorded, cuts(kinds(recorded.session), 100), tmp_path)


def test_a_cut_journal_that_lacks_a_record_differs(days: Recorded, tmp_path: Path) -> None:
    """The excuse of a killed session holds for its end alone."""

    def lacking(records: list[Record]) -> list[Record]:
        place = next(n for n, one in enumerate(records) if one["record"] == "signal" and one["round"] == 9)
        return [*records[:place], *records[place + 1 : 1_000]]

    (found,) = replay(rewritten(days.folder, tmp_path / "cut", lacking)).comparison.differences
    assert (found.cause, str(found)) == (Cause.SIGNAL, "round 9, signal momentum: now, none then")


def test_a_torn_record_is_dropped_and_told(days: Recorded, tmp_path: Path) -> None:
    folder = cut_after(days.folder, tmp_path / "torn", 900)
    with (folder / JOURNAL).open("r+b") as file:
        file.truncate(file.seek(0, 2) - 20)
    result = firm(folder)
    assert result.exit_code == 0, result.output
    assert "backtest session, 899 records, not ended: killed, or still under way, " in result.stdout
    assert "bytes of a torn record dropped" in result.stdout


# --- Differences that were planted in the journal, and are found by running it ---------------------------------------


def with_record(kind: str, change: Callable[[Record], None], fits: Callable[[Record], bool]) -> Any:
    def apply(records: list[Record]) -> list[Record]:
        one = next(record for record in records if record["record"] == kind and fits(record))
        change(one)
        return records

    return apply


def without_record(kind: str, fits: Callable[[Record], bool]) -> Any:
    def apply(records: list[Record]) -> list[Record]:
        place = next(n for n, record in enumerate(records) if record["record"] == kind and fits(record))
        return [*records[:place], *records[place + 1 :]]

    return apply


def in_round(number: int) -> Callable[[Record], bool]:
    return lambda record: record["round"] == number


def set_to(name: str, value: Any) -> Callable[[Record], None]:
    return lambda record: record.update({name: value})


def score(record: Record) -> None:
    record["score"][1] = 0.125


def bar_of(close: str) -> Callable[[Record], bool]:
    return lambda record: record["data"].get("close") == close


def tick_at(ts_ns: int) -> Callable[[Record], bool]:
    return lambda record: record["data"]["type"] == "TradeTick" and int(record["data"]["ts_init"]) == ts_ns


def costlier(record: Record) -> None:
    record["config"] = record["config"].replace("half_spread_bps = 2.0", "half_spread_bps = 3.0")


def smaller(record: Record) -> None:
    record["config"] = record["config"].replace("max_position = 0.4", "max_position = 0.1")


def latched_before(record: Record) -> bool:
    return record["state"]["latched"]


PLANTED: dict[str, tuple[Any, Cause, str]] = {
    "signal": (with_record("signal", score, in_round(12)), Cause.SIGNAL, "round 12, signal momentum score B.US: 0.125"),
    "drawdown": (with_record("risked", set_to("drawdown", 0.5), in_round(12)), Cause.RISK, "drawdown: 0.5 then"),
    "equity": (with_record("decision", set_to("equity", "1.00"), in_round(12)), Cause.STATE, "equity: 1.00 then, "),
    "bar that was not late": (
        without_record("late_bar", lambda _record: True), Cause.LATE_BAR, "round 25, late bar C.US: now, none then"),
    "command": (without_record("kill_switch", latched_before), Cause.COMMAND, "round 20, command 1 halt: then, none"),
    "other costs": (with_record("start", costlier, lambda _record: True), Cause.COMMISSION, "costs: FillCosts("),
    "another limit": (with_record("start", smaller, lambda _record: True), Cause.RISK, "alert max_position: now,"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_in_the_journal_is_the_first_difference(name: str, days: Recorded, tmp_path: Path) -> None:
    change, cause, said = PLANTED[name]
    result = firm(rewritten(days.folder, tmp_path / "planted", change))
    assert result.exit_code == 1, result.output
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("first difference: ")]
    assert said in line
    assert f"{cause}: {line.removeprefix('first difference: ')}" in result.stdout
    assert "no difference" not in result.stdout


def test_another_bar_is_another_snapshot(days: Recorded, tmp_path: Path) -> None:
    close = days.session.of("snapshot")[11].close[0]
    text = next(
        str(bar.close) for bar in days.session.of("market")
        if hasattr(bar, "close") and float(bar.close.as_decimal()) == close
    )  # fmt: skip

    def dearer(record: Record) -> None:
        record["data"] |= {"close": record["data"]["high"]}

    plant = with_record("market", dearer, bar_of(text))
    found = replay(rewritten(days.folder, tmp_path / "planted", plant)).comparison.differences
    assert (found[0].cause, found[0].round) == (Cause.MARKET_DATA, 12)
    assert str(found[0]).startswith("round 12, snapshot close A.US: ")
    assert len({one.round for one in found}) > 30, "everything after it follows from it"


def test_a_tick_that_is_not_there_is_an_order_that_is_not_sent(days: Recorded, tmp_path: Path) -> None:
    filled = next(record for record in days.session.of("order") if record.kind == "filled" and record.round == 12)
    plant = without_record("market", tick_at(filled.ts_event))
    found = replay(rewritten(days.folder, tmp_path / "planted", plant)).comparison.differences
    assert (found[0].cause, found[0].round) == (Cause.ORDER, 12)
    assert found[0].text == f"gate {filled.client_order_id}: then, none now"


def test_a_larger_child_is_named(minutes: Recorded, tmp_path: Path) -> None:
    def grow(record: Record) -> None:
        record["quantity"] += 1

    plant = with_record("gate_result", grow, lambda record: "-E2" in record["client_order_id"])
    (found,) = replay(rewritten(minutes.folder, tmp_path / "planted", plant)).comparison.differences
    assert found.cause is Cause.ORDER_SIZE
    assert "-E2 quantity: " in found.text


# --- Failures --------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session whose momentum agent failed in round 30, and fails again until it is healed."""
    catalog = synthetic_market(["A", "B"], 60).write(tmp_path / "catalog")
    update = momentum.Model.update

    def broken(self: Any, market: MarketSnapshot) -> Any:
        if market.round == 30:
            raise ZeroDivisionError("a planted fault")
        return update(self, market)

    monkeypatch.setattr(momentum.Model, "update", broken)
    with pytest.raises(BacktestError, match="a planted fault"):
        run(settings(["A", "B"]), catalog, tmp_path / "run", journal=True)
    return tmp_path / "run.failed"


def test_a_failure_that_comes_again_is_no_difference(failed: Path, tmp_path: Path) -> None:
    replayed = replay(failed, keep=tmp_path / "again")
    assert replayed.comparison.differences == ()
    assert (replayed.comparison.rounds, replayed.comparison.decisions) == (30, 29)
    assert replayed.kept == tmp_path / "again.failed"
    assert (tmp_path / "again.failed" / "failure.json").exists()


def test_a_failure_that_does_not_come_again_is_the_difference(failed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (found,) = replay(failed).comparison.differences
    assert found.cause is Cause.FAILURE
    assert str(found).endswith(": ZeroDivisionError: a planted fault: then, none now")


def test_a_failure_of_the_replay_is_the_difference(days: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Any, _market: MarketSnapshot) -> Any:
        raise ZeroDivisionError("a planted fault")

    monkeypatch.setattr(momentum.Model, "update", broken)
    (found,) = replay(days.folder).comparison.differences
    assert found.cause is Cause.FAILURE
    assert str(found).endswith(": now, none then")


# --- What cannot be replayed -----------------------------------------------------------------------------------------


def refused(*arguments: str | Path) -> str:
    result = firm(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_damaged_journal_is_refused_with_the_number_of_the_record(days: Recorded, tmp_path: Path) -> None:
    shutil.copytree(days.folder, tmp_path / "run")
    path = tmp_path / "run" / JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    lines[411] = lines[411].replace(b"1", b"2", 1)
    path.write_bytes(b"".join(lines))
    assert f"{path}:412: damaged" in refused(tmp_path / "run")


def test_a_folder_without_a_journal_is_refused(tmp_path: Path) -> None:
    assert "session.jsonl: cannot be read: No such file" in refused(tmp_path)


def test_a_folder_that_holds_something_is_not_written_to(days: Recorded, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "exists already" in refused(days.folder, "--keep", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_quotes_are_played_and_unknown_instruments_refused_by_record(days: Recorded, tmp_path: Path) -> None:
    def with_quote(records: list[Record]) -> list[Record]:
        tick = next(record["data"] for record in records if record.get("data", {}).get("type") == "TradeTick")
        quote = {
            "type": "QuoteTick", "instrument_id": tick["instrument_id"], "bid_price": tick["price"],
            "ask_price": tick["price"], "bid_size": "1", "ask_size": "1", "ts_event": tick["ts_event"],
            "ts_init": tick["ts_init"],
        }  # fmt: skip
        return [records[0], {"record": "market", "data": quote}, *records[1:]]

    folder = rewritten(days.folder, tmp_path / "quotes", with_quote)
    assert replay(folder).comparison.differences == ()  # heard, and nobody trades at it here

    def swap(record: Record) -> None:
        record["instruments"][0]["type"] = "CryptoPerpetual"

    folder = rewritten(days.folder, tmp_path / "instruments", with_record("start", swap, lambda _record: True))
    assert f"{folder / JOURNAL}:1: instrument A.US of type 'CryptoPerpetual'" in refused(folder)

    def spoil(record: Record) -> None:
        del record["instruments"][0]["price_precision"]

    folder = rewritten(days.folder, tmp_path / "spoilt", with_record("start", spoil, lambda _record: True))
    assert f"{folder / JOURNAL}:1: instrument A.US: " in refused(folder)

    def without_instrument(record: Record) -> None:
        del record["instruments"][0]

    folder = rewritten(days.folder, tmp_path / "none", with_record("start", without_instrument, lambda _record: True))
    assert "the journal of the session has no instrument A.US" in refused(folder)


def test_a_configuration_that_is_none_any_more_is_refused(days: Recorded, tmp_path: Path) -> None:
    def older(record: Record) -> None:
        record["config"] = record["config"].replace("no_trade_band", "no_trade_zone")

    folder = rewritten(days.folder, tmp_path / "older", with_record("start", older, lambda _record: True))
    assert "execution.no_trade_zone is not a known key" in refused(folder)
    with pytest.raises(ConfigError, match=r"session\.jsonl:1: "):
        replay(folder)

    def no_toml(record: Record) -> None:
        record["config"] = "name = "

    folder = rewritten(days.folder, tmp_path / "no_toml", with_record("start", no_toml, lambda _record: True))
    assert f"{folder / JOURNAL}:1: the configuration is no TOML" in refused(folder)


# --- The command -----------------------------------------------------------------------------------------------------


def test_the_command_says_what_was_compared(days: Recorded, tmp_path: Path) -> None:
    result = firm(days.folder, "--keep", tmp_path / "again")
    assert result.exit_code == 0, result.output
    records = sum(1 for _ in JournalReader(days.folder / JOURNAL))
    assert result.stdout.splitlines() == [
        f"run: backtest session, {records:,} records, ended",
        "compared 53 rounds, 53 decisions, 132 orders, 0 of them children, 132 fills",
        "no difference",
        f"second run     {tmp_path / 'again'}",
    ]


def test_a_session_that_saw_nothing_has_nothing_to_compare(days: Recorded, tmp_path: Path) -> None:
    result = firm(cut_after(days.folder, tmp_path / "short", 1))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:] == ["nothing to compare: no round had closed", "no difference"]


def test_other_software_is_told(days: Recorded, tmp_path: Path) -> None:
    def older(record: Record) -> None:
        record["versions"]["numpy"] = "1.0"

    folder = rewritten(days.folder, tmp_path / "older", with_record("start", older, lambda _record: True))
    result = firm(folder)
    assert result.exit_code == 0, result.output
    assert "other software: numpy 1.0 then, " in result.stdout
    assert replay(folder).changed[0].startswith("numpy 1.0 then, ")


def test_differences_are_counted_by_cause_and_the_first_ones_told_in_full(days: Recorded, tmp_path: Path) -> None:
    plant = PLANTED["other costs"][0]
    lines = firm(rewritten(days.folder, tmp_path / "planted", plant)).stdout.splitlines()
    assert lines[3].endswith("rounds, of each round those of the first stage that differs:")
    assert lines[4].split()[0] == "state"
    assert lines[5].split()[0] == "commission"
    assert lines[6].startswith("  2012-")
    assert lines[-1].endswith(" more")

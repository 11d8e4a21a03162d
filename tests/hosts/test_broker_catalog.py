"""`firm catalog add ib`: the bars of a firm from the gateway into a catalog, all or nothing, and later what is new."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.gateways.errors import GatewayError, HistoryError
from nautilus_ai_firm.hosts.broker_catalog import LICENCE, SOURCE, Added, _first_bar_ns, add_broker_bars
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan
from nautilus_ai_firm.research.command_line import UNUSABLE
from nautilus_ai_firm.settings import load
from tests.faults.gateway.server import Gateway
from tests.paper_runs import ACCOUNT, STOCKS, SYMBOLS, PaperDesk, history, paper_desk, tape_of
from tests.waiting import Waiting

NAMES = [f"{symbol}.US-1-MINUTE-LAST-EXTERNAL" for symbol in SYMBOLS]
NEW_BARS = 7


class World:
    """A gateway with minutes up to now, and a folder where a catalog may come to be."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self.gateway = gateway
        self.desk: PaperDesk = paper_desk(folder / "desk", gateway)
        self.path = folder / "catalog"
        self.columns = history()
        self.said: list[str] = []
        self.progress: list[tuple[int, int]] = []
        self.waiting = Waiting()

    def serve(self, columns: dict[str, BarColumns]) -> None:
        for symbol, one in columns.items():
            self.gateway.market.history[symbol, 60] = tape_of(one)

    def add(self, days: int | None = 1, **environment: str) -> Added:
        plan = BrokerPlan(
            loaded=load(self.desk.config),
            catalog=self.path,
            environment=self.desk.environment(**environment),
            real_money=False,
            say=self.said.append,
        )
        return add_broker_bars(
            plan, days, lambda done, total: self.progress.append((done, total)), self.waiting.patience()
        )

    def held(self, name: str) -> BarColumns:
        return Catalog(self.path).bar_columns(name)

    def record(self, name: str) -> BarRecord:
        found = Catalog(self.path).record(name)
        assert isinstance(found, BarRecord)
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Gateway(STOCKS) as gateway:
        yield World(tmp_path, gateway)


def cut(columns: dict[str, BarColumns], last: int) -> dict[str, BarColumns]:
    return {symbol: one.take(slice(0, -last)) for symbol, one in columns.items()}


def test_a_new_catalog_has_the_gateways_bars_and_says_where_they_are_from(world: World) -> None:
    added = world.add()
    assert added.written == dict.fromkeys(NAMES, True)
    assert world.progress == [(0, 2), (1, 2), (2, 2)]
    for symbol, name in zip(SYMBOLS, NAMES, strict=True):
        ours, theirs = world.held(name), world.columns[symbol]
        assert ours.ts_close_ns.tolist() == theirs.ts_close_ns.tolist()
        assert ours.close.tolist() == theirs.close.tolist()
        assert ours.volume.tolist() == theirs.volume.tolist()
        kept = world.record(name).provenance
        assert (kept.source, kept.licence, kept.adjustment) == (SOURCE, LICENCE, "split")
        assert kept.as_of == time.strftime("%Y-%m-%d", time.gmtime())
    assert [one.message.whatToShow for one in world.gateway.named("HistoricalDataRequest")] == ["TRADES", "TRADES"]


def test_a_second_run_adds_what_is_new_and_a_third_nothing(world: World) -> None:
    world.serve(cut(world.columns, NEW_BARS))
    world.add()
    world.serve(world.columns)
    assert world.add().written == dict.fromkeys(NAMES, True)
    for symbol, name in zip(SYMBOLS, NAMES, strict=True):
        assert world.held(name).close.tolist() == world.columns[symbol].close.tolist()
    before = Catalog(world.path).sha256()
    assert world.add().written == dict.fromkeys(NAMES, False)
    assert Catalog(world.path).sha256() == before


def test_older_bars_are_kept_that_the_gateway_gives_no_more(world: World) -> None:
    world.serve(cut(world.columns, NEW_BARS))
    world.add()
    world.serve({symbol: one.take(slice(-60, None)) for symbol, one in world.columns.items()})
    world.add()
    for symbol, name in zip(SYMBOLS, NAMES, strict=True):
        assert world.held(name).close.tolist() == world.columns[symbol].close.tolist()


def test_bars_from_before_those_that_are_held_are_added_too(world: World) -> None:
    world.serve({symbol: one.take(slice(-60, None)) for symbol, one in world.columns.items()})
    world.add()
    world.serve(world.columns)
    world.add()
    for symbol, name in zip(SYMBOLS, NAMES, strict=True):
        assert world.held(name).ts_close_ns.tolist() == world.columns[symbol].ts_close_ns.tolist()


def test_inside_a_session_the_first_bar_need_not_wait_for_the_next() -> None:
    sessions = Sessions.between(
        "XNYS", *(int(np.datetime64(day, "ns").astype(np.int64)) for day in ("2024-01-08", "2024-01-11"))
    )
    noon = int(sessions.opens_ns[0]) + 9_000_000_000_000
    assert _first_bar_ns(sessions, noon, "1-MINUTE") == noon + 60_000_000_000
    assert _first_bar_ns(sessions, noon, "1-DAY") == sessions.opens_ns[1]
    assert _first_bar_ns(sessions, int(sessions.closes_ns[0]), "1-MINUTE") == sessions.opens_ns[1]


def test_a_split_between_two_runs_brings_the_older_prices_to_the_new_level(world: World) -> None:
    world.serve(cut(world.columns, NEW_BARS))
    world.add()
    halved = {
        symbol: one.adjusted(np.full(len(one), 0.5), np.full(len(one), 0.5)) for symbol, one in world.columns.items()
    }
    world.serve({symbol: one.take(slice(-60, None)).rounded(2) for symbol, one in halved.items()})
    world.add()
    for symbol, name in zip(SYMBOLS, NAMES, strict=True):
        assert world.held(name).close == pytest.approx(halved[symbol].close, rel=2e-4)
        assert world.held(name).volume == pytest.approx(halved[symbol].volume, rel=1e-4)


def test_an_overlap_that_disagrees_is_refused_and_nothing_is_written(world: World) -> None:
    world.serve(cut(world.columns, NEW_BARS))
    world.add()
    before = Catalog(world.path).sha256()
    ibm = world.columns["IBM"]
    factor = np.where(np.arange(len(ibm)) >= len(ibm) - NEW_BARS - 5, 1.02, 1.0)
    world.serve(world.columns | {"IBM": ibm.adjusted(factor, np.ones(len(ibm))).rounded(2)})
    with pytest.raises(HistoryError, match=r"^IBM\.US-1-MINUTE.*returns disagree"):
        world.add()
    assert Catalog(world.path).sha256() == before  # AAPL had something new, too


def test_one_series_that_is_missing_leaves_no_catalog_behind(world: World) -> None:
    world.gateway.market.history.pop(("IBM", 60))
    with pytest.raises(HistoryError, match=r"IBM\.US-1-MINUTE-LAST-EXTERNAL: the gateway has no bars from"):
        world.add()
    assert Catalog(world.path).names() == []


def test_a_series_from_elsewhere_is_refused_before_anybody_is_asked(world: World) -> None:
    world.path = world.desk.folder / "catalog"
    with pytest.raises(CatalogError, match=r"AAPL\.US-1-MINUTE-LAST-EXTERNAL is there already from 'synthetic'"):
        world.add()
    assert world.gateway.received == []


def test_too_few_bars_are_refused(world: World) -> None:
    world.serve({symbol: one.take(slice(-19, None)) for symbol, one in world.columns.items()})
    with pytest.raises(HistoryError, match=r"the gateway has 19 bars of the time asked for \(allowed: 20 or more"):
        world.add()


def test_sessions_without_a_bar_are_told(world: World) -> None:
    one = world.columns["AAPL"]
    early = replace(one, ts_open_ns=one.ts_open_ns - 3 * DAY_NS, ts_close_ns=one.ts_close_ns - 3 * DAY_NS)
    world.gateway.market.history["AAPL", 60] = [*tape_of(early), *tape_of(one)]
    (note,) = world.add(days=5).notes
    assert note.startswith(f"{NAMES[0]}: ")
    assert " sessions without a bar, the first 20" in note


def test_more_requests_than_the_broker_likes_are_paced(world: World) -> None:
    """A hundred days of minutes are twenty requests a share; six for one share in two seconds are too many."""
    world.add(days=100)
    assert world.progress[-1] == (40, 40)
    assert len(world.waiting.pauses) >= 6
    assert any("pacing, next request in" in line for line in world.said)


def test_the_account_is_looked_for_before_anything_is_asked(world: World) -> None:
    with pytest.raises(GatewayError, match="does not manage the account DU…999"):
        world.add(IB_ACCOUNT="DU9999999")
    with pytest.raises(GatewayError, match="is no account for paper"):
        world.add(IB_ACCOUNT="U1234567")
    assert world.gateway.named("HistoricalDataRequest") == []


def test_the_command_prints_one_line_a_series(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in world.desk.environment().items():
        monkeypatch.setenv(name, value)
    arguments = ["catalog", "add", "ib", "--config", str(world.desk.config), "--catalog", str(tmp_path / "new")]
    done = CliRunner().invoke(app, [*arguments, "--days", "1"])
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == NAMES
    assert all(line.endswith("written") for line in lines[1:3])
    assert ACCOUNT not in done.stdout
    monkeypatch.setenv("IB_ACCOUNT", "")
    refused = CliRunner().invoke(app, arguments)
    assert (refused.exit_code, refused.stdout) == (UNUSABLE, "")
    assert refused.stderr == "error: IB_ACCOUNT is not set (allowed: letters, then digits, in the environment)\n"

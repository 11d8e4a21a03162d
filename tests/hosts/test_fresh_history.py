"""What was learned from cached bars is asked for again in the background, until fresh bars confirm it or do not."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, SECOND_NS
from nautilus_ai_firm.gateways.errors import ClientIdError, HistoryUnavailableError
from nautilus_ai_firm.gateways.ib_bars import HistoryBar, HistoryRequest
from nautilus_ai_firm.hosts.fresh_history import Fresh, FreshHistory, disagreement
from nautilus_ai_firm.hosts.fresh_series import Spliced
from nautilus_ai_firm.hosts.gateway_bars import Ask
from nautilus_ai_firm.hosts.warm_up import warm_up
from tests.hosts.test_warm_up import Change, World, changed, contracts_of, firm_of, scaled

NAME = bar_type_id("A.US", "1-DAY")
LONGEST_WAIT_S = 20.0


def nothing(request: HistoryRequest) -> list[HistoryBar]:
    raise HistoryUnavailableError(f"{request.contract.symbol}: planted")


def bars_of(world: World, change: Change = lambda _, columns: columns) -> Ask:
    """Answer with what the market is, changed as a test likes."""

    def ask(request: HistoryRequest) -> list[HistoryBar]:
        whole = change(request.contract.symbol, world.served[request.contract.symbol])
        end_ns = int(datetime.strptime(request.end, "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC).timestamp()) * SECOND_NS
        columns = whole.take(whole.ts_open_ns < end_ns)
        days = (columns.ts_open_ns // DAY_NS).astype("datetime64[D]")
        prices = (columns.open, columns.high, columns.low, columns.close, columns.volume)
        return [
            HistoryBar(date=str(day).replace("-", ""), open=open_, high=high, low=low, close=close, volume=volume)
            for day, open_, high, low, close, volume in zip(days, *(one.tolist() for one in prices), strict=True)
        ]

    return ask


class Asking:
    """A session that learned from the catalog alone an hour ago, and a gateway that answers as a test likes."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, *answers: Ask, hours: int = 1) -> None:
        now_ns = world.cut_ns + HOUR_NS
        monkeypatch.setattr("nautilus_ai_firm.hosts.fresh_history.time.time_ns", lambda: now_ns + hours * HOUR_NS)
        firm = firm_of("1-DAY").firm
        cached = warm_up(firm, world.catalog, contracts_of("1-DAY"), now_ns, nothing).cached
        self.learned = cached[NAME]
        self.asked = 0
        self._all_asked = threading.Event()
        self._answers = answers
        self.history = FreshHistory(
            firm, world.catalog, contracts_of("1-DAY"), {NAME: self.learned}, {NAME: "A.US"}, self._line, again_s=0.01
        )

    @contextmanager
    def _line(self, nap: Callable[[float], None]) -> Generator[Ask]:
        nap(0.0)
        yield self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        if self.asked >= len(self._answers):
            self._all_asked.set()

    def found(self) -> list[Fresh]:
        """Ask until every answer was given."""
        try:
            assert self.history.start() == {"A.US": self.learned.line(NAME)}
            assert self._all_asked.wait(LONGEST_WAIT_S)
        finally:
            self.history.close()
        return self.history.found()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_is_asked_again_until_fresh_bars_agree_and_then_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(_request: HistoryRequest) -> list[HistoryBar]:
        raise ClientIdError("the gateway keeps the id of a connection that broke")

    asking = Asking(world, monkeypatch, nothing, taken, bars_of(world))
    assert asking.found() == [Fresh(name="A.US", agrees=True, cause=f"{NAME}: fresh bars agree with the cached ones")]
    assert asking.asked == 3
    assert asking.history.found() == []


def test_a_bar_that_closed_since_the_session_began_is_not_held_against_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = Asking(world, monkeypatch, bars_of(world), hours=24).found()
    assert found.agrees


def test_another_level_is_told_once_and_stays_barred(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = Asking(world, monkeypatch, bars_of(world, scaled(0.5))).found()
    assert not found.agrees
    assert found.cause.startswith(
        f"{NAME}: no new risk, the cached bars stand on another level, by 5000 bps (allowed: "
    )


def test_returns_that_disagree_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    place = int(np.searchsorted(world.market.bars["A"].ts_close_ns, world.cut_ns)) - 3
    wrong = changed("A", "open high low close", place, 1.05)
    (found,) = Asking(world, monkeypatch, bars_of(world, wrong)).found()
    assert not found.agrees
    assert "returns disagree at" in found.cause


def test_what_is_closed_asks_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking(world, monkeypatch, nothing, nothing)
    assert asking.found() == []
    asked = asking.asked
    asking.history.close()
    assert asking.asked == asked


def test_without_anything_cached_nothing_is_asked(world: World) -> None:
    def line(_nap: Callable[[float], None]) -> Generator[Ask]:
        pytest.fail("asked")

    history = FreshHistory(firm_of("1-DAY").firm, world.catalog, {}, {}, {}, contextmanager(line), again_s=0.0)
    assert history.start() == {}
    history.close()
    assert history.found() == []


def test_bars_from_before_the_session_that_nobody_learned_from_stand_against_it(world: World) -> None:
    fresh = warm_up(firm_of("1-DAY").firm, world.catalog, contracts_of("1-DAY"), world.now_ns, bars_of(world))
    known = fresh.spliced[NAME]
    closes_ns = known.columns.ts_close_ns

    def learned(until: int) -> Spliced:
        return replace(known, columns=known.columns.take(slice(0, until)), now_ns=int(closes_ns[-2]))

    assert disagreement(learned(-1), known) == ""
    assert disagreement(learned(-3), known) == (
        "2 bars before the session began were not learned from (begin a new session)"
    )

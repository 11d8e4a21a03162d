"""Bars and figures in, one snapshot a round out."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId, Bar, CustomData

from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.bus import Failures, Topic, callback
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.best_quote import best_quote
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.messages import Connection, LateBar, MarketSnapshot
from tests.agents.conftest import DAYS, SYMBOLS, Bench, Probe
from tests.firm_runs import INDEX, settings
from tests.runs.any_fact import bits
from tests.watched_market import WATCHES, WatchedMarket, watched_market

AFTER_THE_FIGURE = date(2012, 1, 6)  # the monthly figure comes out the day before


def desk_of(bench: Bench, feed: Feed, failures: Failures) -> MarketDesk:
    return MarketDesk(bench.stage.universe, bench.stage.sessions, feed, MarketTime(), failures)


def snapshots(bench: Bench, initial: dict[str, float] | None = None) -> list[Any]:
    return bench.sit(
        lambda _book, _ledger, failures: [
            MarketDesk(
                bench.stage.universe, bench.stage.sessions, Feed(initial_inputs=initial or {}), MarketTime(), failures
            )
        ],
        hears=[Topic.SNAPSHOT],
    )


def test_one_snapshot_a_round_with_the_bars_of_the_round(bench: Bench) -> None:
    found = snapshots(bench)
    columns = [Catalog(bench.stage.study.catalog).bar_columns(f"{name}.US-1-DAY-LAST-EXTERNAL") for name in SYMBOLS]
    assert [seen.round for seen in found] == list(range(1, DAYS + 1))
    for place, seen in enumerate(found):
        assert seen.ts_event == columns[0].ts_close_ns[place]
        assert seen.volume.tolist() == pytest.approx([column.volume[place] for column in columns], rel=1e-15)
        for name in ("open", "high", "low", "close"):
            assert getattr(seen, name).tolist() == [getattr(column, name)[place] for column in columns]
        assert seen.fresh.all()


def test_an_input_is_the_last_one_published_by_the_close(bench: Bench) -> None:
    catalog = Catalog(bench.stage.study.catalog)
    oil = catalog.observation_columns("wti")
    index = catalog.bar_columns(f"{INDEX}-1-DAY-LAST-EXTERNAL")
    found = snapshots(bench)
    for place, seen in enumerate(found[1:], start=1):
        assert seen.inputs[0] == index.close[place]
        assert seen.inputs[1] == oil.value[np.searchsorted(oil.ts_init_ns, seen.ts_event, side="right") - 1]
        assert seen.inputs_fresh[:2].all()


def test_inputs_start_with_what_was_known_before_and_are_fresh_once(new_bench: Any) -> None:
    found = snapshots(new_bench(start=AFTER_THE_FIGURE), {"credit_spread": 0.0123})
    assert found[0].inputs[2] == 0.0123
    assert [bool(seen.inputs_fresh[2]) for seen in found[:2]] == [True, False]


def test_without_anything_known_before_an_input_is_missing(new_bench: Any) -> None:
    first = snapshots(new_bench(start=AFTER_THE_FIGURE))[0]
    assert np.isnan(first.inputs[2])
    assert not first.inputs_fresh[2]


def test_nobody_can_change_a_snapshot(bench: Bench) -> None:
    seen = snapshots(bench)[0]
    with pytest.raises(ValueError, match="read-only"):
        seen.close[0] = 1.0
    with pytest.raises(AttributeError):
        seen.round = 7


def late_feed(bench: Bench, delays_ns: dict[tuple[str, int], int], feed: Feed, hears: list[Topic]) -> list[Any]:
    """Sit the desk on the bench's data, with some bars arriving late: by symbol and round, how late."""
    rounds = bench.stage.rounds_ns.tolist()

    def arrange(data: list[Any]) -> list[Any]:
        return [delayed(item) if isinstance(item, Bar) else item for item in data]

    def delayed(bar: Bar) -> Bar:
        symbol = bar.bar_type.instrument_id.symbol.value
        delay_ns = delays_ns.get((symbol, rounds.index(bar.ts_event) + 1), 0)
        return Bar(
            bar.bar_type, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts_event, bar.ts_init + delay_ns
        )

    bench.stage = replace(bench.stage, study=replace(bench.stage.study, arrange=arrange, cuts=()))
    return bench.sit(
        lambda _book, _ledger, failures: [
            MarketDesk(bench.stage.universe, bench.stage.sessions, feed, MarketTime(), failures)
        ],
        hears=hears,
    )


def test_a_round_waits_for_a_late_bar_as_long_as_the_grace(bench: Bench) -> None:
    found = late_feed(bench, {("B", 2): SECOND_NS}, Feed(grace_ns=2 * SECOND_NS), [Topic.SNAPSHOT])
    assert [seen.round for seen in found] == list(range(1, DAYS + 1))
    assert all(seen.fresh.all() for seen in found)


def test_after_the_grace_the_bar_is_recorded_and_the_round_stays_closed(bench: Bench) -> None:
    delays = {("B", 2): 3 * SECOND_NS}
    found = late_feed(bench, delays, Feed(grace_ns=2 * SECOND_NS), [Topic.SNAPSHOT, Topic.LATE_BAR])
    late = [message for message in found if isinstance(message, LateBar)]
    rounds = [message for message in found if not isinstance(message, LateBar)]
    assert [(bar.instrument_id, bar.round, bar.ts_event) for bar in late] == [("B.US", 2, bench.close_ns)]
    assert late[0].ts_init == bench.close_ns + 3 * SECOND_NS
    assert [seen.round for seen in rounds] == list(range(1, DAYS + 1))
    assert [seen.fresh.tolist() for seen in rounds[:3]] == [[True, True], [True, False], [True, True]]
    assert rounds[1].close[1] == rounds[0].close[1]


def test_a_late_bar_of_the_first_rounds_never_leaks_into_a_later_one(bench: Bench, new_bench: Any) -> None:
    punctual = late_feed(new_bench(), {}, Feed(grace_ns=SECOND_NS), [Topic.SNAPSHOT])
    late = late_feed(bench, {("A", 1): 5 * SECOND_NS}, Feed(grace_ns=SECOND_NS), [Topic.SNAPSHOT])
    for early, seen in zip(punctual[1:], late[1:], strict=True):
        assert seen.close.tolist() == early.close.tolist()
        assert seen.fresh.tolist() == early.fresh.tolist()


def test_desks_learn_from_the_history_and_its_rounds_end_with_zero(new_bench: Any) -> None:
    whole = snapshots(new_bench())
    warm = new_bench({"market.warm_up_rounds": 2}, start=date(2012, 1, 5))
    assert len(warm.stage.rounds_ns) < DAYS
    found = warm.sit(
        lambda _book, _ledger, failures: [
            MarketDesk(warm.stage.universe, warm.stage.sessions, warm.stage.feed, MarketTime(), failures)
        ],
        hears=[Topic.SNAPSHOT],
    )
    assert [seen.round for seen in found][:3] == [-1, 0, 1]
    assert [seen.is_history for seen in found][:3] == [True, True, False]
    for seen, before in zip(found, whole[-len(found) :], strict=True):
        assert seen.ts_event == before.ts_event
        assert seen.close.tolist() == before.close.tolist()
        assert np.array_equal(seen.inputs, before.inputs, equal_nan=True)


class Host(Probe):
    """Says that orders can reach the market, before there is any data."""

    def __new__(cls, *_: object) -> Self:
        return DataActor.__new__(cls, DataActorConfig(actor_id=ActorId("HOST-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    @callback
    def on_start(self) -> None:
        super().on_start()
        for trusted in (False, True, True):
            self.line.publish(Topic.CONNECTION, Connection(ts_event=0, trusted=trusted, cause="a test"))


def test_desks_know_the_history_when_the_firm_may_trade_and_hear_it_once(new_bench: Any) -> None:
    warm = new_bench({"market.warm_up_rounds": 2}, start=date(2012, 1, 5))
    hosts: list[Host] = []

    def desks(_book: Any, _ledger: Any, failures: Any) -> list[Any]:
        hosts.append(Host((), [Topic.SNAPSHOT, Topic.CONNECTION], 0, failures))
        return [MarketDesk(warm.stage.universe, warm.stage.sessions, warm.stage.feed, MarketTime(), failures), *hosts]

    warm.sit(desks)
    assert warm.failures.first is None
    heard = [getattr(message, "round", getattr(message, "trusted", None)) for _, message in hosts[0].heard]
    assert heard[:6] == [False, -1, 0, True, True, 1]


# --- Quotes, events and chains --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def watched() -> WatchedMarket:
    return watched_market()


@pytest.fixture(scope="module")
def watched_catalog(watched: WatchedMarket, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watched.write(tmp_path_factory.mktemp("watched") / "catalog")


def watched_bench(catalog: Path, changes: dict[str, Any], **study: Any) -> Bench:
    return Bench(prepare(Study(loaded=settings(SYMBOLS, changes), catalog=catalog, **study)))


def seen_by_desk(bench: Bench) -> list[MarketSnapshot]:
    found = bench.sit(
        lambda _book, _ledger, failures: [desk_of(bench, bench.stage.feed, failures)],
        hears=[Topic.SNAPSHOT],
    )
    assert bench.failures.first is None
    return found


def test_a_snapshot_has_the_last_quotes_the_events_and_the_chain_of_its_round(
    watched_catalog: Path, watched: WatchedMarket
) -> None:
    found = seen_by_desk(watched_bench(watched_catalog, WATCHES))
    assert len(found) == len(watched.closes())
    fomc = watched.events["fomc"].ts_event_ns
    for seen in found:
        assert seen.quotes is not None
        assert seen.events is not None
        for place, symbol in enumerate(SYMBOLS):
            for side, price, size in (
                ("BID", seen.quotes.bid, seen.quotes.bid_size),
                ("ASK", seen.quotes.ask, seen.quotes.ask_size),
            ):
                bars = watched.sides[f"{symbol}.US", side]
                last = np.searchsorted(bars.ts_close_ns, seen.ts_event, side="right") - 1
                assert (price[place], size[place]) == (bars.close[last], bars.volume[last])
        assert seen.events.last_ns[0].tolist() == [fomc[fomc <= seen.ts_event].max()] * 2
        (chain,) = seen.chains
        for strike, expiry_ns, is_call, bid, ask in zip(
            chain.strike, chain.expiry_ns, chain.is_call, chain.bid, chain.ask, strict=True
        ):
            day = np.datetime64(int(expiry_ns), "ns").astype("datetime64[D]").item()
            name = f"A{day:%y%m%d}{'C' if is_call else 'P'}{int(strike) * 1000:08d}.US"
            for side, price in (("BID", bid), ("ASK", ask)):
                bars = watched.sides.get((name, side))
                of_round = [] if bars is None else bars.close[bars.ts_close_ns == seen.ts_event].tolist()
                assert [price] == of_round or (np.isnan(price) and not of_round)


def test_a_round_tells_the_session_that_it_closes_in(watched_catalog: Path) -> None:
    bench = watched_bench(watched_catalog, {"market.bar": "1-HOUR"})
    sessions = bench.stage.sessions
    for seen in seen_by_desk(bench):
        index = int(np.searchsorted(sessions.closes_ns, seen.ts_event))
        assert (seen.session_open_ns, seen.session_close_ns) == (sessions.opens_ns[index], sessions.closes_ns[index])


def test_a_quote_that_comes_after_the_close_and_before_the_bar_is_of_the_next_round(
    watched_catalog: Path, watched: WatchedMarket
) -> None:
    close_ns = int(watched.closes()[4])
    after = best_quote("A.US", 1.0, 2.0, 3.0, 4.0, close_ns + SECOND_NS)

    def arrange(data: list[Any]) -> list[Any]:
        if isinstance(data[0], Bar):
            return [late(bar) if bar.ts_event == close_ns else bar for bar in data]
        return [*data, after] if isinstance(data[0], CustomData) else data

    def late(bar: Bar) -> Bar:
        arrival = bar.ts_init + 2 * SECOND_NS
        return Bar(bar.bar_type, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts_event, arrival)

    bench = watched_bench(watched_catalog, WATCHES, arrange=arrange, cuts=())
    bench.stage = replace(bench.stage, feed=replace(bench.stage.feed, grace_ns=5 * SECOND_NS))
    found = {seen.ts_event: seen for seen in seen_by_desk(bench)}
    punctual = {seen.ts_event: seen for seen in seen_by_desk(watched_bench(watched_catalog, WATCHES))}
    assert found.keys() == punctual.keys()
    for ts, seen in found.items():
        assert bits(seen.quotes) == bits(punctual[ts].quotes)
        assert seen.close.tolist() == punctual[ts].close.tolist()


def test_what_nobody_watches_is_nobodys(watched_catalog: Path) -> None:
    for seen in seen_by_desk(watched_bench(watched_catalog, {"market.bar": "1-HOUR"})):
        assert (seen.quotes, seen.events, seen.chains) == (None, None, ())

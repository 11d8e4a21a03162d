"""What a parent leaves at the cut-off goes to the closing auction of its session, and fills at the closing price."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nautilus_trader.model import ClientId, Price, TimeInForce

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.closing_auction import ClosingAuction
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.hosts import backtest_engine
from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord, RiskAction
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.runs.order_report import order_report
from tests.acceptance.one_share import HOUR, LIMITS, MONDAY, SLICED, kinds, moving, parents, steps
from tests.firm_runs import Played, Targets, flat_minutes, play, settings, write_bars

AUCTION: dict[str, Any] = {"name": "twap", "at_end": "auction"}
DECIDED, CUT_OFF = 340, 375
"""Rounds of a day from 9:30 to 16:00: 15:10, where five slices of ten minutes fit, and 15:45."""
SHARES = 50_000


def day(n_days: int = 1, *, close: float = 101.0) -> BarColumns:
    """Flat minutes at 100, of which the last of each session rises to its close; each trades a hundred shares."""
    bars = flat_minutes(MONDAY, n_days)
    closes, high = bars.close.copy(), bars.high.copy()
    closes[389::390] = high[389::390] = close
    return replace(bars, close=closes, high=high)


@pytest.fixture
def worked(worked: Callable[..., Played]) -> Callable[..., Played]:
    """Work a share through the whole of such a day, its rest left to the auction."""

    def go(
        targets: Targets,
        algorithm: dict[str, Any] = AUCTION,
        bars: BarColumns | None = None,
        changes: Mapping[str, Any] | None = None,
        *,
        repeat: bool = False,
    ) -> Played:
        series = day() if bars is None else bars
        return worked(targets, algorithm, series, {"execution.twap": HOUR} | dict(changes or {}), repeat=repeat)

    return go


def times(played: Played, bars: BarColumns) -> list[float]:
    """Minutes before the first session's close at which something was filled."""
    return [round((int(bars.ts_close_ns[389]) - fill.ts_event) / MINUTE_NS, 1) for fill in played.fills()]


def committed(played: Played) -> list[GateResult]:
    return [gate for gate in played.tape.of(GateResult) if gate.is_auction]


def prices(played: Played) -> list[Decimal]:
    return [fill.price for fill in played.fills()]


# the order


def test_what_is_left_at_the_cut_off_fills_whole_at_the_closing_price(worked: Any) -> None:
    """A bar of a hundred shares: the engine alone would fill 25 there, and the rest one increment away."""
    bars = day()
    played = worked({DECIDED: [SHARES]}, bars=bars)
    assert parents(played) == [("TWAP", SHARES, SHARES, "filled")]
    assert steps(played) == [10_000] * 5
    assert times(played, bars) == [50.0, 40.0, 30.0, 20.0, 0.0]
    assert prices(played) == [Decimal(100)] * 4 + [Decimal(101)]
    assert played.fills()[-1].ts_event == bars.ts_close_ns[389]


def test_it_is_one_order_that_is_told_at_the_cut_off_and_leaves_at_the_close(worked: Any) -> None:
    bars = day()
    played = worked({DECIDED + 10: [SHARES]}, bars=bars)
    assert steps(played) == [12_500, 12_500, 12_500, 12_500]
    (gate,) = committed(played)
    assert gate.ts_event == bars.ts_close_ns[389] - 15 * MINUTE_NS
    assert (gate.quantity, gate.breach, gate.price) == (12_500, None, 100.0)
    sent = kinds(played, OrderEventKind.SUBMITTED)[-1]
    assert (sent.client_order_id, sent.ts_event) == (gate.client_order_id, bars.ts_close_ns[389])
    assert played.fills()[-1].client_order_id == gate.client_order_id
    orders = played.orders
    assert orders.loc[gate.client_order_id, "tags"] == ["R000350"]
    assert list(orders.loc["R000350-A.US", ["status", "quantity"]]) == ["CANCELED", "0"]


def test_the_quantity_works_between_cut_off_and_close_and_no_decision_changes_it(worked: Any) -> None:
    played = worked({DECIDED: [SHARES], CUT_OFF + 3: [0], CUT_OFF + 8: [-SHARES]})
    assert parents(played) == [("TWAP", SHARES, SHARES, "filled")]
    assert played.positions == [SHARES]
    between = [seen.holdings for seen in played.seen if CUT_OFF <= seen.round < 390]
    assert {(int(one.positions[0]), int(one.projected[0])) for one in between} == {(40_000, SHARES)}
    last = next(seen for seen in played.seen if seen.round == 390)
    assert int(last.holdings.positions[0]) == SHARES  # the round of the close knows the fill


def test_the_control_a_desk_that_changes_what_is_committed_knows_the_time_after_the_cut_off(
    worked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkingLedger, "is_committed", lambda *_: False)
    played = worked({DECIDED: [SHARES], CUT_OFF + 3: [0]})
    assert parents(played)[0] == ("TWAP", SHARES, 40_000, "canceled")


def test_a_decision_before_the_cut_off_still_changes_it(worked: Any) -> None:
    played = worked({DECIDED: [SHARES], CUT_OFF - 3: [0]})
    assert parents(played)[0] == ("TWAP", SHARES, 40_000, "canceled")
    assert committed(played) == []


def test_a_sale_is_committed_too(worked: Any) -> None:
    played = worked({100: [SHARES], DECIDED: [0]})
    assert parents(played)[-1] == ("TWAP", SHARES, SHARES, "filled")
    assert prices(played)[-1] == Decimal(101)
    assert played.positions == [0]


# who goes there


def test_a_parent_that_ends_before_the_cut_off_is_left_as_without_it(worked: Any) -> None:
    sized = {"max_child": 5_000}
    played = worked({100: [SHARES]}, AUCTION | sized)
    assert parents(played) == [("TWAP", SHARES, 30_000, "expired")]
    assert committed(played) == []


def test_a_parent_that_is_decided_after_the_cut_off_is_sliced_to_the_end(worked: Any) -> None:
    changes = {"execution.twap": HOUR | {"interval_minutes": 2}}
    played = worked({CUT_OFF + 1: [SHARES]}, changes=changes)
    assert parents(played) == [("TWAP", SHARES, SHARES, "filled")]
    assert committed(played) == []
    assert set(prices(played)) == {Decimal(100)}


def test_the_cut_off_is_configured(worked: Any) -> None:
    bars = day()
    played = worked({DECIDED: [SHARES]}, AUCTION | {"closing_cutoff_minutes": 35}, bars=bars)
    assert steps(played) == [10_000, 10_000, 30_000]
    assert times(played, bars) == [50.0, 40.0, 0.0]


def test_a_half_day_counts_from_its_own_close(worked: Any) -> None:
    """Friday after Thanksgiving 2023 closes at 13:00, 210 minutes after the open."""
    bars = flat_minutes(datetime(2023, 11, 24), 1)  # noqa: DTZ001 - a day, not a moment
    assert len(bars) == 210
    closes, high = bars.close.copy(), bars.high.copy()
    closes[-1] = high[-1] = 102.0
    played = worked({160: [SHARES]}, bars=replace(bars, close=closes, high=high))
    assert steps(played) == [10_000] * 5
    assert (played.fills()[-1].ts_event, prices(played)[-1]) == (bars.ts_close_ns[-1], Decimal(102))
    assert committed(played)[0].ts_event == bars.ts_close_ns[-1] - 15 * MINUTE_NS


def test_what_slicing_may_not_send_in_the_last_minutes_goes_to_the_auction(worked: Any) -> None:
    """Half an hour without slices: what three of them could not take is committed when they end."""
    bars = day()
    sized = AUCTION | {"last_minutes": 30, "max_child": 8_000}
    played = worked({DECIDED - 10: [SHARES]}, sized, bars=bars)
    assert steps(played) == [8_000, 8_000, 8_000, 26_000]
    assert committed(played)[0].ts_event == bars.ts_close_ns[389] - 30 * MINUTE_NS


@pytest.mark.parametrize("name", ["vwap", "pov", "almgren_chriss"])
def test_every_algorithm_leaves_its_rest_to_the_auction(worked: Any, name: str) -> None:
    own: dict[str, Any] = {
        "vwap": {"curve_bin_minutes": 10},
        "pov": {"participation": 0.1},
        "almgren_chriss": {"risk_aversion": 1e-6, "spread_bps": 2.0},
    }[name]
    played = worked({DECIDED: [SHARES]}, AUCTION | {"name": name} | own, moving(390))
    assert parents(played) == [(name.upper(), SHARES, SHARES, "filled")]
    (gate,) = committed(played)
    assert gate.client_order_id == played.fills()[-1].client_order_id
    assert sum(steps(played)) == SHARES


def test_resting_children_come_back_before_the_quantity_is_fixed(worked: Any) -> None:
    """Limits five basis points below a flat market that never fill: all of it goes to the close."""
    resting = AUCTION | {"limit": {"offset_bps": 5.0, "cross_share": 0.0}}
    played = worked({DECIDED + 5: [SHARES]}, resting, changes={"execution.twap": HOUR | {"interval_minutes": 20}})
    assert parents(played) == [("TWAP", SHARES, SHARES, "filled")]
    (gate,) = committed(played)
    back = [one for one in kinds(played, OrderEventKind.CANCELED) if one.client_order_id != "R000345-A.US"]
    assert [one.ts_event for one in back][-1] == gate.ts_event
    assert steps(played)[-1] == gate.quantity
    assert sum(steps(played)) == SHARES


def test_hourly_bars_refuse_the_slices_and_say_so(tmp_path: Path) -> None:
    bars = flat_minutes(MONDAY, 5)
    hours = bars.take(np.arange(len(bars)) % 30 == 0)
    hours = replace(hours, ts_close_ns=hours.ts_open_ns + 30 * MINUTE_NS, volume=np.full(len(hours), 100.0))
    catalog = write_bars(tmp_path / "catalog", {"A": hours}, "30-MINUTE")
    changes = SLICED | LIMITS | {"execution.algorithm": AUCTION, "market.bar": "30-MINUTE"}
    loaded = settings(["A"], changes, macro=False)
    played = play(loaded, catalog, tmp_path / "run", lambda snapshot, _: [10_000] if snapshot.round == 24 else None)
    assert [gate.breach.rule for gate in played.tape.of(GateResult) if gate.breach] == ["slicing_refused"]
    assert committed(played) == []


# what takes it back


@pytest.mark.parametrize(
    ("action", "state"),
    [(RiskAction.CANCEL_ALL, "canceled"), (RiskAction.FLATTEN, "canceled"), (RiskAction.HALT, "refused")],
)
def test_a_command_between_cut_off_and_close_takes_it_back(worked: Any, action: RiskAction, state: str) -> None:
    played = worked({DECIDED: [SHARES], CUT_OFF + 5: [action]})
    assert parents(played)[0] == ("TWAP", SHARES, 40_000, state)
    (gate,) = committed(played)[:1]
    assert gate.client_order_id not in played.orders.index
    assert played.working == [0]


def test_a_halt_in_the_last_minute_holds_it_back_at_the_close(worked: Any) -> None:
    """No market event of the session comes after it."""
    played = worked({DECIDED: [SHARES], 389: [RiskAction.HALT]})
    assert parents(played) == [("TWAP", SHARES, 40_000, "refused")]
    assert [gate.breach.rule for gate in committed(played) if gate.breach] == ["halt"]


def test_a_halt_lets_a_committed_sale_go(worked: Any) -> None:
    played = worked({100: [SHARES], DECIDED: [0], CUT_OFF + 5: [RiskAction.HALT]})
    assert parents(played)[-1] == ("TWAP", SHARES, SHARES, "filled")
    assert played.positions == [0]


def test_a_halt_before_the_cut_off_lets_nothing_be_committed(worked: Any) -> None:
    played = worked({DECIDED: [SHARES], CUT_OFF - 1: [RiskAction.HALT]})
    assert parents(played)[0][2:] == (40_000, "refused")


def test_the_price_of_the_close_holds_nothing_back(worked: Any) -> None:
    """Twelve per cent above the cut-off, and a collar of ten: to refuse it would be to know the close."""
    played = worked({DECIDED: [SHARES]}, bars=day(close=112.0))
    assert parents(played) == [("TWAP", SHARES, SHARES, "filled")]
    assert prices(played)[-1] == Decimal(112)


def test_without_a_bar_that_closes_with_the_session_there_is_no_price(worked: Any) -> None:
    bars = day(2)
    keep = np.ones(len(bars), dtype=np.bool_)
    keep[386:390] = False
    played = worked({DECIDED: [SHARES]}, bars=bars.take(keep))
    assert parents(played) == [("TWAP", SHARES, 40_000, "no closing price")]
    assert len(played.fills()) == 4
    assert played.working == [0]


# at a broker


def test_a_broker_has_the_order_at_the_cut_off_for_the_close(worked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The orders of a session at a broker, in a venue that takes none for the close: it rejects them, which ends it."""
    monkeypatch.setattr(Universe, "client_id", property(lambda _universe: ClientId("US")))
    bars = day()
    played = worked({DECIDED: [SHARES]}, bars=bars)
    (gate,) = committed(played)
    last = [one for one in played.tape.of(OrderRecord) if one.client_order_id == gate.client_order_id]
    cut_off_ns = bars.ts_close_ns[389] - 15 * MINUTE_NS
    assert [(one.kind, one.ts_event) for one in last] == [
        (OrderEventKind.SUBMITTED, cut_off_ns), (OrderEventKind.REJECTED, cut_off_ns),
    ]  # fmt: skip
    assert played.orders.loc[gate.client_order_id, "time_in_force"] == "AT_THE_CLOSE"
    assert parents(played) == [("TWAP", SHARES, 40_000, "rejected")]
    assert played.working == [0]


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders for the close rest at a venue that knows none: as limits that fill when the price comes to 99."""
    monkeypatch.setattr(Universe, "client_id", property(lambda _universe: ClientId("US")))
    honest = SlicingAlgorithm.spawn_market

    def spawn(
        algorithm: SlicingAlgorithm, primary: Any, size: Any, when: TimeInForce = TimeInForce.GTC, *, tags: Any = None
    ) -> Any:
        if when != TimeInForce.AT_THE_CLOSE:
            return honest(algorithm, primary, size, when, tags=tags)
        return algorithm.spawn_limit(primary, size, Price.from_str("99.0000"), tags=tags)

    monkeypatch.setattr(SlicingAlgorithm, "spawn_market", spawn)


def later(place: int) -> BarColumns:
    """Two days of which one minute opens at 98."""
    return flat_minutes(MONDAY, 2, prices={place: 98.0})


@pytest.mark.usefixtures("broker")
def test_at_a_broker_it_counts_until_the_auction_answers_also_after_the_close(worked: Any) -> None:
    played = worked({DECIDED: [SHARES], CUT_OFF + 5: [0], 391: [0]}, bars=later(391))
    assert parents(played)[0] == ("TWAP", SHARES, SHARES, "filled")
    seen = {one.round: (int(one.holdings.positions[0]), int(one.holdings.projected[0])) for one in played.seen}
    assert (seen[CUT_OFF], seen[391], seen[392]) == ((40_000, SHARES), (40_000, SHARES), (SHARES, SHARES))
    assert len(kinds(played, OrderEventKind.CANCELED)) == 0


@pytest.mark.usefixtures("broker")
def test_at_a_broker_it_leaves_when_the_last_resting_child_is_back(worked: Any) -> None:
    resting = AUCTION | {"limit": {"offset_bps": 5.0, "cross_share": 0.0}}
    changes = {"execution.twap": HOUR | {"interval_minutes": 20}}
    bars = later(391)
    played = worked({DECIDED + 5: [SHARES]}, resting, bars, changes)
    (gate,) = committed(played)
    events = [(one.client_order_id, one.kind) for one in played.tape.of(OrderRecord) if one.ts_event == gate.ts_event]
    back = [place for place, (_, kind) in enumerate(events) if kind is OrderEventKind.CANCELED]
    assert len(back) > 0
    assert max(back) < events.index((gate.client_order_id, OrderEventKind.SUBMITTED))
    assert parents(played) == [("TWAP", SHARES, SHARES, "filled")]
    assert played.fills()[-1].client_order_id == gate.client_order_id


@pytest.mark.usefixtures("broker")
@pytest.mark.parametrize(("action", "state"), [(RiskAction.CANCEL_ALL, "canceled"), (RiskAction.HALT, "refused")])
def test_at_a_broker_it_is_asked_back_by_a_command(worked: Any, action: RiskAction, state: str) -> None:
    played = worked({DECIDED: [SHARES], CUT_OFF + 5: [action]}, bars=later(391))
    assert parents(played)[0] == ("TWAP", SHARES, 40_000, state)
    (back,) = kinds(played, OrderEventKind.CANCELED)
    assert back.client_order_id == committed(played)[0].client_order_id
    assert played.positions == [40_000]
    assert played.working == [0]


# what is made of it


def test_a_stop_follows_the_fill_at_the_close(worked: Any) -> None:
    stops = {"risk.stops": {"initial_fraction": 0.05}}
    played = worked({DECIDED: [SHARES]}, bars=day(2), changes=stops)
    assert played.positions == [SHARES]
    stop = played.orders[played.orders["type"] == "STOP_MARKET"]
    assert list(stop["quantity"]) == [str(SHARES)]


def test_a_stop_that_goes_off_before_the_close_takes_the_committed_rest_with_it(worked: Any) -> None:
    bars = day(2)
    low = bars.low.copy()
    low[383] = 90.0
    played = worked(
        {DECIDED: [SHARES]}, bars=replace(bars, low=low), changes={"risk.stops": {"initial_fraction": 0.05}}
    )
    assert parents(played)[0] == ("TWAP", SHARES, 40_000, "canceled")
    assert played.positions == [0]


def test_the_firms_own_report_of_orders_is_the_engines_also_of_what_never_left(worked: Any) -> None:
    for targets in ({DECIDED: [SHARES]}, {DECIDED: [SHARES], CUT_OFF + 5: [RiskAction.CANCEL_ALL]}):
        for table in (AUCTION, AUCTION | {"limit": {"offset_bps": 5.0}}):
            played = worked(targets, table, moving(390))
            names = played.stage.catalog.instruments(map(str, played.stage.universe.bar_types))
            own = order_report(played.tape.messages, {str(one.id): one for one in names})
            shared = ["status", "side", "type", "quantity", "filled_qty", "exec_algorithm_id", "exec_spawn_id", "tags"]
            assert own[shared].sort_index().to_dict() == played.orders[shared].sort_index().to_dict()


def test_what_came_before_the_cut_off_decides_all_that_is_sent(worked: Any) -> None:
    """Two days that part one minute after the cut-off send the same orders; only the price at the close differs."""
    one, other = moving(390, seed=3), moving(390, seed=4)
    keep = CUT_OFF + 1
    spliced = replace(
        one,
        **{
            name: np.concatenate([getattr(one, name)[:keep], getattr(other, name)[keep:] + shift])
            for name, shift in (("open", 3.0), ("high", 3.0), ("low", 3.0), ("close", 3.0), ("volume", 500.0))
        },
    )
    table = AUCTION | {"name": "vwap", "curve_bin_minutes": 10, "max_participation": 0.1}
    first, second = (worked({DECIDED: [SHARES]}, table, bars) for bars in (one, spliced))
    assert committed(first) == committed(second)
    assert steps(first) == steps(second)
    assert prices(first)[:-1] == prices(second)[:-1]
    assert [float(found[-1]) for found in (prices(first), prices(second))] == pytest.approx(
        [one.close[-1], spliced.close[-1]]
    )


def test_the_control_a_quantity_that_looks_at_the_close_is_found(worked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what leaves at the close depends on the price there."""
    honest = ClosingAuction._send

    def peeking(auction: ClosingAuction, sliced: Any, order: Any, time_in_force: Any) -> None:
        order.quantity //= 2 if sliced.last_price > 101 else 1
        honest(auction, sliced, order, time_in_force)

    monkeypatch.setattr(ClosingAuction, "_send", peeking)
    first, second = (worked({DECIDED: [SHARES]}, bars=day(close=close)) for close in (100.5, 102.0))
    assert committed(first) == committed(second)
    assert steps(first) != steps(second)


def test_the_control_without_a_closing_tick_part_of_it_is_off_the_closing_price(
    worked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves with the round then, too late for the decision of the close to know of it."""
    monkeypatch.setattr(backtest_engine, "closing_ticks", lambda *_: [])
    played = worked({DECIDED: [SHARES]})
    assert [(int(fill.quantity), float(fill.price)) for fill in played.fills()[4:]] == [(25, 101.0), (9_975, 101.0001)]

"""The algorithms on minute bars in the engine: each sends its schedule, and none more than its parent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.opening_gap import OpeningGap
from nautilus_ai_firm.agents.parents import ParentPlanner
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import (
    Connection,
    GateResult,
    OrderEventKind,
    OrderRecord,
    ParentRecord,
    RiskAction,
    SessionEnd,
)
from nautilus_ai_firm.models.execution.almgren_chriss import holdings
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.runs.order_report import order_report
from nautilus_ai_firm.settings import Opening
from tests.acceptance.conftest import SLICED
from tests.firm_runs import Played, ScriptedDesk, Targets, by_round, flat_minutes, play, settings, write_bars

MONDAY = datetime(2024, 1, 8)  # noqa: DTZ001 - a day, not a moment
LIMITS: dict[str, Any] = {
    "market.universe.max_order_value": 1e9,
    "execution.no_trade_band": 0.0,
    "execution.gate.max_messages": 10_000,
}
HOUR: dict[str, Any] = {"above_participation": 0.02, "duration_minutes": 60, "interval_minutes": 10}
ALMGREN: dict[str, Any] = {"name": "almgren_chriss", "risk_aversion": 1e-4, "spread_bps": 2.0}


@pytest.fixture
def worked(tmp_path: Path) -> Callable[..., Played]:
    """Play targets by round with one algorithm; a target holds until the next one where `repeat` says so."""

    def go(
        targets: Targets,
        algorithm: dict[str, Any] | None,
        bars: BarColumns | None = None,
        changes: Mapping[str, Any] | None = None,
        *,
        repeat: bool = False,
    ) -> Played:
        series = flat_minutes(MONDAY, 1).take(slice(0, 90)) if bars is None else bars
        catalog = write_bars(tmp_path / "catalog", {"A": series})
        table = {} if algorithm is None else {"execution.algorithm": algorithm}
        loaded = settings(["A"], SLICED | LIMITS | table | dict(changes or {}), macro=False)
        played = play(loaded, catalog, tmp_path / "run", by_round(targets, repeat=repeat))
        assert played.failures.first is None, played.failures.first
        return played

    return go


def parents(played: Played) -> list[tuple[str | None, int, int, str]]:
    return [(one.exec_algorithm, one.quantity, one.filled_quantity, one.state) for one in played.tape.of(ParentRecord)]


def steps(played: Played) -> list[int]:
    return np.diff([0, *played.path()]).tolist()


def decided_ns(played: Played, round_: int) -> int:
    return next(seen.ts_event for seen in played.seen if seen.round == round_)


def minutes_of(played: Played, round_: int) -> list[int]:
    """Minutes after a decision at which something was filled."""
    return [round((fill.ts_event - decided_ns(played, round_)) / MINUTE_NS) for fill in played.fills()]


def kinds(played: Played, kind: OrderEventKind) -> list[OrderRecord]:
    return [one for one in played.tape.of(OrderRecord) if one.kind is kind]


def moving(n: int, seed: int = 3, *, step: float = 0.05, volume: float = 100.0) -> BarColumns:
    """Minute bars of a random walk around 100, with uneven volumes, over as many sessions as it takes."""
    bars = flat_minutes(MONDAY, -(-n // 390)).take(slice(0, n))
    random = np.random.default_rng(seed)
    close = np.round(100 + np.cumsum(random.normal(0, step, n)), 2)
    opened = np.round(np.concatenate([[100.0], close[:-1]]) + random.normal(0, step / 2, n), 2)
    high = np.round(np.maximum(opened, close) + np.abs(random.normal(0, step, n)), 2)
    low = np.round(np.minimum(opened, close) - np.abs(random.normal(0, step, n)), 2)
    traded = np.round(volume * (1 + 5 * random.random(n)))
    return replace(bars, open=opened, high=high, low=low, close=close, volume=traded)


# schedules


def test_without_a_table_it_is_a_twap(worked: Any) -> None:
    played = worked({10: [10_000]}, None)
    assert parents(played) == [("TWAP", 10_000, 10_000, "filled")]
    assert steps(played) == [2_000] * 5


def test_a_randomised_twap_is_the_same_twice_and_another_with_another_seed(worked: Any) -> None:
    drawn = {"name": "twap", "randomise_times": 0.9, "randomise_sizes": 0.5, "seed": 7}
    changes = {"execution.twap": HOUR}
    first, second = (worked({10: [10_000]}, drawn, changes=changes) for _ in range(2))
    other = worked({10: [10_000]}, drawn | {"seed": 8}, changes=changes)
    assert first.path()[-1] == other.path()[-1] == 10_000
    assert (steps(first), minutes_of(first, 10)) == (steps(second), minutes_of(second, 10))
    assert (steps(first), minutes_of(first, 10)) != (steps(other), minutes_of(other, 10))
    assert len(set(steps(first))) == 6
    assert [minute // 10 for minute in minutes_of(first, 10)] == list(range(6))


def test_a_vwap_before_its_first_whole_session_follows_an_even_curve(worked: Any) -> None:
    played = worked({10: [10_000]}, {"name": "vwap"})
    assert parents(played) == [("VWAP", 10_000, 10_000, "filled")]
    assert steps(played) == [2_000] * 5


def two_days(heavy: int) -> BarColumns:
    """Two equal days in which ten minutes trade ten times as much as others."""
    bars = flat_minutes(MONDAY, 2)
    volume = np.full(780, 100.0)
    for day in (0, 390):
        volume[day + heavy : day + heavy + 10] = 1_000.0
    return replace(bars, volume=volume)


def test_a_vwap_trades_where_the_day_before_did(worked: Any) -> None:
    """An hour from minute 60 on, of which the minutes 90 to 100 are heavy: 10 x 1,000 of 15,000."""
    table = {"name": "vwap", "curve_bin_minutes": 10}
    played = worked({450: [15_000]}, table, two_days(90), {"execution.twap": HOUR})
    assert parents(played) == [("VWAP", 15_000, 15_000, "filled")]
    assert minutes_of(played, 450) == [0, 10, 20, 30, 40, 50]
    assert steps(played) == [1_000, 1_000, 1_000, 10_000, 1_000, 1_000]


def test_the_control_the_same_vwap_without_a_day_to_learn_from_is_even(worked: Any) -> None:
    table = {"name": "vwap", "curve_bin_minutes": 10}
    played = worked({60: [6_000]}, table, two_days(240), {"execution.twap": HOUR})
    assert steps(played) == [1_000] * 6


def test_a_capped_vwap_leaves_what_the_market_does_not_bear(worked: Any) -> None:
    table = {"name": "vwap", "curve_bin_minutes": 10, "max_participation": 0.1}
    played = worked({450: [15_000]}, table, two_days(90), {"execution.twap": HOUR})
    ((name, quantity, filled, state),) = parents(played)
    assert (name, quantity, state) == ("VWAP", 15_000, "expired")
    assert filled == pytest.approx(1_500, rel=0.05)


def test_participation_follows_the_bars_that_are_closed(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    volume = np.full(90, 100.0)
    volume[11] = 1_000.0
    played = worked({10: [10_000]}, {"name": "pov", "participation": 0.1}, replace(bars, volume=volume))
    assert parents(played) == [("POV", 10_000, 130, "expired")]
    assert steps(played) == [10, 100, 10, 10]
    assert minutes_of(played, 10) == [1, 2, 3, 4]


def test_almgren_chriss_trades_what_its_holdings_say(worked: Any) -> None:
    bars = moving(90)
    times = HOUR | {"duration_minutes": 20, "interval_minutes": 2}
    played = worked({60: [60_000]}, ALMGREN, bars, {"execution.twap": times})
    found = np.array(steps(played))
    assert len(found) == 10
    assert (np.diff(found) < 0).all()
    assert found.sum() == 60_000
    close, volume = bars.close[:60], bars.volume[:60]
    decay = 1 - 2 / 21
    weight = decay ** np.arange(60)[::-1]
    daily_volume = 390 * (weight * volume).sum() / weight.sum()
    squares = np.square(np.diff(np.log(close)))
    volatility = close[-1] * np.sqrt(390 * (weight[1:] * squares).sum() / weight[1:].sum())
    spread = close[-1] * 2e-4
    left = holdings(
        60_000, 10, 2 / 390, risk_aversion=1e-4, volatility=volatility,
        temporary_impact=spread / (0.01 * daily_volume), permanent_impact=spread / (0.1 * daily_volume),
    )  # fmt: skip
    assert np.abs(np.cumsum(found) - (60_000 - left[1:])).max() <= 1


# sizes and the end of the window


def test_no_interval_sends_more_than_the_maximum_and_the_rest_is_left(worked: Any) -> None:
    played = worked({10: [10_000]}, {"max_child": 1_500})
    assert steps(played) == [1_500] * 5
    assert parents(played) == [("TWAP", 10_000, 7_500, "expired")]


def test_after_a_silence_nothing_is_caught_up_with_at_once(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    keep = np.ones(90, dtype=np.bool_)
    keep[12:32] = False
    changes = {"execution.twap": HOUR | {"interval_minutes": 2}}
    played = worked({10: [30_000]}, {"max_child": 1_500}, bars.take(keep), changes)
    assert max(steps(played)) == 1_500
    assert minutes_of(played, 10)[:4] == [0, 22, 24, 26]
    free = worked({10: [30_000]}, None, bars.take(keep), changes)  # the control
    assert max(steps(free)) == 11_000


def test_in_the_last_interval_the_rest_is_sent_where_nothing_is_to_be_left(worked: Any) -> None:
    changes = {"execution.twap": HOUR}
    played = worked({10: [10_000]}, {"max_child": 1_500, "at_end": "cross"}, changes=changes)
    assert parents(played) == [("TWAP", 10_000, 10_000, "filled")]
    assert steps(played) == [1_500] * 6 + [1_000]
    assert minutes_of(played, 10) == [0, 10, 20, 30, 40, 50, 51]


def test_children_are_never_below_the_minimum_but_for_the_last(worked: Any) -> None:
    played = worked({10: [10_500]}, {"min_child": 4_000})
    assert steps(played) == [4_200, 4_200, 2_100]


def test_reducing_is_urgent_where_the_table_says_so(worked: Any) -> None:
    played = worked({10: [10_000], 30: [0]}, {"urgent_share": 0.4})
    assert steps(played) == [2_000] * 5 + [-5_000] * 2
    at_once = worked({10: [10_000], 30: [0]}, {"urgent_share": 0.0})
    assert steps(at_once) == [2_000] * 5 + [-10_000]


def test_bars_coarser_than_the_slices_refuse_every_algorithm(tmp_path: Path) -> None:
    bars = flat_minutes(MONDAY, 5)
    hours = bars.take(np.arange(len(bars)) % 30 == 0)
    hours = replace(hours, ts_close_ns=hours.ts_open_ns + 30 * MINUTE_NS, volume=np.full(len(hours), 100.0))
    catalog = write_bars(tmp_path / "catalog", {"A": hours}, "30-MINUTE")
    for table in ({"name": "vwap"}, {"name": "pov", "participation": 0.1}, ALMGREN):
        changes = SLICED | LIMITS | {"execution.algorithm": table, "market.bar": "30-MINUTE"}
        loaded = settings(["A"], changes, macro=False)
        played = play(loaded, catalog, tmp_path / "run", lambda snapshot, _: [10_000] if snapshot.round == 20 else None)
        refused = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
        assert [(one.rule, one.action) for one in refused] == [
            ("slicing_refused", "cut: bars of 30 minutes are coarser than slices of 1")
        ]
        assert [one.exec_algorithm for one in played.tape.of(ParentRecord)] in ([], [None])


# limit children

PEGGED: dict[str, Any] = {"name": "twap", "limit": {"offset_bps": 5.0, "cross_share": 0.25}}


def test_a_limit_at_the_price_of_a_trade_fills_there_as_a_market_order_would(worked: Any) -> None:
    played = worked({10: [10_000]}, {"limit": {}})
    assert steps(played) == [2_000] * 5
    assert {float(fill.price) for fill in played.fills()} == {100.0}
    assert parents(played) == [("TWAP", 10_000, 10_000, "filled")]
    orders = played.orders
    assert list(orders.loc["R000010-A.US", ["status", "quantity", "filled_qty"]]) == ["CANCELED", "10000", "0"]
    assert set(orders.loc[orders.index != "R000010-A.US", "type"]) == {"LIMIT"}


def test_a_limit_waits_for_a_better_price_and_crosses_near_the_end_of_its_interval(worked: Any) -> None:
    """Flat prices never come to a limit at 99.95: a quarter before the end it goes to 100, and fills there."""
    played = worked({10: [6_000]}, PEGGED, changes={"execution.twap": HOUR})
    assert steps(played) == [1_000] * 6
    assert minutes_of(played, 10) == [8, 18, 28, 38, 48, 58]
    assert [float(one.price or 0) for one in kinds(played, OrderEventKind.UPDATED)] == [100.0] * 6
    assert {float(fill.price) for fill in played.fills()} == {100.0}


def test_a_limit_that_the_market_touches_is_a_price_improvement(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    low = bars.low.copy()
    low[14] = 99.90
    played = worked({10: [6_000]}, PEGGED, replace(bars, low=low), {"execution.twap": HOUR})
    first = played.fills()[0]
    assert float(first.price) == 99.95
    assert first.ts_event == decided_ns(played, 15)
    assert parents(played) == [("TWAP", 6_000, 6_000, "filled")]


def test_a_limit_follows_the_market_and_a_gap_through_it_fills_at_the_limit(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1, prices={12: 101.0, 13: 102.0, 14: 101.0}).take(slice(0, 90))
    played = worked({10: [6_000]}, PEGGED, bars, {"execution.twap": HOUR})
    prices = [float(one.price or 0) for one in kinds(played, OrderEventKind.UPDATED)]
    assert prices == [100.9495, 101.949, *[100.0] * 5]
    assert [float(fill.price) for fill in played.fills()] == [101.949, *[100.0] * 5]


def test_what_is_left_of_a_limit_at_the_end_is_taken_back_and_decided_anew(worked: Any) -> None:
    played = worked({10: [10_000]}, PEGGED, repeat=True)
    first = parents(played)[0]
    assert first == ("TWAP", 10_000, 8_000, "expired")
    assert played.positions == [10_000]
    assert played.working == [0]
    assert max(played.path()) == 10_000


def test_cancel_all_takes_resting_children_back_and_none_fills_after_it(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    low = bars.low.copy()
    low[16:] = 99.0  # every limit would fill from here on
    targets = {10: [6_000], 16: [RiskAction.CANCEL_ALL]}
    played = worked(targets, PEGGED, replace(bars, low=low), {"execution.twap": HOUR})
    assert parents(played) == [("TWAP", 6_000, 0, "canceled")]
    assert played.positions == [0]
    assert len(kinds(played, OrderEventKind.CANCELED)) == 1
    control = worked({10: [6_000]}, PEGGED, replace(bars, low=low), {"execution.twap": HOUR})
    assert control.positions == [6_000]


def test_a_halt_takes_resting_children_back_at_the_next_tick(worked: Any) -> None:
    targets = {10: [6_000], 13: [RiskAction.HALT]}
    played = worked(targets, PEGGED, changes={"execution.twap": HOUR})
    assert parents(played) == [("TWAP", 6_000, 0, "refused")]
    refused = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
    assert [one.rule for one in refused] == ["halt"]
    (canceled,) = kinds(played, OrderEventKind.CANCELED)
    assert canceled.ts_event == decided_ns(played, 13) + 1_000


def test_a_changed_target_waits_until_resting_children_are_answered(worked: Any) -> None:
    played = worked({10: [6_000], 14: [-6_000]}, PEGGED, changes={"execution.twap": HOUR}, repeat=True)
    assert [state for *_, state in parents(played)][:1] == ["canceled"]
    assert played.positions == [-6_000]
    assert min(played.path()) >= -6_000


def test_a_silent_market_takes_resting_children_back_and_they_go_out_again(worked: Any) -> None:
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    keep = np.ones(90, dtype=np.bool_)
    keep[12:42] = False
    played = worked({10: [6_000]}, PEGGED, bars.take(keep), {"execution.twap": HOUR})
    (canceled,) = kinds(played, OrderEventKind.CANCELED)
    assert canceled.ts_event == decided_ns(played, 12) - MINUTE_NS + 20 * MINUTE_NS + 1_000
    assert parents(played)[0][2] == 6_000


def test_the_firms_own_report_of_limit_orders_is_the_engines(worked: Any) -> None:
    played = worked(
        {10: [6_000], 33: [3_000], 50: [RiskAction.CANCEL_ALL, 0]}, PEGGED, moving(90), {"execution.twap": HOUR}
    )
    names = played.stage.catalog.instruments(map(str, played.stage.universe.bar_types))
    own = order_report(played.tape.messages, {str(one.id): one for one in names})
    shared = ["status", "side", "type", "quantity", "filled_qty", "exec_algorithm_id", "exec_spawn_id"]
    assert own[shared].sort_index().to_dict() == played.orders[shared].sort_index().to_dict()
    assert len(own) > 6


# confirmation


@pytest.fixture
def floors(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let every parent have a floor price."""

    def at(price: float) -> None:
        honest = ParentPlanner.plan

        def plan(planner: ParentPlanner, *args: Any) -> Any:
            planned = honest(planner, *args)
            return replace(planned, parent=planner.confirmed(planned.parent, price))

        monkeypatch.setattr(ParentPlanner, "plan", plan)

    return at


def test_an_addition_goes_out_only_while_the_market_confirms_it(worked: Any, floors: Any) -> None:
    floors(100.5)
    bars = flat_minutes(MONDAY, 1, prices={12: 101.0, 13: 101.0, 20: 102.0}).take(slice(0, 90))
    played = worked({10: [10_000]}, None, bars)
    assert parents(played) == [("PYRAMID", 10_000, 8_000, "expired")]
    assert minutes_of(played, 10) == [2, 3]
    assert {float(fill.price) for fill in played.fills()} == {101.0}


def test_a_short_addition_wants_lower_prices(worked: Any, floors: Any) -> None:
    floors(99.5)
    bars = flat_minutes(MONDAY, 1, prices={12: 99.0}).take(slice(0, 90))
    played = worked({10: [-10_000]}, None, bars)
    assert parents(played) == [("PYRAMID", 10_000, 6_000, "expired")]
    assert played.path() == [-6_000]


def test_a_small_addition_is_one_order_that_waits_for_its_price(worked: Any, floors: Any) -> None:
    floors(100.5)
    bars = flat_minutes(MONDAY, 1, prices={40: 101.0}).take(slice(0, 90))
    played = worked({10: [5]}, None, bars)
    assert parents(played) == [("PYRAMID", 5, 5, "filled")]
    assert minutes_of(played, 10) == [30]


def test_an_addition_that_is_not_confirmed_ends_with_its_session(worked: Any, floors: Any) -> None:
    floors(100.5)
    played = worked({10: [5]}, None, flat_minutes(MONDAY, 2, prices={500: 101.0}))
    assert parents(played) == [("PYRAMID", 5, 0, "expired")]
    assert played.path() == []


# the opening

GAPPED = flat_minutes(MONDAY, 2, prices=dict.fromkeys(range(390, 780), 104.0))
"""The second day opens four per cent higher."""


def opening(worked: Any, wait_minutes: int = 0, max_gap: float = 0.03, quantity: int = 5) -> Played:
    table = {"execution.opening": {"max_gap": max_gap, "wait_minutes": wait_minutes}}
    return worked({390: [quantity]}, None, GAPPED, table)


def test_a_gap_drops_what_would_open_a_position(worked: Any) -> None:
    played = opening(worked)
    assert parents(played) == [(None, 5, 0, "dropped: opening gap")]
    (breach,) = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
    assert (breach.rule, breach.observed, breach.limit) == ("opening_gap", pytest.approx(0.04), 0.03)
    assert breach.action == "dropped"


def test_without_the_table_or_within_the_limit_it_goes_out(worked: Any) -> None:
    assert parents(opening(worked, max_gap=0.05)) == [(None, 5, 5, "filled")]
    assert parents(worked({390: [5]}, None, GAPPED)) == [(None, 5, 5, "filled")]


def test_what_waits_is_dropped_with_its_round_where_the_next_one_comes_first(worked: Any) -> None:
    played = opening(worked, wait_minutes=10)
    assert parents(played) == [(None, 5, 0, "dropped: no trade before the next round")]
    (breach,) = [gate.breach for gate in played.tape.of(GateResult) if gate.breach is not None]
    assert breach.action == "waits 10 minutes"


def test_a_gap_lets_what_reduces_go(worked: Any) -> None:
    table = {"execution.opening": {"max_gap": 0.03}}
    played = worked({100: [5], 390: [0]}, None, GAPPED, table)
    assert [filled for _, _, filled, _ in parents(played)] == [5, 5]
    assert played.positions == [0]


def test_an_order_that_waited_out_its_gap_goes_out_wherever_the_market_is() -> None:
    parent = Parent(parent_id="P", place=0, quantity=100, round=1, decision_id="R000001", execution_ns=1_000)
    ledger, said = WorkingLedger(1), []
    ledger.hold(parent)
    rule = OpeningGap(
        Opening(max_gap=0.03, wait_minutes=10),
        SimpleNamespace(names=("A.US",)),  # pyright: ignore[reportArgumentType] - what it asks of a universe
        ledger,
        lambda _: 0,
        lambda _, ts_event, breach: said.append((ts_event, breach.action)),
        SimpleNamespace(),  # pyright: ignore[reportArgumentType] - it waits, and nothing is dropped
    )
    assert rule.holds_back(parent, 2_000, 104.0, 100.0)
    waiting = ledger.held(0)
    assert waiting is not None
    assert waiting.execution_ns == 2_000 + 10 * MINUTE_NS
    assert not rule.holds_back(waiting, waiting.execution_ns, 110.0, 100.0)
    assert said == [(2_000, "waits 10 minutes")]


# the end of a session, and a lost connection


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the script say something else than a decision in a round."""

    def at(spoken: Mapping[int, tuple[Topic, Callable[[int], object]]]) -> None:
        honest = ScriptedDesk._decide

        def decide(script: ScriptedDesk, snapshot: Any) -> None:
            honest(script, snapshot)
            if snapshot.round in spoken:
                topic, message = spoken[snapshot.round]
                script.line.publish(topic, message(snapshot.ts_event))

        monkeypatch.setattr(ScriptedDesk, "_decide", decide)

    return at


def dipping(from_bar: int) -> BarColumns:
    """Flat minutes whose lows reach every resting limit from one bar on."""
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    low = bars.low.copy()
    low[from_bar:] = 99.0
    return replace(bars, low=low)


@pytest.mark.parametrize(("cancels", "filled"), [(True, 0), (False, 1_000)])
def test_at_the_end_of_a_session_a_resting_child_is_taken_back_or_kept_as_the_settings_say(
    worked: Any, says: Any, cancels: bool, filled: int
) -> None:
    says({14: (Topic.SESSION_END, lambda ts: SessionEnd(ts_event=ts, cancel_working=cancels))})
    played = worked({10: [6_000]}, PEGGED, dipping(16), {"execution.twap": HOUR})
    assert parents(played) == [("TWAP", 6_000, filled, "canceled")]
    assert played.positions == [filled]


def connection(trusted: bool) -> tuple[Topic, Callable[[int], object]]:
    return Topic.CONNECTION, lambda ts: Connection(ts_event=ts, trusted=trusted, cause="a test")


def test_while_the_connection_is_lost_nothing_is_sent_and_what_rested_still_counts(worked: Any, says: Any) -> None:
    says({14: connection(trusted=False), 30: connection(trusted=True)})
    played = worked({10: [6_000], 40: [6_000], 41: [6_000]}, PEGGED, dipping(50), {"execution.twap": HOUR})
    assert parents(played)[0] == ("TWAP", 6_000, 0, "canceled")
    assert len(kinds(played, OrderEventKind.CANCELED)) == 1  # by the decision of round 40, when it could arrive
    sent = [one.ts_event for one in kinds(played, OrderEventKind.SUBMITTED)]
    assert not [ts for ts in sent if decided_ns(played, 14) < ts < decided_ns(played, 41)]
    assert played.positions == [5_000]  # five intervals of the next parent until the data end
    assert all(seen.holdings.projected[0] <= 6_000 for seen in played.seen)

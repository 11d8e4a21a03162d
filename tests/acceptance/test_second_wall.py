"""The engine's own limits: they stop what the order gate should have stopped, and nothing that only reduces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nautilus_trader.model import OrderSide, Quantity, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.gateways.kill_switch import OPEN, KillSwitchState
from nautilus_ai_firm.hosts import backtest_engine, study
from nautilus_ai_firm.hosts.engine_limits import engine_limits
from nautilus_ai_firm.hosts.study import Study, prepare
from tests.firm_runs import audit, play, run, settings, synthetic_market

LARGEST = {"market.universe.max_order_value": 1_000.0, "risk.max_position": 0.001}
"""A position is 10,000 at most, so an engine's order is 100,000 at most."""


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(["A"], 8).write(tmp_path_factory.mktemp("days") / "catalog")


def bought(catalog: Path, folder: Path, quantity: int) -> tuple[set[str], list[str]]:
    """Kinds of what happened to an order of a script, and why it was refused where it was."""
    played = play(
        settings(["A"], LARGEST), catalog, folder, lambda snapshot, _: [quantity] if snapshot.round == 3 else None
    )
    assert played.failures.first is None
    orders = [one for one in played.tape.messages if hasattr(one, "kind")]
    return {str(one.kind) for one in orders}, [one.reason for one in orders if one.reason]


def test_the_first_wall_cuts_what_the_second_never_sees(days: Path, tmp_path: Path) -> None:
    kinds, reasons = bought(days, tmp_path / "run", 100_000)
    assert (kinds, reasons) == ({"submitted", "filled"}, [])


def test_with_the_first_wall_broken_the_second_denies(
    days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OrderGate, "largest", lambda _self, _place, quantity: quantity)
    monkeypatch.setattr(
        OrderGate, "check", lambda _self, line, order, *_: line.publish(Topic.GATE_RESULT, order) or True
    )
    kinds, reasons = bought(days, tmp_path / "run", 100_000)
    assert kinds == {"denied"}
    assert reasons[0].startswith("NOTIONAL_EXCEEDS_MAX_PER_ORDER: max=100000.00 USD")


class Storm(Strategy):
    """Sends as many orders as it can at one tick, past every gate."""

    def __new__(cls, *_: object) -> Any:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("STORM-001"), order_id_tag="002"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, instrument_id: Any, orders: int) -> None:
        self.left, self.instrument_id, self.denied = orders, instrument_id, 0

    def on_start(self) -> None:
        self.subscribe_trades(self.instrument_id)

    def on_trade(self, trade: Any) -> None:  # noqa: ARG002 - the engine's signature
        while self.left:
            self.left -= 1
            self.submit_order(self.order_factory.market(self.instrument_id, OrderSide.BUY, Quantity.from_int(1)))

    def on_order_denied(self, event: Any) -> None:
        assert "Exceeded" in event.reason or "RATE" in event.reason.upper(), event.reason
        self.denied += 1


def test_a_storm_of_orders_past_the_gate_is_cut_at_the_rate(days: Path, tmp_path: Path) -> None:
    loaded = settings(["A"])
    stage = prepare(Study(loaded=loaded, catalog=days, out=tmp_path / "run"))
    allowed = int(engine_limits(loaded.firm, stage.universe.bar_minutes).max_order_submit_rate.split("/")[0])
    engine = backtest_engine._engine(stage)
    try:
        storm = Storm(stage.universe.instrument_ids[0], allowed + 7)
        engine.add_strategy(storm)
        stage.charges.failures = failures = backtest_engine.Failures()
        catalog = stage.catalog.window(
            [*map(str, stage.universe.bar_types)], [], 0, int(stage.rounds_ns[3]), stage.watching.beside
        )
        stage.charges.learn(catalog.bars[:2])
        engine.add_data(catalog.opening_ticks[2:])
        engine.run()
        assert failures.first is None
        assert storm.denied == 7
    finally:
        engine.dispose()


@pytest.mark.parametrize("seconds", [1, 60, 3_600, 86_399])
def test_the_rate_has_room_for_the_firms_messages_and_for_closing_everything(seconds: int) -> None:
    symbols = [f"S{number}" for number in range(50)]
    firm = settings(symbols, {"execution.gate.message_window_seconds": seconds, "execution.gate.max_messages": 10}).firm
    number, window = engine_limits(firm, 390).max_order_submit_rate.split("/")
    hours, minutes, rest = map(int, window.split(":"))
    assert 3_600 * hours + 60 * minutes + rest == seconds
    assert int(number) >= 2 * (10 + 50 * 2)


def test_take_profits_and_layers_have_room_for_their_lists() -> None:
    def most(stops: dict[str, float], **more: Any) -> int:
        firm = settings(["A"], {"risk.stops": {"initial_fraction": 0.1} | stops} | more).firm
        return int(engine_limits(firm, 390).max_order_submit_rate.split("/")[0])

    assert most({}) < most({"take_profit_fraction": 0.1})
    assert most({"take_profit_fraction": 0.1}) < most({}, **{"execution.pyramid": {"max_layers": 3}})


FIFTY, ROUNDS, KILLED = 50, 45, 40


class Thrown:
    """A switch that a person throws in a round."""

    def __init__(self, _file: object) -> None:
        self._reads = 0

    def state(self) -> KillSwitchState:
        self._reads += 1
        if self._reads < KILLED:
            return OPEN
        return KillSwitchState(latched=True, cause="a test", who="tester", time="")

    def latch(self, cause: str, who: str, time: str) -> None:
        raise AssertionError(f"{who}: {cause} {time}")


def signed(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    held: dict[str, int] = {}
    for row in rows:
        if row["event"] == "filled":
            quantity = int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
            held[row["instrument_id"]] = held.get(row["instrument_id"], 0) + quantity
    return held


def test_fifty_positions_with_fifty_stops_are_closed_at_once_and_nothing_is_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbols = [f"S{number:02d}" for number in range(FIFTY)]
    catalog = synthetic_market(symbols, ROUNDS).write(tmp_path / "catalog")
    monkeypatch.setattr(study, "SimulatedKillSwitch", Thrown)
    loaded = settings(
        symbols,
        {
            "risk.stops": {"initial_atr": 20.0},  # far away: none fills before the switch is thrown
            "risk.kill_switch_flattens": True,
            "risk.max_gross": 2.0,
            "execution.gate.max_messages": FIFTY,  # the entries of one round, and nothing more
        },
        macro=False,
    )
    result = run(loaded, catalog, tmp_path / "run")
    orders = audit(result.folder, "order")
    killed_ns = next(fact["ts"] for fact in audit(result.folder, "command") if fact["action"] == "halt")
    before, after = ([one for one in orders if (one["ts"] > killed_ns) is later] for later in (False, True))
    assert sum(map(bool, signed(before).values())) == FIFTY
    assert set(signed(orders).values()) == {0}
    closing = {one["ts"] for one in after if one["event"] == "filled"}
    assert len(closing) == 1
    assert sum(one["event"] == "canceled" and one["client_order_id"].startswith("S") for one in after) == FIFTY
    assert result.summary["denied_orders"] == 0
    positions = result.table("equity")["gross"]
    assert np.allclose(positions.iloc[KILLED:], 0.0)

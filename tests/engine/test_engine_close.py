"""Orders sent at the close of a session: by an alert, and with a tick; and orders for an auction."""

from typing import Any, Self

import pytest
from nautilus_trader.adapters.sandbox import SandboxExecutionClientConfig
from nautilus_trader.execution import FillModel
from nautilus_trader.model import AccountId, Money, OrderSide, Quantity, TimeInForce
from nautilus_trader.trading import Strategy

SHARES = 9_000_000


class AtTheClose(Strategy):
    """Sends one market order at a time: with a tick of that time, or by an alert."""

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, stock: Any, bar_type: Any, close_ns: int, way: str, time_in_force: TimeInForce) -> None:
        super().__init__()
        self.stock, self.bar_type, self.close_ns = stock, bar_type, close_ns
        self.way, self.time_in_force = way, time_in_force
        self.seen: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_bars(self.bar_type)
        self.subscribe_trades(self.stock.id)
        self.clock.set_time_alert_ns("close", self.close_ns, self.ring)

    def on_bar(self, bar: Any) -> None:
        self.seen.append(("bar", bar.ts_event))

    def on_trade(self, trade: Any) -> None:
        self.seen.append(("tick", trade.ts_event))
        if self.way == "tick" and trade.ts_event == self.close_ns:
            self.send()

    def ring(self, _event: Any) -> None:
        self.seen.append(("alert", self.clock.timestamp_ns()))
        if self.way == "alert":
            self.send()

    def send(self) -> None:
        shares, when = Quantity.from_int(SHARES), self.time_in_force
        self.submit_order(self.order_factory.market(self.stock.id, OrderSide.BUY, shares, time_in_force=when))

    def on_order_rejected(self, event: Any) -> None:
        self.seen.append(("rejected", event.reason))

    def on_order_filled(self, event: Any) -> None:
        self.seen.append(("fill", event.ts_event, str(event.last_px), int(event.last_qty.as_decimal())))


@pytest.fixture
def at_the_close(tape, new_engine):
    """Run it over two bars of ten million, of which the second ends a session, and the opening of the next day."""

    def run(way: str, time_in_force: TimeInForce = TimeInForce.GTC, *, ticks_first: bool = False) -> list[Any]:
        stock, minute, t0 = tape.equity(), tape.MINUTE, tape.T0
        days = [(t0, ["100.00", "100.20", "99.95", "100.05"]), (t0 + minute, ["101.00", "101.20", "100.95", "101.05"])]
        days.append((t0 + tape.DAY, ["150.00", "150.20", "149.95", "150.05"]))
        ticks = [tape.tick(stock, ts + 1_000, prices[0]) for ts, prices in days]
        bars = [tape.bar(stock, ts + minute, prices, "1-MINUTE-LAST") for ts, prices in days]
        closing = [tape.tick(stock, t0 + 2 * minute, "101.05")] if way == "tick" else []
        strategy = AtTheClose(stock, bars[0].bar_type, t0 + 2 * minute, way, time_in_force)
        streams = [closing, bars, ticks] if ticks_first else [bars, ticks, closing]
        new_engine([stock], [strategy], [stream for stream in streams if stream]).run()
        return strategy.seen

    return run


def test_an_alert_at_the_close_comes_after_all_data_of_that_time(tape, at_the_close):
    seen, close_ns = at_the_close("tick"), tape.T0 + 2 * tape.MINUTE
    of_the_close = [one[0] for one in seen if one[1] == close_ns]
    assert of_the_close == ["bar", "tick", "fill", "alert"]


def test_a_market_order_of_that_alert_takes_a_quarter_of_the_bars_volume_at_its_close_and_the_rest_beside_it(
    tape, at_the_close
):
    close_ns = tape.T0 + 2 * tape.MINUTE
    assert [one for one in at_the_close("alert") if one[0] == "fill"] == [
        ("fill", close_ns, "101.05", 2_500_000), ("fill", close_ns, "101.06", 6_500_000),
    ]  # fmt: skip


@pytest.mark.parametrize("ticks_first", [False, True])
def test_an_order_sent_from_a_tick_at_the_time_of_the_close_fills_whole_at_that_tick(tape, at_the_close, ticks_first):
    fills = [one for one in at_the_close("tick", ticks_first=ticks_first) if one[0] == "fill"]
    assert fills == [("fill", tape.T0 + 2 * tape.MINUTE, "101.05", SHARES)]


@pytest.mark.parametrize("time_in_force", [TimeInForce.AT_THE_CLOSE, TimeInForce.AT_THE_OPEN])
def test_orders_for_an_auction_are_rejected_by_the_simulated_venue(at_the_close, time_in_force):
    ((_, reason),) = [one for one in at_the_close("alert", time_in_force) if one[0] == "rejected"]
    assert "is not currently supported" in reason


def test_the_sandbox_takes_no_fill_model_in_python(tape):
    """The backtest takes one: what one would mend there the sandbox would not have."""
    with pytest.raises(TypeError, match="Cannot convert"):
        SandboxExecutionClientConfig(
            venue=tape.VENUE, starting_balances=[Money(1, tape.USD)], account_id=AccountId("SIM-001"),
            fill_model=type("Own", (FillModel,), {})(),
        )  # fmt: skip

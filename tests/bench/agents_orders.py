"""The orders of a run of the firm, from its records, and a strategy that sends them and does nothing else.

What remains is the engine's own work on them: the ceiling of any firm that trades as much.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
    TradeTick,
)
from nautilus_trader.trading import Strategy, StrategyConfig

PRECISION = 4
"""Of the prices of the market that is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message to the venue: an order without a trigger price is a market order."""

    what: str  # submit, modify or cancel
    order_id: ClientOrderId
    instrument_id: InstrumentId
    side: OrderSide
    quantity: Quantity
    trigger: Price | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What the firm sent: at the opening tick of an instrument, or at another time; and the fills that it had."""

    at_ticks: Mapping[tuple[int, InstrumentId], list[Step]]
    between: Mapping[int, list[Step]]
    fills: int


def steps_of(run: Path) -> Steps:
    """Read what a run sent from its audit chain, in the order in which it was sent."""
    lines = [msgspec.json.decode(line) for line in (run / "audit.jsonl").read_bytes().splitlines()]
    ticks = {line["ts"] for line in lines if line["kind"] == "gate" and not line["is_stop"]}
    at_ticks: dict[tuple[int, InstrumentId], list[Step]] = defaultdict(list)
    between: dict[int, list[Step]] = defaultdict(list)
    for line in lines:
        step = _step(line)
        if step is not None and line["ts"] in ticks:
            at_ticks[line["ts"], step.instrument_id].append(step)
        elif step is not None:
            between[line["ts"]].append(step)
    return Steps(at_ticks=at_ticks, between=between, fills=sum(line.get("event") == "filled" for line in lines))


def _step(line: dict[str, Any]) -> Step | None:
    if line["kind"] == "gate" and line["breach"] is None:
        trigger = Price(line["price"], PRECISION) if line["is_stop"] else None
        return _made("submit", line, abs(line["quantity"]), trigger)
    if line["kind"] == "order" and line["event"] == "updated":
        return _made("modify", line, int(line["quantity"]), Price.from_str(line["price"]))
    if line["kind"] == "order" and line["event"] == "canceled":
        return _made("cancel", line, 0, None)
    return None


def _made(what: str, line: dict[str, Any], quantity: int, trigger: Price | None) -> Step:
    return Step(
        what=what,
        order_id=ClientOrderId(line["client_order_id"]),
        instrument_id=InstrumentId.from_str(line["instrument_id"]),
        side=OrderSide.BUY if line["side"] == "BUY" else OrderSide.SELL,
        quantity=Quantity.from_int(quantity),
        trigger=trigger,
    )


class Sender(Strategy):
    """Sends given orders, changes and cancels at given times."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, StrategyConfig(strategy_id=StrategyId("SENDER-001"), order_id_tag="001"))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, steps: Steps) -> None:
        self.filled = 0
        self._steps = steps

    def on_start(self) -> None:
        for instrument_id in sorted({instrument_id for _, instrument_id in self._steps.at_ticks}, key=str):
            self.subscribe_trades(instrument_id)
        for ts in self._steps.between:
            self.clock.set_time_alert_ns(f"steps-{ts}", ts, self._at_time)

    def on_trade(self, trade: TradeTick) -> None:
        for step in self._steps.at_ticks.get((trade.ts_event, trade.instrument_id), ()):
            self._take(step)

    def on_order_filled(self, event: Any) -> None:  # noqa: ARG002 - the engine's signature
        self.filled += 1

    def _at_time(self, event: Any) -> None:
        for step in self._steps.between[event.ts_event]:
            self._take(step)

    def _take(self, step: Step) -> None:
        if step.what == "modify":
            self.modify_order(step.order_id, quantity=step.quantity, trigger_price=step.trigger)
        elif step.what == "cancel":
            self.cancel_order(step.order_id)
        else:
            terms, factory = (step.instrument_id, step.side, step.quantity), self.order_factory
            order = (
                factory.market(*terms, client_order_id=step.order_id)
                if step.trigger is None
                else factory.stop_market(*terms, step.trigger, client_order_id=step.order_id)
            )
            self.submit_order(order)

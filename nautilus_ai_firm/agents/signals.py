"""1. MarketSnapshot -> SignalEvent, one per agent and round.

A model offers `update`; one that would also quote has an `intent` beside it, which is asked after each `update` and
goes out as `SignalEvent.quoting`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Protocol, Self, runtime_checkable

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.messages import Floats, MarketSnapshot, QuotingIntent, SignalEvent


class SignalModel(Protocol):
    """What a model of `models/signals/` offers."""

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true."""
        ...

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Return score in [-1, 1] and confidence in [0, 1] of each instrument; NaN is no view."""
        ...


@runtime_checkable
class QuotingModel(Protocol):
    """What a model offers that would quote."""

    @property
    def intent(self) -> QuotingIntent:
        """Where it would quote after the last `update`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One agent: its name, its place in the configuration, and its model."""

    name: str
    place: int
    model: SignalModel


type Views = tuple[Floats, Floats]
type Measure = Callable[[str, Callable[[], Views]], Views]
"""Lets an agent think, by name, and may measure how long: the host's affair, as nobody here reads the wall clock."""


def unmeasured(_agent: str, think: Callable[[], Views]) -> Views:
    """Let an agent think."""
    return think()


class SignalDesk(DataActor):
    """Hosts one agent or several: each hears the snapshot at its own place, so hosting changes no decision.

    Its agents speak before they return, so in every round. One that thinks for longer publishes from a timer of its
    own, whenever it is done; the CIO waits for nobody.
    """

    def __new__(cls, seats: Sequence[Seat], *_: object) -> Self:
        """Give the engine an id that says who sits here."""
        return super().__new__(cls, DataActorConfig(actor_id=ActorId(f"SIGNALS-{seats[0].place + 1:03d}")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, seats: Sequence[Seat], failures: Failures, measure: Measure = unmeasured) -> None:
        self._lines = [(seat, Line(f"signals.{seat.name}", self, failures)) for seat in seats]
        self.line = self._lines[0][1]
        self._measure = measure

    @callback
    def on_start(self) -> None:
        """Subscribe each agent at its own priority."""
        for seat, line in self._lines:
            line.subscribe(Topic.SNAPSHOT, self._speaker(seat, line), Priority.signal_agent(seat.place))

    def _speaker(self, seat: Seat, line: Line) -> Callable[[MarketSnapshot], None]:
        quoter = seat.model if isinstance(seat.model, QuotingModel) else None
        return partial(_speak, seat, quoter, line, self._measure)


def _speak(seat: Seat, quoter: QuotingModel | None, line: Line, measure: Measure, snapshot: MarketSnapshot) -> None:
    score, confidence = measure(seat.name, partial(seat.model.update, snapshot))
    _refuse_outside(seat.name, "score", score, -1.0, len(snapshot.close))
    _refuse_outside(seat.name, "confidence", confidence, 0.0, len(snapshot.close))
    quoting = None if quoter is None else quoter.intent
    if quoting is not None:
        _refuse_unusable(seat.name, quoting, len(snapshot.close))
    line.publish(
        Topic.SIGNAL,
        SignalEvent(
            round=snapshot.round,
            ts_event=snapshot.ts_event,
            agent=seat.name,
            score=score,
            confidence=confidence,
            quoting=quoting,
        ),
    )


def _refuse_unusable(agent: str, intent: QuotingIntent, n: int) -> None:
    for field in fields(intent):
        values = getattr(intent, field.name)
        if values.shape != (n,):
            raise ValueError(f"{agent}: {field.name} has shape {values.shape}, not ({n},)")
        if np.isinf(values).any():
            raise ValueError(f"{agent}: {field.name} {values} holds an infinite number")
    if np.any(intent.bid_offset + intent.ask_offset < 0):
        raise ValueError(f"{agent}: bid_offset {intent.bid_offset} and ask_offset {intent.ask_offset} cross")


def _refuse_outside(agent: str, what: str, values: Floats, lowest: float, n: int) -> None:
    if values.shape != (n,):
        raise ValueError(f"{agent}: {what} has shape {values.shape}, not ({n},)")
    if ((values < lowest) | (values > 1.0)).any():  # NaN is neither
        raise ValueError(f"{agent}: {what} {values} lies outside [{lowest}, 1]")

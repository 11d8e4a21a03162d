"""A market of one instrument and an execution for pyramids: what is decided at a close is filled at the next bar."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nautilus_ai_firm.messages import MarketSnapshot, PyramidPlan
from nautilus_ai_firm.models.execution.pyramid import Pyramid
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules

EQUITY = 1e6
FLAT = 30
"""Bars at one price with a range of 1 before anything happens: the average true range is 1."""


def bar(round_: int, close: float, *, high: float | None = None, low: float | None = None, volume: float = 1000.0,
        fresh: bool = True) -> MarketSnapshot:  # fmt: skip
    """A round of one instrument; the range is 1 around the close where nothing else is said."""
    return MarketSnapshot(
        round=round_,
        ts_event=round_,
        open=np.array([close]),
        high=np.array([high or close + 0.5]),
        low=np.array([low or close - 0.5]),
        close=np.array([close]),
        volume=np.array([volume]),
        fresh=np.array([fresh]),
        inputs=np.zeros(0),
        inputs_fresh=np.zeros(0, dtype=np.bool_),
    )


@dataclass(slots=True)
class Desk:
    """Plays rounds: fills what the last round decided, and asks for the next weight."""

    rules: PyramidRules
    lot: int = 1
    band: float = 0.0
    equity: float = EQUITY
    position: int = 0
    average: float = float("nan")
    rounds: int = 0
    weights: list[float] = field(default_factory=list)
    plans: list[PyramidPlan | None] = field(default_factory=list)
    currents: list[float] = field(default_factory=list)
    pyramid: Any = None

    def __post_init__(self) -> None:
        self.pyramid = Pyramid(self.rules, ("A.US",), np.array([self.lot]), self.band)

    def warm_up(self, close: float = 100.0, half_range: float = 0.5) -> "Desk":
        """History: nobody decides."""
        for number in range(-FLAT + 1, 1):
            self.pyramid.observe(bar(number, close, high=close + half_range, low=close - half_range))
        return self

    def history(self, closes: Sequence[float]) -> None:
        """History that goes somewhere."""
        for price in closes:
            self.pyramid.observe(bar(0, price))

    def trade(self, quantity: int, price: float) -> None:
        """Fill something, as the venue would."""
        after = self.position + quantity
        if self.position * quantity >= 0 and after:
            held = self.position * self.average if self.position else 0.0
            self.average = (held + quantity * price) / after
        elif after * self.position <= 0:
            self.average = price if after else float("nan")
        self.position = after

    def close(self, intended: float, close: float, **given: Any) -> float:
        """Close a round and return the weight that is decided."""
        self.rounds += 1
        snapshot = bar(self.rounds, close, **given)
        self.pyramid.observe(snapshot)
        current = self.position * close / self.equity
        weights, plans = self.pyramid.decide(
            snapshot,
            np.array([intended]),
            np.array([current]),
            np.array([self.position]),
            np.array([self.average]),
            self.equity,
        )
        self.weights.append(float(weights[0]))
        self.currents.append(current)
        self.plans.append(plans[0] if plans else None)
        return self.weights[-1]

    def fill(self, close: float, price: float | None = None, share: float = 1.0) -> int:
        """Fill what was decided at `close`, or a share of it, to whole lots."""
        if np.isnan(self.weights[-1]):
            return 0
        target = np.trunc(self.weights[-1] * self.equity / close / self.lot) * self.lot
        quantity = int(np.trunc((target - self.position) * share / self.lot) * self.lot)
        if self.weights[-1] != self.currents[-1] and quantity:
            self.trade(quantity, close if price is None else price)
        return quantity

    def play(self, intended: float, closes: Sequence[float], **given: Any) -> "Desk":
        """Play closes, each decision filled at the price that it was made at."""
        for price in closes:
            self.close(intended, price, **given)
            self.fill(price)
        return self

    @property
    def plan(self) -> PyramidPlan:
        """The last plan."""
        plan = self.plans[-1]
        assert plan is not None
        return plan

"""A wished quantity -> the parent order that it becomes, and what stands against it; called by 5."""

from dataclasses import dataclass, replace

import numpy as np

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.messages import Breach, DecisionEvent, MarketSnapshot
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.execution.algorithm_choice import Slicing, choose
from nautilus_ai_firm.models.execution.ledger import Parent
from nautilus_ai_firm.settings import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A parent, what was cut or refused of it, and whether it may be held."""

    parent: Parent
    breaches: tuple[Breach, ...]
    may_be_held: bool


class ParentPlanner:
    """Cuts a quantity to the largest order, chooses how it is sliced, and reserves its messages.

    Parameters
    ----------
    settings : Execution
        When orders are sliced.
    universe : Universe
        What the firm trades.
    gate : OrderGate
        Who knows the limits.
    sessions : Sessions
        Opens and closes of the exchange.

    """

    def __init__(self, settings: Execution, universe: Universe, gate: OrderGate, sessions: Sessions) -> None:
        twap = settings.twap
        self._slicing = Slicing(
            above_participation=twap.above_participation,
            duration_minutes=twap.duration_minutes,
            interval_minutes=twap.interval_minutes,
        )
        self._universe = universe
        self._tag = "" if universe.route is None else universe.route.order_tag
        self._gate = gate
        self._sessions = sessions
        self._average_volume = Ewma(settings.volume_span, len(universe.names))
        self._volume = np.full(len(universe.names), np.nan)
        self._last_ns = self._last_close_ns = -1

    def observe(self, snapshot: MarketSnapshot) -> None:
        """Take a round's volume into the average."""
        self._volume = self._average_volume.update(np.where(snapshot.fresh, snapshot.volume, np.nan))

    def plan(self, place: int, quantity: int, decision: DecisionEvent) -> Planned:
        """Make the parent of a decision; quantity signed, not zero."""
        execution_ns = int(decision.execution_ts[place])
        lot_size = int(self._universe.lot_sizes[place])
        largest = self._gate.largest(place, abs(quantity)) // lot_size * lot_size
        choice = choose(
            max(-largest, min(largest, quantity)),
            lot_size=lot_size,
            average_volume=float(self._volume[place]),
            bar_minutes=self._universe.bar_minutes,
            slicing=self._slicing,
            execution_ns=execution_ns,
            session_close_ns=self._close_of(execution_ns),
        )
        parent = self.parent(place, choice.quantity, decision.decision_id, decision.round, execution_ns)
        if choice.end_ns:
            parent = replace(parent, end_ns=choice.end_ns, interval_ns=choice.interval_ns)
        breaches: list[Breach] = []
        if abs(quantity) > largest:
            breaches.append(self._gate.too_large(place, quantity, largest))
        if choice.slicing_refused:
            breaches.append(self._gate.slicing_refused(place, quantity, choice))
        if not choice.quantity:
            return Planned(parent=parent, breaches=tuple(breaches), may_be_held=False)
        position = int(decision.positions[place])
        reduces = choice.quantity * position < 0 and abs(choice.quantity) <= abs(position)
        breach = self._gate.reserve(
            place, decision.ts_event, choice.messages, reduces=reduces, buys=choice.quantity > 0
        )
        if breach is not None:
            breaches.append(breach)
        elif not reduces and (spaced_ns := self._gate.space(execution_ns)) != execution_ns:
            parent = replace(parent, execution_ns=spaced_ns)
        return Planned(parent=parent, breaches=tuple(breaches), may_be_held=breach is None)

    def _close_of(self, execution_ns: int) -> int:
        if execution_ns != self._last_ns:  # most orders of a round go out at one time
            self._last_ns, self._last_close_ns = execution_ns, int(self._sessions.session_close_ns(execution_ns))
        return self._last_close_ns

    def parent(self, place: int, quantity: int, decision_id: str, round_: int, execution_ns: int) -> Parent:
        """Make a parent that goes out whole."""
        return Parent(
            parent_id=f"{self._tag}{decision_id}-{self._universe.names[place]}",
            place=place,
            quantity=quantity,
            round=round_,
            decision_id=decision_id,
            execution_ns=execution_ns,
        )

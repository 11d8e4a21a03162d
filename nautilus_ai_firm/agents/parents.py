"""A wished quantity -> the parent order that it becomes, and what stands against it; called by 5."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.expected_impact import Expected, ExpectedImpact, impact_record
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.order_records import ALGORITHMS, PYRAMID
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import Breach, DecisionEvent, ImpactRecord, MarketSnapshot
from nautilus_ai_firm.models.execution.algorithm_choice import Slicing, choose
from nautilus_ai_firm.models.execution.conditions import Conditions
from nautilus_ai_firm.models.execution.ledger import Parent
from nautilus_ai_firm.models.execution.liquidity import daily_terms
from nautilus_ai_firm.settings import Algorithm, Execution


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
    tell : callable
        Hears the expected impact of every order that may be held, where the firm expects one.

    """

    def __init__(
        self,
        settings: Execution,
        universe: Universe,
        gate: OrderGate,
        sessions: Sessions,
        tell: Callable[[ImpactRecord], None],
    ) -> None:
        self._tell = tell
        twap, self._algorithm = settings.twap, settings.algorithm or Algorithm()
        impact = self._algorithm.by_impact
        self._slicing = Slicing(
            above_participation=twap.above_participation,
            duration_minutes=twap.duration_minutes,
            interval_minutes=twap.interval_minutes,
            last_minutes=self._algorithm.last_minutes,
            urgent_share=self._algorithm.urgent_share,
            cutoff_minutes=self._algorithm.cutoff_minutes,
            at_once_below_bps=None if impact is None else impact.at_once_below_bps,
            whole_duration_from_bps=None if impact is None else impact.whole_duration_from_bps,
        )
        self._universe = universe
        self._tag = "" if universe.route is None else universe.route.order_tag
        self._gate = gate
        self._sessions = sessions
        self._conditions = Conditions(settings.volume_span, len(universe.names))
        self._session_minutes = int(np.median(sessions.closes_ns - sessions.opens_ns)) // MINUTE_NS
        self._impact = ExpectedImpact(settings.impact, self._session_minutes / universe.bar_minutes)
        self._last_ns = -1
        self._span = (0, 0)

    def observe(self, snapshot: MarketSnapshot) -> None:
        """Take a round into the averages of volume and volatility."""
        self._conditions.update(snapshot.close, snapshot.volume, snapshot.fresh)
        self._impact.observe(snapshot)

    def plan(self, place: int, quantity: int, decision: DecisionEvent) -> Planned:
        """Make the parent of a decision; quantity signed, not zero."""
        execution_ns = int(decision.execution_ts[place])
        lot_size = int(self._universe.lot_sizes[place])
        largest = self._gate.largest(place, abs(quantity)) // lot_size * lot_size
        position = int(decision.positions[place])
        open_ns, close_ns = self._session_of(execution_ns)
        wanted = max(-largest, min(largest, quantity))
        bar = float(self._conditions.volume[place]), float(self._conditions.volatility[place])
        expected = self._impact.of(place, wanted, bar, (open_ns, close_ns), execution_ns)
        choice = choose(
            wanted,
            lot_size=lot_size,
            average_volume=bar[0],
            bar_minutes=self._universe.bar_minutes,
            slicing=self._slicing,
            execution_ns=execution_ns,
            session_close_ns=close_ns,
            impact_bps=None if expected is None else expected.estimate.total_bps,
            urgent=_reduces(quantity, position),
        )
        parent = self.parent(place, choice.quantity, decision.decision_id, decision.round, execution_ns)
        if choice.quantity != wanted:
            expected = self._impact.of(place, choice.quantity, bar, (open_ns, close_ns), execution_ns)
        if expected is not None:
            parent = replace(
                parent,
                impact_bps=expected.estimate.total_bps,
                daily_volume=expected.average_daily_volume,
                daily_volatility=expected.volatility_per_day,
            )
        if choice.end_ns:
            parent = replace(
                parent,
                end_ns=choice.end_ns,
                interval_ns=choice.interval_ns,
                auction_ns=choice.auction_ns,
                close_ns=close_ns if choice.auction_ns else 0,
                algorithm=ALGORITHMS[self._algorithm.name],
                parameters=self._parameters(place, float(decision.close[place]), choice.interval_ns, open_ns),
            )
        breaches: list[Breach] = []
        if abs(quantity) > largest:
            breaches.append(self._gate.too_large(place, quantity, largest))
        if choice.slicing_refused:
            breaches.append(self._gate.slicing_refused(place, quantity, choice))
        if not choice.quantity:
            return Planned(parent=parent, breaches=tuple(breaches), may_be_held=False)
        reduces = _reduces(choice.quantity, position)
        breach = self._gate.reserve(
            place, decision.ts_event, choice.messages, reduces=reduces, buys=choice.quantity > 0
        )
        if breach is not None:
            breaches.append(breach)
        elif not reduces:
            parent = self._spaced(parent, decision)
        self._tell_impact(parent, None if breach is not None else expected, decision.ts_event)
        return Planned(parent=parent, breaches=tuple(breaches), may_be_held=breach is None)

    def _spaced(self, parent: Parent, decision: DecisionEvent) -> Parent:
        """Let a parent for new risk keep its distance from the one before, and an addition to a pyramid its floor."""
        if (spaced_ns := self._gate.space(parent.execution_ns)) != parent.execution_ns:
            parent = replace(parent, execution_ns=spaced_ns)
        floor_price = next((plan.floor_price for plan in decision.plans if plan.place == parent.place), None)
        return parent if floor_price is None else self.confirmed(parent, floor_price)

    def _tell_impact(self, parent: Parent, expected: Expected | None, ts_event: int) -> None:
        if expected is not None:
            name = self._universe.names[parent.place]
            self._tell(impact_record(parent, name, expected, ts_event, self._algorithm.max_child))

    def confirmed(self, parent: Parent, floor_price: float) -> Parent:
        """Let a parent go out only while its instrument trades at or beyond a price; until its session ends at most.

        It takes no part in the closing auction: whose price is not known when one commits to it.
        """
        _, close_ns = self._session_of(parent.execution_ns)
        end_ns = parent.end_ns or max(close_ns, parent.execution_ns + 1)
        interval_ns = parent.interval_ns or end_ns - parent.execution_ns
        times = {"end_ns": end_ns, "interval_ns": interval_ns, "auction_ns": 0, "close_ns": 0}
        return replace(parent, algorithm=PYRAMID, floor_price=floor_price, **times)

    def _parameters(self, place: int, price: float, interval_ns: int, open_ns: int) -> tuple[tuple[str, str], ...]:
        """Tell an algorithm what it has to know of the instrument and the day, in the numbers of this moment."""
        settings, bars = self._algorithm, self._session_minutes / self._universe.bar_minutes
        session_volume = float(self._conditions.volume[place]) * bars
        told: dict[str, float] = {}
        if settings.name == "vwap":
            told = {"open_ns": open_ns, "session_minutes": self._session_minutes, "session_volume": session_volume}
        if settings.risk_aversion is not None and settings.spread_bps is not None:
            volatility = float(self._conditions.volatility[place]) * bars**0.5
            terms = daily_terms(price, volatility, session_volume, settings.spread_bps)
            days = interval_ns / (self._session_minutes * MINUTE_NS)
            told = {"interval": days, "risk_aversion": settings.risk_aversion, **terms}
        return tuple((name, repr(value)) for name, value in told.items())

    def _session_of(self, execution_ns: int) -> tuple[int, int]:
        """Return open and close of the session of a time; zeros outside. Most orders of a round go out at one time."""
        if execution_ns != self._last_ns:
            self._last_ns, place = execution_ns, int(self._sessions.session_index(execution_ns))
            sessions = self._sessions
            self._span = (int(sessions.opens_ns[place]), int(sessions.closes_ns[place])) if place >= 0 else (0, 0)
        return self._span

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


def _reduces(quantity: int, position: int) -> bool:
    return quantity * position < 0 and abs(quantity) <= abs(position)

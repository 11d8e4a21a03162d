"""The order gate: what every order, child orders included, must pass before it leaves; called by 5 and 6.

It knows what Nautilus' own RiskEngine cannot know: the reference price, the position, the halt, what is not fresh.
"""

from collections.abc import Callable
from dataclasses import replace
from math import isfinite

import numpy as np

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.durations import MS_NS, SECOND_NS
from nautilus_ai_firm.messages import Breach, Floats, GateResult
from nautilus_ai_firm.models.execution.algorithm_choice import Choice
from nautilus_ai_firm.models.execution.budget import MessageBudget
from nautilus_ai_firm.models.execution.new_risk import NewRisk, NewRiskLimits
from nautilus_ai_firm.settings import Gate, Market


class OrderGate:
    """Lets an order pass or refuses it; a limit that is not configured refuses, reducing orders are never delayed.

    Parameters
    ----------
    settings : Gate
        Collar and message limits.
    market : Market
        Largest order of each instrument.
    universe : Universe
        What the firm trades.
    halt_allows_reducing : bool
        Whether orders that only reduce a position pass during a halt.
    latch : callable
        Latches the kill switch, from a cause and a time: where the same order for new risk came too often.

    """

    def __init__(
        self,
        settings: Gate,
        market: Market,
        universe: Universe,
        *,
        halt_allows_reducing: bool,
        latch: Callable[[str, int], None] = lambda _cause, _ts_event: None,
    ) -> None:
        self.halted = False
        self.flattening = False
        self.offline = False
        self.barred: frozenset[str] = frozenset()
        self._settings = settings
        self._instruments = market.universe
        self._names = universe.names
        self._halt_allows_reducing = halt_allows_reducing
        self._reference: Floats = np.full(len(universe.names), np.nan)
        window_ns = settings.message_window_seconds * SECOND_NS
        self._budget = MessageBudget(settings.max_messages or 0, window_ns)
        self._latest_ns = 0
        limits = NewRiskLimits(
            max_parents=settings.max_new_parents,
            window_ns=settings.new_parents_window_seconds * SECOND_NS,
            max_repeats=settings.max_repeats,
            repeat_window_ns=settings.repeat_window_seconds * SECOND_NS,
            spacing_ns=settings.min_new_parent_spacing_ms * MS_NS,
        )
        self._new_risk = NewRisk(limits)
        self._latch = latch
        self._last_round = 0

    def mark(self, close: Floats) -> None:
        """Take the round's closes as reference prices."""
        self._reference = close

    def reserve(self, place: int, ts_event: int, messages: int, *, reduces: bool, buys: bool = True) -> Breach | None:
        """Reserve the messages of a parent order in the firm's budget; reducing orders count but always pass.

        The budget is asked at the decision, in the order of the universe, and not at release: the engine delivers
        ticks of one time in an order that must not decide who trades.
        """
        limit, ts_event = self._settings.max_messages, self._now(ts_event)
        if limit is None and not reduces:
            return self._breach("limit_missing:max_messages", place, 0.0, 0.0, "refused")
        if reduces:
            self._budget.record(ts_event, messages)
            return None
        if (most := self._new_risk.repeats(place, ts_event, buys=buys)) is not None:
            self.halted = True
            side = "buy" if buys else "sell"
            self._latch(f"{self._names[place]}: more than {most} orders to {side} for new risk in the window", ts_event)
            return self._breach("max_repeats", place, most + 1.0, float(most), "halted")
        if (full := self._new_risk.refusal(ts_event)) is not None:
            return self._breach("max_new_parents", place, *full, "refused")
        if not self._budget.reserve(ts_event, messages):
            return self._breach(
                "max_messages", place, float(self._budget.count(ts_event) + messages), float(limit or 0), "refused"
            )
        self._new_risk.record(ts_event)
        return None

    def space(self, execution_ns: int) -> int:
        """Return the earliest release of an order for new risk: not too soon after the one before."""
        return self._new_risk.space(execution_ns)

    def is_new(self, round_: int) -> bool:
        """Whether a decision was not executed before; from now on it was."""
        is_new, self._last_round = round_ > self._last_round, max(self._last_round, round_)
        return is_new

    def duplicate(self, place: int, round_: int) -> Breach:
        """Describe an order of a decision that came again."""
        return self._breach("duplicate_decision", place, float(round_), float(self._last_round), "refused")

    def resume(self) -> None:
        """Let new risk pass again, by the word of a person."""
        self.halted = self.flattening = False
        self._new_risk.forget_repeats()

    def count_message(self, ts_event: int) -> None:
        """Count a cancel, or a change of a stop; these are never refused."""
        self._budget.record(self._now(ts_event), 1)

    def _now(self, ts_event: int) -> int:
        """Return the time at which a message counts: a round is decided at its close, after fills that came later."""
        self._latest_ns = max(self._latest_ns, ts_event)
        return self._latest_ns

    def protect(self, line: Line, order: GateResult) -> bool:
        """Count and publish an order that protects a position, and say whether it can leave.

        No limit refuses it: neither messages nor the collar nor a halt. It only has to wait for the connection.
        """
        if self.offline:
            return False
        self.count_message(order.ts_event)
        line.publish(Topic.GATE_RESULT, order)
        return True

    def largest(self, place: int, quantity: int) -> int:
        """Cut an unsigned quantity to the largest order that passes at any price inside the collar.

        A missing limit cuts nothing here: the check of the order refuses it by name.
        """
        instrument, reference = self._instruments[place], float(self._reference[place])
        value, volume, collar = instrument.max_order_value, instrument.max_order_volume, self._settings.max_collar
        if value is None or volume is None or collar is None or not reference > 0:
            return quantity
        return min(quantity, volume, int(value / (reference * (1.0 + collar))))

    def too_large(self, place: int, quantity: int, largest: int) -> Breach:
        """Describe an order that was cut to the largest that may go out."""
        return self._breach("max_order", place, float(abs(quantity)), float(largest), "cut to the largest order")

    def slicing_refused(self, place: int, quantity: int, choice: Choice) -> Breach:
        """Describe an order that was cut because it could not be sliced."""
        return self._breach(
            "slicing_refused",
            place,
            float(abs(quantity)),
            float(abs(choice.quantity)),
            f"cut: {choice.slicing_refused}",
        )

    def check(self, line: Line, order: GateResult, place: int, position: Callable[[], int]) -> bool:
        """Publish the result for an order and say whether it may go.

        Parameters
        ----------
        line : Line
            The asking desk's line.
        order : GateResult
            The order, with no breach yet; its quantity is signed.
        place : int
            The instrument's place in the universe.
        position : callable
            Returns the filled quantity, signed; asked during a halt alone.

        """
        breach = self._refusal(order, place, position)
        if breach is None:
            line.publish(Topic.GATE_RESULT, order)
            return True
        line.publish(Topic.GATE_RESULT, replace(order, breach=breach))
        return False

    def would_pass(self, order: GateResult, place: int, position: Callable[[], int]) -> bool:
        """Say whether an order that works would still pass at this price; nothing is published."""
        return self._refusal(order, place, position) is None

    def lets(self, order: GateResult, place: int, position: Callable[[], int]) -> bool:
        """Say whether what passed already may still leave: whatever its price has become, but not into a halt."""
        return self._closed(order, place, position) is None

    def _refusal(self, order: GateResult, place: int, position: Callable[[], int]) -> Breach | None:
        if closed := self._closed(order, place, position):
            return self._breach(closed, place, 1.0, 0.0, "refused")
        reference = float(self._reference[place])
        if not isfinite(reference) or reference <= 0:
            return self._breach("no_reference_price", place, reference, 0.0, "refused")
        collar = self._settings.max_collar
        if collar is None:
            return self._breach("limit_missing:max_collar", place, 0.0, 0.0, "refused")
        distance = abs(order.price / reference - 1.0)
        if distance > collar:
            return self._breach("max_collar", place, distance, collar, "refused")
        return self._too_large(order, place)

    def _closed(self, order: GateResult, place: int, position: Callable[[], int]) -> str | None:
        if self.offline:
            return "no_connection"
        if self.halted and not ((self._halt_allows_reducing or self.flattening) and _reduces(order, position())):
            return "halt"
        if self._names[place] in self.barred and not _reduces(order, position()):
            return "market_data_not_fresh"
        return None

    def _too_large(self, order: GateResult, place: int) -> Breach | None:
        instrument = self._instruments[place]
        value, volume = abs(order.quantity) * order.price, float(abs(order.quantity))
        for rule, observed, limit in (
            ("max_order_value", value, instrument.max_order_value),
            ("max_order_volume", volume, instrument.max_order_volume),
        ):
            if limit is None:
                return self._breach(f"limit_missing:{rule}", place, observed, 0.0, "refused")
            if observed > limit:
                return self._breach(rule, place, observed, float(limit), "refused")
        return None

    def _breach(self, rule: str, place: int, observed: float, limit: float, action: str) -> Breach:
        return Breach(rule=rule, instrument_id=self._names[place], observed=observed, limit=limit, action=action)


def _reduces(order: GateResult, position: int) -> bool:
    return order.quantity * position < 0 and abs(order.quantity) <= abs(position)

"""What the desks say, one message at a time -> what is told of it to the world."""

from nautilus_ai_firm.messages import (
    DecisionEvent,
    ImpactRecord,
    PyramidPlan,
    RiskAction,
    RiskAlertEvent,
    RiskCommand,
    Severity,
)
from nautilus_ai_firm.models.execution.order_reports import OrderReports, Told
from nautilus_ai_firm.models.execution.report_wording import (
    emergency_liquidation,
    impact_analysis,
    pyramiding_update,
    risk_threshold_breach,
    stop_loss_update,
)

INITIAL = "initial stop"
"""Cause of the first stop level of a position."""


class Reporter:
    """Turns facts into messages, and remembers of them what the next message needs.

    Parameters
    ----------
    names : tuple of str
        The universe, in the order of the arrays.
    halt_flattens : bool
        Whether a halt closes every position.
    volatility_adjusted : bool or None
        Whether the triggers of layers are true ranges; None without layers.

    Attributes
    ----------
    orders : OrderReports
        Who tells of orders.

    """

    def __init__(
        self, names: tuple[str, ...], *, halt_flattens: bool = False, volatility_adjusted: bool | None = None
    ) -> None:
        self.orders = OrderReports(names)
        self._names = names
        self._halt_flattens = halt_flattens
        self._volatility_adjusted = volatility_adjusted
        self._plans: dict[str, tuple[object, ...]] = {}
        self._stops: dict[tuple[int, int | None], float] = {}

    def decision(self, message: DecisionEvent) -> Told:
        """Tell of every plan that is not what it was."""
        changed: list[PyramidPlan] = []
        for plan in message.plans:
            state = (plan.unlocked, *((one.number, one.quantity, one.stop) for one in plan.layers), plan.ended)
            if self._plans.get(plan.plan_id) != state:
                changed.append(plan)
            self._plans[plan.plan_id] = state
            if plan.ended:
                del self._plans[plan.plan_id]
        equity = float(message.equity)
        return tuple(pyramiding_update(plan, equity, volatility_adjusted=self._volatility_adjusted) for plan in changed)

    def impact(self, message: ImpactRecord) -> Told:
        """Tell what impact an order is thought to have."""
        return (impact_analysis(message),)

    def command(self, message: RiskCommand) -> Told:
        """Tell of a stop level, or that positions are closed by command."""
        flattens = message.action is RiskAction.FLATTEN or (
            message.action is RiskAction.HALT and self._halt_flattens and message.place is None
        )
        if flattens and (message.place is None or message.sender == "risk"):
            return (emergency_liquidation(message, None if message.place is None else self._names[message.place]),)
        if message.place is None or message.price is None:
            return ()
        if message.action is RiskAction.SET_TAKE_PROFIT:
            self.orders.takes.setdefault(message.place, {})[message.layer] = message.price
        if message.action is not RiskAction.SET_STOP:
            return ()
        key = (message.place, message.layer)
        previous = self._stops.pop(key, None)
        if message.quantity == 0:  # the layer is over
            return ()
        self._stops[key] = message.price
        first = message.cause == INITIAL
        name = self._names[message.place]
        return (stop_loss_update(message, name, message.price, None if first else previous),)

    def risk_alert(self, message: RiskAlertEvent) -> Told:
        """Tell of a limit that was broken; a warning is none."""
        return () if message.severity is Severity.WARNING else (risk_threshold_breach(message),)

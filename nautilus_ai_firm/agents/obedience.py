"""Commands of the risk stage and news of the connection -> what the execution desk does at once; called by 5."""

from dataclasses import dataclass, replace
from typing import Self

from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.liquidation import Liquidation
from nautilus_ai_firm.agents.protection import Protection
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.bus import Failures, Line, Topic
from nautilus_ai_firm.messages import Connection, OrderRecord, RiskAction, RiskCommand
from nautilus_ai_firm.settings import Firm, Stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What execution does for the risk stage.

    Attributes
    ----------
    stops : Stops, optional
        Whether every position has one, and who watches it.
    halt_flattens : bool
        Whether a halt closes every position, or holds them.
    cancels_after_loss : bool
        Whether orders that are open when a lost connection is back are canceled.

    """

    stops: Stops | None = None
    halt_flattens: bool = False
    cancels_after_loss: bool = False

    @classmethod
    def of(cls, firm: Firm) -> Self:
        """Read it from the settings."""
        return cls(
            stops=firm.risk.stops,
            halt_flattens=firm.risk.kill_switch_flattens,
            cancels_after_loss=firm.live.working_orders_after_loss == "cancel",
        )


class Obedience:
    """Obeys, before any pending work.

    Parameters
    ----------
    gate : OrderGate
        Who stops new risk.
    withdrawal : Withdrawal
        Who takes orders back.
    liquidation : Liquidation
        Who closes positions.
    protection : Protection
        The stops.
    places : range
        Every instrument.
    failures : Failures
        Who knows the round.
    safety : Safety
        What is configured.

    """

    def __init__(
        self,
        gate: OrderGate,
        withdrawal: Withdrawal,
        liquidation: Liquidation,
        protection: Protection,
        places: range,
        failures: Failures,
        safety: Safety,
    ) -> None:
        self._inside_event = False  # a stop is then placed when the position is known, not before
        self._gate = gate
        self._withdrawal = withdrawal
        self._liquidation = liquidation
        self._protection = protection
        self._places = places
        self._failures = failures
        self._safety = safety

    def obey(self, command: RiskCommand) -> None:
        """Obey a command.

        Raises
        ------
        ValueError
            A stop or take profit without an instrument or a price.

        """
        match command.action:
            case RiskAction.HALT:
                self._gate.halted = True
                if self._safety.halt_flattens:
                    self._flatten(command)
            case RiskAction.RESUME:
                self._gate.resume()
            case RiskAction.CANCEL_ALL:
                if not self._gate.flattening:  # else what works is on its way to nothing
                    self._withdrawal.take_all("dropped: cancel_all", command.ts_event)
            case RiskAction.FLATTEN:
                if command.place is None:
                    self._flatten(command)
                else:
                    self._close(command, command.place)
            case RiskAction.SET_STOP | RiskAction.SET_TAKE_PROFIT:
                self._set_exit(command)

    def tell(self, line: Line, record: OrderRecord, received_ns: int | None) -> None:
        """Publish an event of an order, and let commands that answer it wait until the desk has taken note of it."""
        self._inside_event = True
        line.publish(Topic.ORDER_RECORD, record if received_ns is None else replace(record, received_ns=received_ns))
        self._inside_event = False

    def heed(self, connection: Connection) -> None:
        """Take note that orders can reach the market, or no more."""
        self._gate.offline = not connection.trusted
        self._gate.barred = frozenset(connection.barred)
        if self._gate.offline:
            # a cancel would not arrive: what rests is looked after when the connection is back
            self._withdrawal.drop_all(f"dropped: {connection.cause}", connection.ts_event, cancels_children=False)
            return
        if self._safety.cancels_after_loss:
            self._withdrawal.cancel_open(connection.ts_event)
        self._protection.sync_all(connection.ts_event)

    def start_round(self, ts_event: int, round_: int) -> None:
        """Go on with what takes more than one round, and look after the stops."""
        if self._gate.flattening:
            self._liquidation.hold(self._places, ts_event, f"K{round_:06d}", round_)
        self._protection.start_round(ts_event)

    def _set_exit(self, command: RiskCommand) -> None:
        place, price, layer, quantity = command.place, command.price, command.layer, command.quantity
        if place is None or price is None:
            raise ValueError(f"{command.action} {command.sequence} names no instrument or no price")
        if command.action is RiskAction.SET_STOP:
            self._protection.set_level(place, price, command.cause, layer, quantity)
        else:
            self._protection.set_take(place, price, layer, quantity)
        if not self._inside_event:
            self._protection.sync(place, command.ts_event)

    def _flatten(self, command: RiskCommand) -> None:
        if not self._gate.flattening:
            self._gate.flattening = True
            self._withdrawal.take_all("dropped: cancel_all", command.ts_event)
            self._liquidation.hold(self._places, command.ts_event, f"K{self._failures.round:06d}", self._failures.round)

    def _close(self, command: RiskCommand, place: int) -> None:
        round_ = self._failures.round
        self._protection.cool(place)
        self._withdrawal.drop_place(place, f"dropped: {command.cause}", command.ts_event)
        self._liquidation.hold(range(place, place + 1), command.ts_event, f"X{round_:06d}", round_)

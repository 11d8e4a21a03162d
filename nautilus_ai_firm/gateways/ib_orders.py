"""Orders that the node's client id left open at the broker -> canceled, one by one, each cancel confirmed.

The broker lets the client that sent an order cancel it and nobody else. So this calls under the id of the node, before
there is a node; where another program has the id it is refused, as a node would be.
"""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from nautilus_ai_firm.gateways.errors import GatewayError, NotThere
from nautilus_ai_firm.gateways.ib_call import (
    REQUEST_FIELD,
    answered_within,
    call,
    refusal_of_stranger,
    refused_by,
)
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_fields import Fields, WireError, bytes_field, fields, number_field, text, whole
from nautilus_ai_firm.gateways.ib_wire import ERROR, Wire

ASK_OPEN_ORDERS, CANCEL_ORDER = 205, 204  # the open orders of the client that asks, and no other's
ORDER_STATUS, OPEN_ORDER, OPEN_ORDERS_END = 203, 205, 253
ENDED = frozenset({"Filled", "Cancelled", "ApiCancelled"})
CANCELED = 202  # told as an error: that an order is canceled
REFUSALS = frozenset({135, 136, 161, 10147, 10148})
"""Of a cancel: an order that is not known, cannot be canceled, or is in no state for it. Other errors only warn."""
BY_HAND = "allowed: none; cancel it among the orders of TWS or of the broker's web page, then start again"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """An order of an earlier session that was taken back when a session began.

    Attributes
    ----------
    client_order_id : str
        Its id.
    instrument_id : str
        Its instrument, in the firm's own words.
    side : str
        `BUY` or `SELL`.
    quantity : Decimal
        What it was for, instrument units.
    quantity_left : Decimal or None
        What was canceled of it, instrument units; None where it had ended by itself and the broker did not say how.
    filled_meanwhile : Decimal or None
        What filled between the first look at it and its end, instrument units; None likewise.

    """

    client_order_id: str
    instrument_id: str
    side: str
    quantity: Decimal
    quantity_left: Decimal | None
    filled_meanwhile: Decimal | None


@dataclass(slots=True, kw_only=True)
class _Order:
    """An order as the broker tells of it."""

    name: str
    side: str
    quantity: Decimal
    kind: str
    filled_before: Decimal | None = None  # at the first status, which comes with the list
    filled: Decimal = Decimal(0)
    status: str = ""
    said: str = ""  # the broker's last words about it
    is_refused: bool = False


def take_back(
    endpoint: Endpoint, instruments: Mapping[str, str], answer_s: float, tell: Callable[[TakenBack], None]
) -> None:
    """Cancel orders of the node's client id.

    Parameters
    ----------
    endpoint : Endpoint
        Where the gateway is, whose client id sent them, and the account that they are of.
    instruments : mapping of str to str
        By the id of each order that is to go, the firm's own name of its instrument.
    answer_s : float
        How long each answer may take, seconds.
    tell : callable
        Hears of each order that was open, in the order of their ids, as soon as it is gone.

    Raises
    ------
    ClientIdError
        Another program has the client id.
    GatewayError
        The gateway cannot be reached, or an order did not end: names it, and what the broker said.

    """
    try:
        connection = call(endpoint, endpoint.client_id, answer_s).connection
    except NotThere as error:
        raise _unreached(endpoint, error) from None
    except WireError as error:
        raise refusal_of_stranger(endpoint, error) from None
    with connection:
        _Canceling(connection, endpoint, instruments, answer_s).all(tell)


class _Canceling:
    """One connection on which they are canceled; what else is said there is passed over."""

    def __init__(
        self, connection: socket.socket, endpoint: Endpoint, instruments: Mapping[str, str], answer_s: float
    ) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._instruments = instruments
        self._answer_s = answer_s
        self._orders: dict[int, _Order] = {}  # by the broker's number
        self._listed: set[int] = set()

    def all(self, tell: Callable[[TakenBack], None]) -> None:
        try:
            self._list()
        except NotThere as error:
            raise _unreached(self._endpoint, error) from None
        except WireError as error:
            raise refusal_of_stranger(self._endpoint, error) from None
        for number in sorted(self._listed, key=lambda number: (self._orders[number].name, number)):
            tell(self._cancel(number))

    def _cancel(self, number: int) -> TakenBack:
        order = self._orders[number]
        try:
            self._end(number, order)
        except NotThere as error:
            said = f"; its last words were {order.said}" if order.said else ""
            raise self._not_gone(order, f"{error} from {self._endpoint.address}{said}") from None
        except WireError as error:
            raise refusal_of_stranger(self._endpoint, error) from None
        is_told = order.status in ENDED
        return TakenBack(
            client_order_id=order.name,
            instrument_id=self._instruments[order.name],
            side=order.side,
            quantity=order.quantity,
            quantity_left=order.quantity - order.filled if is_told else None,
            filled_meanwhile=order.filled - (order.filled_before or Decimal(0)) if is_told else None,
        )

    def _end(self, number: int, order: _Order) -> None:
        """Ask for the end of an order, and wait for it; one that ended already may be refused for that."""
        with answered_within(self._answer_s):
            wire = self._wire()
            if order.status not in ENDED:
                wire.ask(CANCEL_ORDER, number_field(1, number) + bytes_field(2, b""))
            while order.status not in ENDED:
                self._hear(*wire.message())
                if order.is_refused:
                    break
        if order.status not in ENDED:
            self._list()
            if number in self._listed and order.status not in ENDED:
                raise self._not_gone(order, f"the broker said {order.said}")

    def _list(self) -> None:
        self._listed.clear()
        with answered_within(self._answer_s):
            wire = self._wire()
            wire.ask(ASK_OPEN_ORDERS, b"")
            heard = 0
            while heard != OPEN_ORDERS_END:
                heard, said = wire.message()
                self._hear(heard, said)

    def _wire(self) -> Wire:
        return Wire(self._connection, time.monotonic() + self._answer_s)

    def _hear(self, number: int, said: Fields) -> None:
        if number == OPEN_ORDER:
            self._hear_order(said)
        elif number == ORDER_STATUS and (order := self._orders.get(whole(said, 1))) is not None:
            order.status = text(said, 2)
            order.filled = max(order.filled, _quantity(text(said, 3)))
            if order.filled_before is None:
                order.filled_before = order.filled
        elif number == ERROR and (order := self._orders.get(whole(said, REQUEST_FIELD))) is not None:
            code, words = refused_by(said)
            if code not in {0, CANCELED}:
                order.said, order.is_refused = f"error {code}, {words}", code in REFUSALS

    def _hear_order(self, said: Fields) -> None:
        order = said.get(3, b"")
        terms = fields(order) if isinstance(order, bytes) else {}
        name, number = text(terms, 28), whole(said, 1)
        if name not in self._instruments or text(terms, 12) != self._endpoint.account:
            return
        self._listed.add(number)
        self._orders.setdefault(
            number,
            _Order(
                name=name,
                side=text(terms, 5),
                quantity=_quantity(text(terms, 6)),
                kind=" ".join(word for word in (text(terms, 8), text(terms, 11)) if word),
            ),
        )

    def _not_gone(self, order: _Order, why: str) -> GatewayError:
        left = order.quantity - order.filled
        return GatewayError(
            f"an order of an earlier session cannot be taken back: {order.side} {left:,} "
            f"{self._instruments[order.name]} {order.kind} {order.name}: {why} ({BY_HAND})"
        )


def _unreached(endpoint: Endpoint, error: NotThere) -> GatewayError:
    return GatewayError(f"the orders of an earlier session cannot be taken back at {endpoint.address}: {error}")


def _quantity(written: str) -> Decimal:
    try:
        return Decimal(written or "0")
    except InvalidOperation:
        raise WireError(f"a quantity of {written!r}") from None

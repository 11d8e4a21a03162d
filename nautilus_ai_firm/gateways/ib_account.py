"""The account as the broker has it: cash, positions and open orders, read to the end of each list."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_call import refusal_of_stranger
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_fields import (
    Fields,
    WireError,
    bytes_field,
    double,
    fields,
    number_field,
    text,
    whole,
)
from nautilus_ai_firm.gateways.ib_line import Away, Line, connected

ACCOUNT_SUMMARY, ACCOUNT_SUMMARY_END, POSITION, POSITION_END, OPEN_ORDER, OPEN_ORDERS_END = 263, 264, 261, 262, 205, 253
ASK_SUMMARY, CANCEL_SUMMARY, ASK_POSITIONS, CANCEL_POSITIONS, ASK_OPEN_ORDERS = 262, 263, 261, 264, 216
TAGS = "TotalCashValue,NetLiquidation"
SUMMARY_REQUEST = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A position of the account, and what a unit of it cost."""

    symbol: str
    quantity: Decimal
    average_cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReading:
    """The account as the broker has it: cash and net liquidation value in its currency, positions, open orders.

    An open order is written for people: side, quantity, symbol, kind, and whose it is.
    """

    currency: str
    cash: Decimal
    net_liquidation: Decimal
    holdings: tuple[Holding, ...]
    open_orders: tuple[str, ...]


async def read_account(endpoint: Endpoint, answer_s: float) -> AccountReading:
    """Read the account once.

    Raises
    ------
    ClientIdError
        Another program has the client id of the watch.
    GatewayError
        It cannot be read.

    """
    try:
        line = await connected(endpoint, answer_s)
        try:
            return await account_on(line, endpoint, answer_s)
        finally:
            line.close()
    except Away as away:
        raise GatewayError(f"the account at {endpoint.address} cannot be read: {away}") from None


async def account_on(line: Line, endpoint: Endpoint, answer_s: float) -> AccountReading:
    """Ask for everything, and wait for the end of each list; what else comes meanwhile is not for this.

    Raises
    ------
    Away
        The connection ended, not all was told in time, or the account has no cash value yet.
    GatewayError
        What answers is not the broker's gateway.

    """
    line.send(ASK_SUMMARY, number_field(1, SUMMARY_REQUEST) + bytes_field(2, "All") + bytes_field(3, TAGS))
    line.send(ASK_POSITIONS)
    line.send(ASK_OPEN_ORDERS)
    values: dict[str, tuple[str, str]] = {}
    holdings: list[Holding] = []
    orders: list[str] = []
    missing = {ACCOUNT_SUMMARY_END, POSITION_END, OPEN_ORDERS_END}
    take: dict[int, Callable[[Fields], None]] = {
        ACCOUNT_SUMMARY: lambda said: _take_value(said, endpoint, values),
        POSITION: lambda said: _take_position(said, endpoint, holdings),
        OPEN_ORDER: lambda said: _take_order(said, endpoint, orders),
    }
    try:
        async with asyncio.timeout(answer_s):
            while missing:
                number, said = await line.message()
                missing.discard(number)
                if number in take:
                    take[number](said)
    except TimeoutError:
        raise Away(f"the account was not told within {answer_s:g} s") from None
    except WireError as error:
        raise refusal_of_stranger(endpoint, error) from None
    line.send(CANCEL_SUMMARY, number_field(1, SUMMARY_REQUEST))
    line.send(CANCEL_POSITIONS)
    if {"TotalCashValue", "NetLiquidation"} - set(values):
        raise Away("the account has no cash value yet")
    try:
        return AccountReading(
            currency=values["TotalCashValue"][1],
            cash=Decimal(values["TotalCashValue"][0]),
            net_liquidation=Decimal(values["NetLiquidation"][0]),
            holdings=tuple(sorted(holdings, key=lambda one: one.symbol)),
            open_orders=tuple(sorted(orders)),
        )
    except InvalidOperation:
        raise Away(f"the account's cash is {values['TotalCashValue'][0]!r}") from None


def _take_value(said: Fields, endpoint: Endpoint, values: dict[str, tuple[str, str]]) -> None:
    if text(said, 2) == endpoint.account:
        values[text(said, 3)] = (text(said, 4), text(said, 5))


def _take_position(said: Fields, endpoint: Endpoint, holdings: list[Holding]) -> None:
    try:
        quantity = Decimal(text(said, 3) or "0")
    except InvalidOperation:
        raise WireError(f"a position of {text(said, 3)!r}") from None
    if text(said, 1) == endpoint.account and quantity:
        symbol = text(_inner(said, 2), 2).replace(" ", "-")
        average = double(said, 4) if 4 in said else 0.0  # noqa: PLR2004 - a field; what is 0 is not sent
        holdings.append(Holding(symbol=symbol, quantity=quantity, average_cost=average))


def _take_order(said: Fields, endpoint: Endpoint, orders: list[str]) -> None:
    order = _inner(said, 3)
    if text(order, 12) != endpoint.account:
        return
    client_id, name = whole(order, 1), text(order, 28)
    if client_id == endpoint.client_id:
        whose = f"of an earlier session, client {client_id}"
    else:
        whose = f"of another program, client {client_id}" if client_id else "of a person"
    what = f"{text(order, 5)} {text(order, 6)} {text(_inner(said, 2), 2)} {text(order, 8)}"
    orders.append(f"{what} ({whose}{f', {name}' if name else ''})")


def _inner(said: Fields, number: int) -> Fields:
    value = said.get(number, b"")
    return fields(value) if isinstance(value, bytes) else {}

"""A second connection to the broker's gateway: hears when the market cannot be reached, and reads the account anew.

The engine's adapter logs that the broker was lost and says so to nobody, and after a return its account stands still.
So this listens beside it, with a client id of its own. Whenever it is connected, and whenever the gateway says that
the broker is there again, it reads accounts, cash, positions and open orders before it says that things are well.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_call import (
    ACCOUNTS_FIELD,
    CLIENT_ID_IN_USE,
    CODE_FIELD,
    refusal_of_client_id,
    refusal_of_stranger,
)
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, shortened
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
from nautilus_ai_firm.gateways.ib_wire import (
    ERROR,
    MANAGED_ACCOUNTS,
    START_API,
    asked,
    length_in,
    offer,
    taken_apart,
    version_in,
)

ACCOUNT_SUMMARY, ACCOUNT_SUMMARY_END, POSITION, POSITION_END, OPEN_ORDER, OPEN_ORDERS_END = 263, 264, 261, 262, 205, 253
ASK_SUMMARY, CANCEL_SUMMARY, ASK_POSITIONS, CANCEL_POSITIONS, ASK_OPEN_ORDERS = 262, 263, 261, 264, 216
ASK_TIME = 249
QUIET_S = 10.0  # a gateway that says nothing for so long is asked for the time
TAGS = "TotalCashValue,NetLiquidation"
SUMMARY_REQUEST = 1
LOST = {1100: "the gateway lost the broker", 2110: "the gateway lost the broker"}
BACK = {1101: "the broker is back, and the market data is not", 1102: "the broker is back"}
FIRST_PAUSE_S, LONGEST_PAUSE_S, JITTER_S = 0.1, 5.0, 0.1


class Away(Exception):  # noqa: N818 - what is waited out
    """The gateway cannot be reached: says what was met."""


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


class Listener(Protocol):
    """Who is told."""

    def lost(self, cause: str) -> None:
        """Take note that orders cannot reach the market."""
        ...

    def found(self, reading: AccountReading, cause: str, *, data_lost: bool) -> None:
        """Take the account as it is now; `data_lost` where subscriptions have to be made anew."""
        ...


async def watch(endpoint: Endpoint, answer_s: float, listener: Listener, quiet_s: float = QUIET_S) -> None:
    """Listen until canceled; a gateway that goes away, or falls silent, is waited for.

    Parameters
    ----------
    endpoint : Endpoint
        Where it is.
    answer_s : float
        How long its answers may take, seconds.
    listener : Listener
        Who is told.
    quiet_s : float
        After how many seconds of silence it is asked whether it is there.

    Raises
    ------
    ClientIdError
        Another program has the client id of the watch.
    GatewayError
        What answers is not the broker's gateway, or it does not manage the account any more.

    """
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(Away),
        wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S, jitter=JITTER_S),
    )
    cause = "connected"
    while True:
        line: _Line = await patiently(_connected, endpoint, answer_s)
        try:
            await _listen(line, endpoint, answer_s, quiet_s, listener, cause)
        except Away as away:
            listener.lost(f"the gateway at {endpoint.address} went away: {away}")
        finally:
            line.close()
        cause = "the gateway is back"


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
        line = await _connected(endpoint, answer_s)
    except Away as away:
        raise GatewayError(f"the account at {endpoint.address} cannot be read: {away}") from None
    try:
        return await _read(line, endpoint, answer_s)
    except Away as away:
        raise GatewayError(f"the account at {endpoint.address} cannot be read: {away}") from None
    finally:
        line.close()


class _Line:
    """A connection, and what came over it that nobody asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def greet(self, client_id: int) -> None:
        self._writer.write(offer())
        version_in(await self._frame())
        self.send(START_API, number_field(1, client_id))

    def send(self, number: int, body: bytes = b"") -> None:
        self._writer.write(asked(number, body))

    async def message(self) -> tuple[int, Fields]:
        number, body = taken_apart(await self._frame())
        return number, fields(body)

    async def _frame(self) -> bytes:
        try:
            return await self._reader.readexactly(length_in(await self._reader.readexactly(4)))
        except asyncio.IncompleteReadError:
            raise Away("it ended the connection") from None
        except OSError as error:
            raise Away(error.strerror or str(error)) from None

    def close(self) -> None:
        with suppress(OSError):
            self._writer.close()


async def _connected(endpoint: Endpoint, answer_s: float) -> _Line:
    try:
        async with asyncio.timeout(answer_s):
            line = _Line(*await asyncio.open_connection(endpoint.host, endpoint.port))
            try:
                await line.greet(endpoint.watch_client_id)
                await _introduced(line, endpoint)
            except BaseException:
                line.close()
                raise
            return line
    except WireError as error:
        raise refusal_of_stranger(endpoint, error) from None
    except TimeoutError:
        raise Away(f"no answer within {answer_s:g} s") from None
    except OSError as error:
        raise Away(error.strerror or str(error)) from None


async def _introduced(line: _Line, endpoint: Endpoint) -> None:
    """Wait for the accounts before anything is asked: who is refused must not speak on, or he does not hear why."""
    while True:
        number, said = await line.message()
        if number == MANAGED_ACCOUNTS:
            return _refuse_other(said, endpoint)
        if number == ERROR and whole(said, CODE_FIELD) == CLIENT_ID_IN_USE:
            raise refusal_of_client_id(endpoint, endpoint.watch_client_id)


async def _listen(
    line: _Line, endpoint: Endpoint, answer_s: float, quiet_s: float, listener: Listener, cause: str
) -> None:
    listener.found(await _read(line, endpoint, answer_s), cause, data_lost=False)
    while True:
        try:
            number, said = await _next(line, answer_s, quiet_s)
            code = whole(said, CODE_FIELD) if number == ERROR else 0
        except WireError as error:
            raise refusal_of_stranger(endpoint, error) from None
        if code in LOST:
            listener.lost(f"{LOST[code]} ({code})")
        elif code in BACK:
            reading = await _read(line, endpoint, answer_s)
            listener.found(reading, f"{BACK[code]} ({code})", data_lost=code == 1101)  # noqa: PLR2004 - as in BACK


async def _next(line: _Line, answer_s: float, quiet_s: float) -> tuple[int, Fields]:
    """Wait for a message; who is silent is asked for the time, and is away where no answer comes."""
    coming = asyncio.ensure_future(line.message())  # not cut by a timeout: that could lose half a frame
    try:
        if not (await asyncio.wait({coming}, timeout=quiet_s))[0]:
            line.send(ASK_TIME)
            if not (await asyncio.wait({coming}, timeout=answer_s))[0]:
                raise Away(f"no answer within {answer_s:g} s")
        return await coming
    finally:
        coming.cancel()


async def _read(line: _Line, endpoint: Endpoint, answer_s: float) -> AccountReading:
    """Ask for everything, and wait for the end of each list; what else comes meanwhile is not for this."""
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


def _refuse_other(said: Fields, endpoint: Endpoint) -> None:
    managed = text(said, ACCOUNTS_FIELD).split(",")
    if endpoint.account not in managed:
        shown = ", ".join(shortened(account) for account in managed if account) or "none"
        raise GatewayError(
            f"the gateway at {endpoint.address} does not manage the account {shortened(endpoint.account)} any more "
            f"(it manages: {shown})"
        )


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

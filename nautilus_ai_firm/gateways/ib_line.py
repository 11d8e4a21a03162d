"""A connection to the broker's gateway that lasts, under the client id of the watch: anything may come at any time."""

import asyncio
from contextlib import suppress

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_call import (
    ACCOUNTS_FIELD,
    CLIENT_ID_IN_USE,
    CODE_FIELD,
    refusal_of_client_id,
    refusal_of_stranger,
)
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, shortened
from nautilus_ai_firm.gateways.ib_fields import Fields, WireError, fields, number_field, text, whole
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


class Away(Exception):  # noqa: N818 - what is waited out
    """The gateway cannot be reached: says what was met."""


class Line:
    """A connection, and what came over it that nobody asked for.

    Parameters
    ----------
    reader : StreamReader
        What comes.
    writer : StreamWriter
        What goes.

    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def greet(self, client_id: int) -> None:
        """Agree on a version and say who is calling."""
        self._writer.write(offer())
        version_in(await self._frame())
        self.send(START_API, number_field(1, client_id))

    def send(self, number: int, body: bytes = b"") -> None:
        """Send a message."""
        self._writer.write(asked(number, body))

    async def message(self) -> tuple[int, Fields]:
        """Wait for a message, and return its number and fields.

        Raises
        ------
        Away
            The connection ended.
        WireError
            It is no message.

        """
        number, body = taken_apart(await self._frame())
        return number, fields(body)

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._writer.close()

    async def _frame(self) -> bytes:
        try:
            return await self._reader.readexactly(length_in(await self._reader.readexactly(4)))
        except asyncio.IncompleteReadError:
            raise Away("it ended the connection") from None
        except OSError as error:
            raise Away(error.strerror or str(error)) from None


async def connected(endpoint: Endpoint, answer_s: float) -> Line:
    """Connect, greet, and wait for the accounts; who called closes the line.

    Raises
    ------
    Away
        Nobody answered in time.
    ClientIdError
        Another program has the client id of the watch.
    GatewayError
        What answers is not the broker's gateway, or it does not manage the account any more.

    """
    try:
        async with asyncio.timeout(answer_s):
            line = Line(*await asyncio.open_connection(endpoint.host, endpoint.port))
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


async def _introduced(line: Line, endpoint: Endpoint) -> None:
    """Wait for the accounts before anything is asked: who is refused must not speak on, or he does not hear why."""
    while True:
        number, said = await line.message()
        if number == MANAGED_ACCOUNTS:
            return _refuse_other(said, endpoint)
        if number == ERROR and whole(said, CODE_FIELD) == CLIENT_ID_IN_USE:
            raise refusal_of_client_id(endpoint, endpoint.watch_client_id)


def _refuse_other(said: Fields, endpoint: Endpoint) -> None:
    managed = text(said, ACCOUNTS_FIELD).split(",")
    if endpoint.account not in managed:
        shown = ", ".join(shortened(account) for account in managed if account) or "none"
        raise GatewayError(
            f"the gateway at {endpoint.address} does not manage the account {shortened(endpoint.account)} any more "
            f"(it manages: {shown})"
        )

"""One connection: greeting, START_API, then requests, each recorded and handed to the desk that serves it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.faults.gateway.classic import ClassicCodec
from tests.faults.gateway.faults import Faults
from tests.faults.gateway.messages import error, make, name_of
from tests.faults.gateway.wire import (
    CLASSIC_VERSION,
    FIRST_PROTOBUF_VERSION,
    Codec,
    ProtobufCodec,
    WireError,
    agreed_version,
    frame,
    read_frame,
    read_versions,
)

FARMS = ((2104, "Market data farm connection is OK:usfarm"), (2106, "HMDS data farm connection is OK:ushmds"))
"""What the gateway says to everybody who comes."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came: wall time in ns since 1970 of its last byte, client, name and message."""

    time_ns: int
    client_id: int
    name: str
    message: Any


type Handler = Callable[["Session", Any], None]


class Session:
    """A client that is connected; the gateway's loop alone uses it.

    Parameters
    ----------
    reader, writer : asyncio streams
        The connection.
    handlers : mapping
        What serves a request, by its name.
    faults : Faults
        What the test has planted.
    record : callable
        Takes every request.

    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handlers: Mapping[str, Handler],
        faults: Faults,
        record: Callable[[Received], None],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._handlers, self._faults, self._record = handlers, faults, record
        self._codec: Codec = ProtobufCodec()
        self._waiting = set[asyncio.TimerHandle]()
        self.client_id = -1
        self.started = False
        self.market_data_type = 1

    async def greet(self, server_version: int) -> None:
        """Agree on a version and read who it is, up to the START_API request."""
        version = agreed_version(await read_versions(self._reader), server_version)
        if version < FIRST_PROTOBUF_VERSION:
            self._codec = ClassicCodec()
        time_text = datetime.now(UTC).strftime("%Y%m%d %H:%M:%S UTC")
        self._writer.write(frame(f"{version}\0{time_text}\0".encode()))
        if version < CLASSIC_VERSION:
            raise WireError(f"version {version} is not spoken here")
        request = await self._next()
        if name_of(request.message) != "StartApiRequest":
            raise WireError(f"{request.name} before START_API")
        self.client_id = request.message.clientId
        self._record(Received(request.time_ns, self.client_id, request.name, request.message))

    async def serve(self, accounts: tuple[str, ...], next_order_id: int) -> None:
        """Say who is there, and serve requests until the client leaves."""
        self.started = True
        self.send(make("ManagedAccounts", accountsList=",".join(accounts)))
        self.send(make("NextValidId", orderId=next_order_id))
        for code, text in FARMS:
            self.error(-1, code, text)
        while True:
            request = await self._next()
            self._record(request)
            if self._faults.silent or request.name in self._faults.ignored:
                continue
            delay_s = self._faults.delays_s.get(request.name)
            if delay_s is None:
                self._handle(request)
            else:
                self._waiting.add(asyncio.get_running_loop().call_later(delay_s, self._handle, request))

    def send(self, message: Any) -> None:
        """Send a message, unless the gateway is to be silent or the client has gone."""
        body = self._codec.encode(message)
        if body and not self._faults.silent and not self._writer.is_closing():
            self._writer.write(frame(body))

    def error(self, request: int, code: int, text: str) -> None:
        self.send(error(request, code, text, time.time_ns() // 1_000_000))

    def drop(self) -> None:
        """End the connection without a word."""
        self.started = False
        for handle in self._waiting:
            handle.cancel()
        self._writer.transport.abort()

    async def close(self) -> None:
        """End the connection when everything is sent."""
        self.started = False
        for handle in self._waiting:
            handle.cancel()
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    async def _next(self) -> Received:
        body = await read_frame(self._reader)
        time_ns = time.time_ns()
        message = self._codec.decode(body)
        return Received(time_ns, self.client_id, name_of(message), message)

    def _handle(self, request: Received) -> None:
        planted = self._faults.error_for(request.name)
        if planted is not None:
            self.error(number_of(request.message), *planted)
        elif self.started:
            self._handlers[request.name](self, request.message)


def number_of(message: Any) -> int:
    """Find the number that an answer to a request carries, -1 where it has none."""
    names = set(message.DESCRIPTOR.fields_by_name)
    return next((getattr(message, name) for name in ("reqId", "orderId") if name in names), -1)

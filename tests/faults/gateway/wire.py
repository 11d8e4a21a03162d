"""Bytes <-> messages: frames of a length and a body, the versions that are spoken, protobuf from version 213 on."""

import asyncio
import re
import struct
from typing import Any, Protocol

from tests.faults.gateway.messages import ANSWERS, REQUESTS, kind, name_of

LAST_VERSION = 225
FIRST_PROTOBUF_VERSION = 213
CLASSIC_VERSION = 178  # of the versions before protobuf, the one that is spoken here
PROTOBUF_OFFSET = 200
LONGEST_FRAME = 1 << 20


class WireError(Exception):
    """A client that says what the protocol does not know."""


class Codec(Protocol):
    """How messages of one version look in a frame."""

    def decode(self, body: bytes) -> Any: ...

    def encode(self, message: Any) -> bytes: ...


class ProtobufCodec:
    """A number, 200 above that of the text protocol, then the message."""

    def decode(self, body: bytes) -> Any:
        (number,) = struct.unpack(">I", body[:4])
        name = REQUESTS.get(number - PROTOBUF_OFFSET)
        if name is None:
            raise WireError(f"request {number} is not served here")
        return kind(name).FromString(body[4:])

    def encode(self, message: Any) -> bytes:
        return struct.pack(">I", ANSWERS[name_of(message)] + PROTOBUF_OFFSET) + message.SerializeToString()


def frame(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read the body of one frame.

    Raises
    ------
    asyncio.IncompleteReadError
        The client left.
    WireError
        A length that no request has.

    """
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if length > LONGEST_FRAME:
        raise WireError(f"a frame of {length} bytes")
    return await reader.readexactly(length)


async def read_versions(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Read a client's greeting: the first and the last version that it speaks."""
    greeting = await reader.readexactly(4)
    if greeting != b"API\0":
        raise WireError(f"a greeting of {greeting!r}")
    spoken = re.match(rb"v(\d+)(?:\.\.(\d+))?", await read_frame(reader))
    if spoken is None:
        raise WireError("a greeting without versions")
    return int(spoken[1]), int(spoken[2] or spoken[1])


def agreed_version(client: tuple[int, int], server: int) -> int:
    """Find the version of a connection; it may be one that the client is to refuse, as with the real gateway."""
    newest = min(client[1], server)
    return newest if newest >= FIRST_PROTOBUF_VERSION else min(newest, CLASSIC_VERSION)

"""A connection to the broker's gateway for the few things that are asked beside a node: frames with a number each."""

import socket
import struct
import time

from nautilus_ai_firm.gateways.ib_fields import Fields, WireError, fields, number_field

FIRST_VERSION, LAST_VERSION = 213, 225  # from the first on, every message is protobuf
LONGEST_FRAME = 1 << 20  # bytes; a few thousand bars of the past have a fifth of it
ERROR, NEXT_VALID_ID, MANAGED_ACCOUNTS, START_API = 204, 209, 215, 271


class Closed(Exception):  # noqa: N818 - no fault by itself: a gateway that starts or stops does so
    """The other side ended the connection."""


class Wire:
    """A connection on which everything has to be done by one time.

    Parameters
    ----------
    connection : socket.socket
        Connected.
    deadline_s : float
        On the monotonic clock, in seconds.

    """

    __slots__ = ("_connection", "_deadline_s")

    def __init__(self, connection: socket.socket, deadline_s: float) -> None:
        self._connection = connection
        self._deadline_s = deadline_s

    def greet(self) -> int:
        """Offer the versions, and return the server's."""
        self._send(offer())
        return version_in(self.frame())

    def start(self, client_id: int) -> None:
        """Say who is calling."""
        self.ask(START_API, number_field(1, client_id))

    def ask(self, number: int, body: bytes) -> None:
        """Send a message."""
        self._send(asked(number, body))

    def message(self) -> tuple[int, Fields]:
        """Wait for a message, and return its number and fields."""
        number, body = self.answer()
        return number, fields(body)

    def answer(self) -> tuple[int, bytes]:
        """Wait for a message, and return its number and what it says, not yet taken apart."""
        return taken_apart(self.frame())

    def frame(self) -> bytes:
        """Wait for a frame, and return what is in it."""
        return self._read(length_in(self._read(4)))

    def _send(self, data: bytes) -> None:
        self._connection.settimeout(self._left_s())
        self._connection.sendall(data)

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._connection.settimeout(self._left_s())
            part = self._connection.recv(count - len(data))
            if not part:
                raise Closed
            data += part
        return bytes(data)

    def _left_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def framed(body: bytes) -> bytes:
    """Put a length before a body."""
    return struct.pack(">I", len(body)) + body


def offer() -> bytes:
    """Write what opens the talk: the versions that are spoken here."""
    return b"API\0" + framed(f"v{FIRST_VERSION}..{LAST_VERSION}".encode())


def asked(number: int, body: bytes = b"") -> bytes:
    """Write a message."""
    return framed(struct.pack(">I", number) + body)


def length_in(head: bytes) -> int:
    """Read the four bytes before a frame.

    Raises
    ------
    WireError
        No frame is so long.

    """
    (length,) = struct.unpack(">I", head)
    if not 0 < length <= LONGEST_FRAME:
        raise WireError(f"a frame of {length} bytes")
    return length


def version_in(frame: bytes) -> int:
    """Read the server's version in its first frame.

    Raises
    ------
    WireError
        There is none.

    """
    version, _, _ = frame.partition(b"\0")
    if not version.isdigit() or len(version) > 5:  # noqa: PLR2004 - no version has more digits
        raise WireError(f"{version[:20]!r} in place of a server version")
    return int(version)


def taken_apart(frame: bytes) -> tuple[int, bytes]:
    """Read the number of a message, and return it with what it says, not yet taken apart.

    Raises
    ------
    WireError
        It is too short for a number.

    """
    if len(frame) < 4:  # noqa: PLR2004 - bytes of the number
        raise WireError(f"a message of {len(frame)} bytes")
    return struct.unpack(">I", frame[:4])[0], frame[4:]

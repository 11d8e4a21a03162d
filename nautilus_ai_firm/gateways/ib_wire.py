"""The few messages by which the broker's gateway says who is there: frames, and the fields of a protobuf message.

Of a message only the fields that are asked for are read, by number, as the protobuf encoding says: a key is a field's
number and its form, 0 a variable number, 1 eight bytes, 2 a length and bytes, 5 four bytes.
"""

import socket
import struct
import time

FIRST_VERSION, LAST_VERSION = 213, 225  # from the first on, every message is protobuf
LONGEST_FRAME = 1 << 20  # bytes; what this talk is made of has hundreds
ERROR, NEXT_VALID_ID, MANAGED_ACCOUNTS, START_API = 204, 209, 215, 271
VARIABLE, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
SEVEN_BITS, MORE = 0x7F, 0x80

type Fields = dict[int, int | bytes]


class WireError(Exception):
    """Bytes that are not of this protocol: whoever listens there is not the broker's gateway."""


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
        self._send(b"API\0" + framed(f"v{FIRST_VERSION}..{LAST_VERSION}".encode()))
        version, _, _ = self.frame().partition(b"\0")
        if not version.isdigit() or len(version) > 5:  # noqa: PLR2004 - no version has more digits
            raise WireError(f"{version[:20]!r} in place of a server version")
        return int(version)

    def start(self, client_id: int) -> None:
        """Say who is calling."""
        self._send(framed(struct.pack(">I", START_API) + b"\x08" + variable(client_id)))

    def message(self) -> tuple[int, Fields]:
        """Wait for a message, and return its number and fields."""
        body = self.frame()
        if len(body) < 4:  # noqa: PLR2004 - bytes of the number
            raise WireError(f"a message of {len(body)} bytes")
        return struct.unpack(">I", body[:4])[0], fields(body[4:])

    def frame(self) -> bytes:
        """Wait for a frame, and return what is in it."""
        (length,) = struct.unpack(">I", self._read(4))
        if not 0 < length <= LONGEST_FRAME:
            raise WireError(f"a frame of {length} bytes")
        return self._read(length)

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


def variable(number: int) -> bytes:
    """Write a number that is not negative, seven bits a byte, the lowest first."""
    data = bytearray()
    while number > SEVEN_BITS:
        data.append(number & SEVEN_BITS | MORE)
        number >>= 7
    return bytes([*data, number])


def fields(data: bytes) -> Fields:
    """Read the fields of a message; of a field that is repeated the last.

    Raises
    ------
    WireError
        Bytes that are no protobuf message.

    """
    found: Fields = {}
    place = 0
    while place < len(data):
        key, place = _variable(data, place)
        form = key & 7
        if form == VARIABLE:
            found[key >> 3], place = _variable(data, place)
            continue
        length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(form)
        if form == LENGTH:
            length, place = _variable(data, place)
        if length is None or place + length > len(data):
            raise WireError("a message that is not protobuf")
        found[key >> 3] = data[place : place + length]
        place += length
    return found


def _variable(data: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        byte = data[place]
        place += 1
        number |= (byte & SEVEN_BITS) << shift
        if not byte & MORE:
            return number, place
    raise WireError("a message that is not protobuf")

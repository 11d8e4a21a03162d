"""The fields of a protobuf message, read and written by number.

As the encoding says: a key is a field's number and its form, 0 a variable number, 1 eight bytes, 2 a length and bytes,
5 four bytes. What nobody asks for is passed over.
"""

import struct
from collections.abc import Iterator

VARIABLE, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
SEVEN_BITS, MORE = 0x7F, 0x80

type Fields = dict[int, int | bytes]


class WireError(Exception):
    """Bytes that are not of this protocol: whoever listens there is not the broker's gateway."""


def variable(number: int) -> bytes:
    """Write a number that is not negative, seven bits a byte, the lowest first."""
    data = bytearray()
    while number > SEVEN_BITS:
        data.append(number & SEVEN_BITS | MORE)
        number >>= 7
    return bytes([*data, number])


def number_field(field: int, number: int) -> bytes:
    """Write a field that is a number, not negative, or a yes or no."""
    return variable(field << 3 | VARIABLE) + variable(number)


def bytes_field(field: int, value: str | bytes) -> bytes:
    """Write a field that is a text, or a message in itself."""
    data = value.encode() if isinstance(value, str) else value
    return variable(field << 3 | LENGTH) + variable(len(data)) + data


def fields(data: bytes) -> Fields:
    """Read the fields of a message; of a field that is repeated the last.

    Raises
    ------
    WireError
        Bytes that are no protobuf message.

    """
    return dict(_each(data))


def repeated(data: bytes, field: int) -> list[Fields]:
    """Read a field that is a list of messages.

    Raises
    ------
    WireError
        Bytes that are no protobuf message, or a field that is no message.

    """
    return [fields(_bytes(value)) for number, value in _each(data) if number == field]


def text(said: Fields, field: int) -> str:
    """Read a text; empty where it is not there.

    Raises
    ------
    WireError
        The field is a number, or cannot be printed.

    """
    read = _bytes(said.get(field, b"")).decode(errors="replace")
    if not read.isprintable():
        raise WireError("a text that cannot be printed")
    return read


def whole(said: Fields, field: int) -> int:
    """Read a number of 32 bits; 0 where it is not there.

    Raises
    ------
    WireError
        The field is a text.

    """
    value = said.get(field, 0)
    if isinstance(value, bytes):
        raise WireError("a text in place of a number")
    return (value & 0xFFFFFFFF ^ 0x80000000) - 0x80000000  # a negative one is written as its complement


def double(said: Fields, field: int) -> float:
    """Read a number with a fraction.

    Raises
    ------
    WireError
        It is not there, or is of another form.

    """
    value = said.get(field)
    if not isinstance(value, bytes) or len(value) != struct.calcsize("<d"):
        raise WireError("something else in place of a price")
    return struct.unpack("<d", value)[0]


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise WireError("a number in place of a text")
    return value


def _each(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(data):
        key, place = _variable(data, place)
        form = key & 7
        if form == VARIABLE:
            value, place = _variable(data, place)
            yield key >> 3, value
            continue
        length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(form)
        if form == LENGTH:
            length, place = _variable(data, place)
        if length is None or place + length > len(data):
            raise WireError("a message that is not protobuf")
        yield key >> 3, data[place : place + length]
        place += length


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

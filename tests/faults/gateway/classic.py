"""The protocol of text fields, version 178, for clients that know no protobuf: the same messages as lists of fields."""

import math
from typing import Any

from tests.faults.gateway.classic_fields import ANSWER_FIELDS, BAR, REQUEST_FIELDS
from tests.faults.gateway.messages import ANSWERS, REQUESTS, make, name_of
from tests.faults.gateway.wire import WireError

INTEGERS, DOUBLES = {3, 4, 5, 13}, {1, 2}  # types of fields, as protobuf numbers them
BOOLEAN = 8
LARGEST = 1.7e308  # a number that some clients send for one that is not there
NOT_WRITTEN = {"HistoricalDataEnd"}  # the text protocol ends a list of bars with its last bar


class ClassicCodec:
    """Fields between zero bytes, the first being the number of the message."""

    def decode(self, body: bytes) -> Any:
        number, *fields = body.decode().removesuffix("\0").split("\0")
        name = REQUESTS.get(int(number))
        if name is None:
            raise WireError(f"request {number} is not served here")
        message = make(name)
        for path, text in zip(REQUEST_FIELDS[name], fields, strict=False):
            if path != "_" and text:
                _set(message, path, text)
        return message

    def encode(self, message: Any) -> bytes:
        name = name_of(message)
        if name in NOT_WRITTEN:
            return b""
        fields = [str(ANSWERS[name])]
        for path in ANSWER_FIELDS[name]:
            if path == "bars":
                bars = message.historicalDataBars
                fields += [str(len(bars)), *(_get(bar, part) for bar in bars for part in BAR)]
            elif path == "tick":
                fields += _tick(message)
            else:
                fields.append(path[1:] if path.startswith("=") else _get(message, path))
        return "".join(f"{field}\0" for field in fields).encode()


def _set(message: Any, path: str, text: str) -> None:
    *owners, name = path.split(".")
    for owner in owners:
        message = getattr(message, owner)
    kind = message.DESCRIPTOR.fields_by_name[name].type
    if kind in DOUBLES and not math.isclose(float(text), LARGEST, rel_tol=0.1):
        setattr(message, name, float(text))
    elif kind in INTEGERS:
        setattr(message, name, int(float(text)))
    elif kind == BOOLEAN:
        setattr(message, name, text in {"1", "true", "True"})
    elif kind not in DOUBLES:
        setattr(message, name, text)


def _get(message: Any, path: str) -> str:
    *owners, name = path.split(".")
    for owner in owners:
        message = getattr(message, owner)
    if not message.HasField(name):
        return ""
    value = getattr(message, name)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _tick(message: Any) -> list[str]:
    if message.HasField("historicalTickLast"):
        last = message.historicalTickLast
        return [str(last.time), str(last.price), last.size, "0", last.exchange, ""]
    both = message.historicalTickBidAsk
    return [str(both.time), str(both.priceBid), str(both.priceAsk), both.sizeBid, both.sizeAsk, "0"]

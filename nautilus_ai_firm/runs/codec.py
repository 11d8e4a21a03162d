"""Messages and other facts <-> JSON that gives back the same bits.

Arrays are lists, NaN is null, a decimal is text, an enum its value, an absent value null. A float is written with the
digits that give it back. What JSON cannot say, an infinite number, is refused rather than turned into something else.
"""

import math
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeAliasType, Union, cast, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from nautilus_ai_firm.messages.execution_reports import ExecutionMessage

NESTED = {"RiskedDecision": "decision", "ClearedDecision": "risked"}
"""Fields that are facts of their own: written once, and joined again by whoever reads."""


class CodecError(ValueError):
    """A fact that cannot be written or read back: names the fact, the field and the value."""


def _encode_array(value: Any) -> list[Any]:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(value).__name__} is no part of a message")
    if value.dtype.kind == "f" and np.isinf(value).any():
        raise ValueError(f"{value.tolist()} holds an infinite number")
    return value.tolist()


_ENCODER = msgspec.json.Encoder(enc_hook=_encode_array, decimal_format="string")


def encode(record: str, fact: object, **more: object) -> bytes:
    """Write a fact as one line of JSON: what it is, `more`, and every field that is not a fact of its own.

    Parameters
    ----------
    record : str
        What the line calls the fact.
    fact : dataclass instance
        The fact.
    **more
        What the line says beside the fields.

    Raises
    ------
    CodecError
        A field has an infinite number.

    """
    try:
        return _ENCODER.encode({"record": record, **more, **_fields(fact)})
    except ValueError as error:
        raise CodecError(f"{record}: {error}") from None


def decode[T](cls: type[T], raw: dict[str, Any], **nested: object) -> T:
    """Read a fact back; `nested` gives the facts that it was written without.

    Raises
    ------
    CodecError
        A field without a default is missing, or one has a value of another type.

    """
    values: dict[str, Any] = dict(nested)
    for name, convert in _readers(cls).items():
        try:
            values[name] = convert(raw[name])
        except KeyError:
            if name in _optional_fields(cls):  # the record is older than the field
                continue
            raise CodecError(f"{cls.__name__}.{name} is missing") from None
        except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise CodecError(f"{cls.__name__}.{name} = {raw[name]!r}: {error}") from None
    if "contributions" in values:  # a list of no rows does not say how long they would be
        values["contributions"] = values["contributions"].reshape(len(values["agents"]), len(values["weights"]))
    return cls(**values)


def _fields(fact: object) -> dict[str, Any]:
    """Return the fields of a fact; none of their numbers is infinite (arrays are looked at when they are written)."""
    values = {name: getattr(fact, name) for name in _written(type(fact))}
    for name, value in values.items():
        _refuse_infinite(name, value)
    return values


def _refuse_infinite(name: str, value: Any) -> None:
    if isinstance(value, float):
        if math.isinf(value):
            raise ValueError(f"{name} is {value}, which is infinite")
    elif isinstance(value, tuple):
        for part in cast("tuple[Any, ...]", value):
            _refuse_infinite(name, part)
    elif isinstance(value, dict):
        for key, part in cast("dict[str, Any]", value).items():
            _refuse_infinite(f"{name}.{key}", part)
    elif is_dataclass(value):
        _fields(value)


@cache
def _written(cls: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast("Any", cls)) if field.name != NESTED.get(cls.__name__))


@cache
def _optional_fields(cls: type) -> frozenset[str]:
    return frozenset(
        field.name
        for field in fields(cast("Any", cls))
        if field.default is not MISSING or field.default_factory is not MISSING
    )


@cache
def _readers(cls: type) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(cls)
    return {name: _reader(hints[name]) for name in _written(cls)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """Turn the type of a field into what reads it."""
    if hint is ExecutionMessage:  # its JSON is its own
        return partial(msgspec.convert, type=ExecutionMessage)
    if isinstance(hint, TypeAliasType):
        return _reader(hint.__value__)
    if isinstance(alias := get_origin(hint), TypeAliasType):
        return _reader(alias.__value__[get_args(hint)])
    make = _OF_PARTS.get(get_origin(hint))
    if make is not None:
        return make(*get_args(hint))
    if is_dataclass(hint):
        return partial(decode, cast("type", hint))
    return cast("Callable[[Any], Any]", _PLAIN.get(hint, hint))  # not plain is a decimal or an enum: made from text


def _optional(*kinds: Any) -> Callable[[Any], Any]:
    (inner,) = (_reader(kind) for kind in kinds if kind is not NoneType)
    return lambda value: None if value is None else inner(value)


def _tuple(part: Any, *_: Any) -> Callable[[Any], Any]:
    inner = _reader(part)
    return lambda value: tuple(map(inner, value))


def _dict(_: Any, part: Any) -> Callable[[Any], Any]:
    inner = _reader(part)
    return lambda value: {name: inner(one) for name, one in value.items()}


def _array(_: Any, kind: Any) -> Callable[[Any], Any]:
    dtype = np.dtype(get_args(kind)[0])

    def read(value: Any) -> np.ndarray:
        array = np.array(value, dtype=dtype)  # None becomes NaN in an array of floats
        if dtype.kind != "f" and array.tolist() != value:
            raise TypeError(f"is not an array of {dtype}")
        return array

    return read


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"is not of type {kind.__name__}")
    return value


_PLAIN: dict[Any, Callable[[Any], Any]] = {
    **{kind: partial(_exactly, kind) for kind in (int, str, bool)},
    float: lambda value: math.nan if value is None else _exactly(float, value),
    Any: lambda value: value,
}
_OF_PARTS: dict[Any, Callable[..., Callable[[Any], Any]]] = {
    Union: _optional,
    UnionType: _optional,
    tuple: _tuple,
    dict: _dict,
    np.ndarray: _array,
}

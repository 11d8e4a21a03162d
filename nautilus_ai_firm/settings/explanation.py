"""A decoder's refusal -> one line with the path, the value, and what is allowed."""

import re
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from nautilus_ai_firm.settings.suggestion import suggest


class ConfigError(ValueError):
    """A configuration that cannot be used: names file, path, value and what is allowed."""


def explain(error: str, raw: Any, shape: Any) -> str:
    """Turn a decoder's message into one that gives the path, the value, and what is allowed."""
    text, found, path = error.rpartition(" - at `$")
    if not found:
        text, path = path, ""
    path = path.rstrip("`").removeprefix(".")
    value, kind = raw, shape
    for part in re.findall(r"[^.\[\]]+", path):
        value = value[int(part) if part.isdigit() else part]
        kind = _member(kind, part)
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", text, re.DOTALL)
    if unknown:
        allowed = sorted(field.name for field in msgspec.structs.fields(kind))
        key = unknown.group(1) if unknown.group(1).isidentifier() else repr(unknown.group(1))
        full = f"{path}.{key}" if path else key
        return f"{full} is not a known key{suggest(key, allowed)}; allowed are {', '.join(allowed)}"
    missing = re.fullmatch(r"Object missing required field `(.*)`", text)
    if missing:
        return f"{path + '.' if path else ''}{missing.group(1)} is missing"
    if isinstance(value, dict | list | tuple):
        return f"{path}: {text}" if path else text
    return f"{path} = {value!r}: {text[0].lower()}{text[1:]}"


def _member(kind: Any, part: str) -> Any:
    kind = getattr(kind, "__value__", kind)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _present(get_type_hints(kind).get(part))
    inner = [argument for argument in get_args(kind) if argument is not type(None) and argument is not Ellipsis]
    if get_origin(kind) is tuple and part.isdigit():
        return inner[0]
    return _member(inner[0], part) if inner else None


def _present(kind: Any) -> Any:
    """Take the table out of one that may be absent."""
    tables = [one for one in get_args(kind) if isinstance(one, type) and issubclass(one, Struct)]
    return tables[0] if get_origin(kind) in {Union, UnionType} and tables else kind

"""A dotted path into a configuration -> the value that stands there, or the configuration with another one."""

import copy
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

import msgspec

from nautilus_ai_firm.settings.decoding import Loaded, decode, params_of, without_none
from nautilus_ai_firm.settings.explanation import ConfigError
from nautilus_ai_firm.settings.shape import Firm
from nautilus_ai_firm.settings.suggestion import suggest

NAMING_KEYS = ("name", "id", "underlying", "contract")
"""Keys by which a table in a list is known: an agent, an instrument, a chain, an option."""
MOST_NAMED = 12

type Values = Mapping[str, Any]
"""Values by dotted path."""


def complete(firm: Firm) -> dict[str, Any]:
    """Write settings as tables in which every key stands, at its default or absent as it may be."""
    raw = msgspec.to_builtins(firm, builtin_types=(date,))
    for agent, table in zip(firm.signals.agents, raw["signals"]["agents"], strict=True):
        table["params"] = msgspec.to_builtins(params_of(agent))
    return raw


def value_at(firm: Firm, path: str) -> Any:
    """Return the value at a path; None where a key that may be absent is.

    Raises
    ------
    ConfigError
        The path leads nowhere; the message says how far it leads and what is there.

    """
    table, key = _place(complete(firm), path)
    return table[key]


def with_values(loaded: Loaded, values: Values, source: str) -> Loaded:
    """Make the same settings with other values at some paths, checked as a whole.

    Parameters
    ----------
    loaded : Loaded
        The settings.
    values : mapping of str to object
        Values by dotted path: `signals.agents.momentum.params.volatility_span`. A table in a list goes by its name.
    source : str
        Names the result in errors.

    Raises
    ------
    ConfigError
        A path leads nowhere, or the settings with these values cannot be used.

    """
    raw = complete(loaded.firm)
    for path, value in values.items():
        table, key = _place(raw, path)
        table[key] = copy.deepcopy(value)
    return decode(without_none(raw), source)


def _place(raw: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """Find the table that holds the last key of a path."""
    table: Any = raw
    rest, walked = path, ""
    while True:
        key, table_of_key = _next(table, rest, path, walked)
        if key == rest:
            return table_of_key, key
        walked, rest = f"{walked}{key}.", rest[len(key) + 1 :]
        table = table_of_key[key]


def _next(table: Any, rest: str, path: str, walked: str) -> tuple[str, dict[str, Any]]:
    """Find the key of a table with which the rest of a path begins; names of instruments have dots themselves."""
    keyed = _keyed(table)
    if keyed is None:
        raise ConfigError(f"{path}: {walked.rstrip('.')} is a value and has no {rest!r} in it")
    fitting = [key for key in keyed if rest == key or rest.startswith(f"{key}.")]
    if not fitting:
        key = rest.partition(".")[0]
        named = ", ".join(list(keyed)[:MOST_NAMED])
        more = f" and {len(keyed) - MOST_NAMED} more" if len(keyed) > MOST_NAMED else ""
        raise ConfigError(f"{path}: {walked}{key} is not there{suggest(key, keyed)}; there are {named or 'none'}{more}")
    return max(fitting, key=len), keyed


def _keyed(table: Any) -> dict[str, Any] | None:
    """Return a table by its keys, and a list of tables by their names."""
    if isinstance(table, dict):
        return cast("dict[str, Any]", table)
    if not isinstance(table, list | tuple) or not table:
        return None
    if not all(isinstance(one, dict) for one in cast("list[Any]", table)):
        return None
    rows = cast("list[dict[str, Any]]", table)
    naming = next((key for key in NAMING_KEYS if key in rows[0]), None)
    return None if naming is None else {str(row[naming]): row for row in rows}

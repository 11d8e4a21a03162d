"""Two values of one field -> whether they are the same, and if not, words that say where they part."""

from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np

from nautilus_ai_firm.messages import RiskReport
from nautilus_ai_firm.runs.placing import Placed

_SHOWN = 3
"""Places of an array that are spelled out."""

_LARGE = ("quotes", "events", "chains")
"""Fields whose values are facts of many arrays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the places of a session's arrays stand for."""

    instruments: tuple[str, ...]
    inputs: tuple[str, ...]


_SUBJECTS = {
    "signal": "signal {0.agent}",
    "command": "command {0.sequence} {0.action}",
    "risk_alert": "alert {0.rule}",
    "gate_result": "gate {0.client_order_id}",
    "order": "order {0.client_order_id} {0.kind}",
    "parent": "parent {0.parent_order_id}",
    "connection": "connection",
    "impact": "impact of {0.parent_order_id}",
    "fill_costs": "costs of {0.client_order_id}",
    "late_bar": "late bar {0.instrument_id}",
    "failure": "failure of {0.component} in round {0.round:,}: {0.error}",
}
"""What a fact of each record is about; a record that is one of its kind in a round is about the round."""


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same: floats bit by bit, so that no view equals no view and 0.0 is not -0.0."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one.hex() == other.hex()
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return one == other


def worded(name: str, then: Any, now: Any, names: Names, fact: Any) -> str:
    """Say where a field parts: `score AAPL.US: 0.25 then, 0.26 now`.

    Parameters
    ----------
    name : str
        The field.
    then, now : Any
        Its values, which differ.
    names : Names
        What the places of arrays stand for.
    fact : Any
        The fact that the field is of, as it was then.

    """
    parts = _parted(name, then, now)
    if parts:
        return "; ".join(worded(*part, names, fact) for part in parts)
    if not isinstance(then, np.ndarray) or not isinstance(now, np.ndarray) or then.shape != now.shape:
        return f"{name}: {shown(then)} then, {shown(now)} now"
    labels = _labels(name, names, fact, then)
    parted = [
        f"{label}: {shown(before)} then, {shown(after)} now"
        for label, before, after in zip(labels, then.ravel().tolist(), now.ravel().tolist(), strict=True)
        if not same(before, after)
    ]
    more = f" and {len(parted) - _SHOWN:,} more" if len(parted) > _SHOWN else ""
    return f"{name} {', '.join(parted[:_SHOWN])}{more}"


def subject(placed: Placed) -> str:
    """Say what a fact is about: `signal momentum`, `order R000412-AAPL.US-E2 filled`."""
    words = _SUBJECTS.get(placed.record)
    return placed.record if words is None else words.format(placed.fact)


def shown(value: Any) -> str:
    """Write a value so that two that differ look different."""
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    if isinstance(value, Enum | Decimal | str):
        return str(value)
    return "none" if value is None else repr(value)


def _parted(name: str, then: Any, now: Any) -> list[tuple[str, Any, Any]]:
    """Find the fields in which two large facts part, or the members of two rows of them; others are shown whole."""
    if not name.startswith(_LARGE) or type(then) is not type(now):
        return []
    if isinstance(then, tuple) and len(then) == len(now) and all(map(is_dataclass, then)):
        inner = [(f"{name}[{place}]", *pair) for place, pair in enumerate(zip(then, now, strict=True))]
    elif is_dataclass(then):
        inner = [(f"{name}.{one.name}", getattr(then, one.name), getattr(now, one.name)) for one in fields(then)]
    else:
        return []
    return [(part, before, after) for part, before, after in inner if not same(before, after)]


def _labels(name: str, names: Names, fact: Any, array: np.ndarray) -> list[str]:
    """Name the places of an array, row after row."""
    if name.startswith(("events", "chains")):
        return [str(list(place)) for place in np.ndindex(array.shape)]
    if name == "contributions":
        return [f"{agent} {instrument}" for agent in fact.agents for instrument in names.instruments]
    if isinstance(fact, RiskReport) and name in {"value", "limit"}:
        return [f"{rule} {subject}".rstrip() for rule, subject in zip(fact.rules, fact.subjects, strict=True)]
    return list(names.inputs if name in {"inputs", "inputs_fresh"} else names.instruments)

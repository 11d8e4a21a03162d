"""The entries of a session -> its facts, each with its counterpart's key and its place in time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nautilus_ai_firm.messages import OrderEventKind
from nautilus_ai_firm.runs.causes import NOT_COMPARED
from nautilus_ai_firm.runs.session_reading import Entry

type Key = tuple[Any, ...]

LAST_NS = 2**63 - 1

_TIMES = {"late_bar": "ts_init", "financing": "ts"}
_KEYS = {
    "late_bar": ("ts_event", "instrument_id"),
    "snapshot": ("round",),
    "signal": ("round", "agent"),
    "decision": ("round",),
    "command": ("sender", "action", "sequence"),
    "risk_alert": ("round", "rule", "subject"),
    "risk_report": ("round",),
    "gate_result": ("client_order_id",),
    "order": ("client_order_id", "kind"),
    "parent": ("parent_order_id",),
    "connection": ("ts_event",),
    "impact": ("parent_order_id",),
    "fill_costs": ("client_order_id",),
    "financing": ("ts",),
    "failure": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A fact in its place.

    Attributes
    ----------
    record : str
        What it is.
    round : int
        The round that the firm was in; of a late bar, the one that it belongs to.
    ts_ns : int
        When it happened, nanoseconds UTC.
    fact : Any
        The fact itself.

    """

    record: str
    round: int
    ts_ns: int
    fact: Any


def place_facts(entries: Iterable[Entry]) -> dict[Key, Placed]:
    """Give every fact that is compared a key: what it is, whose it is, and the how manyth of these it is.

    Kill switch reads are left out: which state was in force in a round counts, not when it was read.
    """
    placed: dict[Key, Placed] = {}
    seen: Counter[Key] = Counter()
    rounds: dict[int, int] = {}  # by close
    last_ns: dict[str, int] = {}  # by order: when it was heard of last
    now = 0
    for entry in entries:
        record, fact = entry.record, entry.fact
        if record in NOT_COMPARED or record == "kill_switch":
            continue
        if record == "snapshot":
            now = fact.round
            rounds[fact.ts_event] = now
        key = (record, *_identity(record, fact))
        ts_ns = _time(record, fact, last_ns)
        placed[*key, seen[key]] = Placed(
            record=record,
            round=rounds.get(fact.ts_event, now) if record == "late_bar" else now,
            ts_ns=ts_ns,
            fact=fact,
        )
        seen[key] += 1
        if record in {"gate_result", "order"}:
            last_ns[fact.client_order_id] = ts_ns
    return placed


def is_closing(placed: Placed) -> bool:
    """Whether it is what becomes of orders when a session ends: what is working is dropped or taken back."""
    return placed.record == "parent" or (placed.record == "order" and placed.fact.kind is OrderEventKind.CANCELED)


def _identity(record: str, fact: Any) -> tuple[Any, ...]:
    if record == "risked":
        return (fact.decision.round,)
    if record == "cleared":
        return (fact.risked.decision.round,)
    return tuple(getattr(fact, name) for name in _KEYS[record])


def _time(record: str, fact: Any, last_ns: dict[str, int]) -> int:
    match record:
        case "risked":
            return fact.decision.ts_event
        case "cleared":
            return fact.risked.decision.ts_event
        case "fill_costs":
            return last_ns.get(fact.client_order_id, 0)
        case "failure":
            return LAST_NS
    return getattr(fact, _TIMES.get(record, "ts_event"))

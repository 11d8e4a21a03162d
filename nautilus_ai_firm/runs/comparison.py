"""Two sessions over the same market data -> every difference, each with one cause from a closed list.

Records find their counterparts by what they are about: a round, an agent, a client order id, which are counters and so
the same on both sides. Weights, scores and prices are compared bit by bit, money as exact decimals.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nautilus_ai_firm.gateways.kill_switch import OPEN, KillSwitchState
from nautilus_ai_firm.messages import OrderEventKind
from nautilus_ai_firm.runs.causes import FIELDS, RANK, Cause, cause_of_field, cause_of_missing
from nautilus_ai_firm.runs.placing import LAST_NS, Key, Placed, is_closing, place_facts
from nautilus_ai_firm.runs.session_reading import Entry
from nautilus_ai_firm.runs.wording import Names, same, subject, worded


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two sessions part.

    Attributes
    ----------
    cause : Cause
        The stage.
    round : int
        The round that the firm was in.
    ts_ns : int
        When, nanoseconds UTC.
    text : str
        What differs: then, in the recorded session, and now.

    """

    cause: Cause
    round: int
    ts_ns: int
    text: str

    def __str__(self) -> str:
        """Round and text."""
        return f"round {self.round:,}, {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was compared, and what differs.

    Attributes
    ----------
    rounds, decisions, orders, children, fills : int
        How many the recorded session has; orders are all that went out, children those of them that are slices.
    differences : tuple of Difference
        In the order of time; of every round those of the first stage at which it differs, since the later stages
        follow from it.

    """

    rounds: int
    decisions: int
    orders: int
    children: int
    fills: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two sessions.

    Attributes
    ----------
    placed : dict of Key to Placed
        Its facts.
    market_ns : int
        Time of its last market event.
    silent_ns : int
        From when on it has nothing to say, though the market went on: it was killed, it failed, or it ended while its
        last round was waiting for bars.
    switch : dict of int to KillSwitchState
        State of the kill switch that the risk desk obeyed, by round.

    """

    placed: dict[Key, Placed]
    market_ns: int
    silent_ns: int
    switch: dict[int, KillSwitchState]


def compare(recorded: Iterable[Entry], replayed: Iterable[Entry], names: Names, grace_ns: int = 0) -> Comparison:
    """Compare a recorded session with one that ran again over the market data that it saw.

    A session that was killed is compared as far as it came: what only the replay has after the last recorded market
    event is no difference; whatever was recorded must come again. The same holds after a failure, which is a
    difference itself where it did not come again. What becomes of working orders at the end is not compared.

    Parameters
    ----------
    recorded, replayed : iterable of Entry
        Their records, in order.
    names : Names
        What the places of their arrays stand for.
    grace_ns : int
        How long a round waited for late bars.

    """
    then, now = _side(tuple(recorded), plays_on=False), _side(tuple(replayed), plays_on=True)
    found = [*_differing(then, now, names, grace_ns), *_missing(then, now, grace_ns), *_switched(then, now)]
    return Comparison(**_counts(then), differences=tuple(_first_of_each_round(found)))


def _side(entries: tuple[Entry, ...], *, plays_on: bool) -> _Side:
    """Sort the records of a session; one that `plays_on` lets all alerts fire that its market events have set."""
    market_ns = max((entry.fact.ts_init for entry in entries if entry.record == "market"), default=0)
    whole = not entries or (entries[-1].record == "end" and all(entry.record != "failure" for entry in entries))
    return _Side(
        placed=place_facts(entries),
        market_ns=market_ns,
        silent_ns=market_ns if not whole else LAST_NS if plays_on else market_ns + 2,  # 1 ns for the close of a round
        switch=_obeyed(entries),
    )


def _obeyed(entries: Iterable[Entry]) -> dict[int, KillSwitchState]:
    obeyed: dict[int, KillSwitchState] = {}
    state = OPEN
    for entry in entries:
        if entry.record == "kill_switch":
            state = entry.fact.state
        elif entry.record == "risked":
            obeyed[entry.fact.decision.round] = state
    return obeyed


def _differing(then: _Side, now: _Side, names: Names, grace_ns: int) -> Iterator[Difference]:
    for key, was in then.placed.items():
        found = now.placed.get(key)
        if found is None or (is_closing(was) and _not_before(was, then.market_ns, grace_ns)):
            continue
        parted: list[tuple[Cause, str]] = []
        for name in FIELDS[was.record]:
            cause = cause_of_field(was.record, name, was.fact)
            if cause is None:
                continue
            before, after = getattr(was.fact, name), getattr(found.fact, name)
            if not same(before, after):
                parted.append((cause, worded(name, before, after, names, was.fact)))
        if parted:
            first = min((cause for cause, _ in parted), key=RANK.__getitem__)
            text = "; ".join(words for cause, words in parted if cause is first)
            yield Difference(
                cause=first,
                round=min(was.round, found.round),
                ts_ns=min(_parts_ns(was), _parts_ns(found)),
                text=f"{subject(was)} {text}",
            )


def _missing(then: _Side, now: _Side, grace_ns: int) -> Iterator[Difference]:
    for side, other, words in ((then, now, "then, none now"), (now, then, "now, none then")):
        for key, placed in side.placed.items():
            if key in other.placed or _is_excused(placed, side, other, then.market_ns, grace_ns):
                continue
            yield Difference(
                cause=cause_of_missing(placed.record, placed.fact),
                round=placed.round,
                ts_ns=_parts_ns(placed),
                text=f"{subject(placed)}: {words}",
            )


def _is_excused(placed: Placed, side: _Side, other: _Side, market_ns: int, grace_ns: int) -> bool:
    """Whether the other session need not have this record."""
    if placed.record == "failure":
        return False
    if placed.record == "financing" and placed.ts_ns > side.market_ns:
        return True  # booked with a market event that the journal does not hold any more
    if is_closing(placed) and _not_before(placed, market_ns, grace_ns):
        return True
    return _not_before(placed, other.silent_ns, grace_ns)


def _not_before(placed: Placed, ts_ns: int, grace_ns: int) -> bool:
    """Whether a fact was there only when the firm had heard of an event; a round closes after its time."""
    return placed.ts_ns + 1 + grace_ns >= ts_ns


def _parts_ns(placed: Placed) -> int:
    """When a session that lacks a fact parts from one that has it: a bar is missing from the close of its round on."""
    return placed.fact.ts_event if placed.record == "late_bar" else placed.ts_ns


def _switched(then: _Side, now: _Side) -> Iterator[Difference]:
    for round_, was in then.switch.items():
        state = now.switch.get(round_, was)
        if state != was:
            snapshot = then.placed.get(("snapshot", round_, 0))
            yield Difference(
                cause=Cause.KILL_SWITCH,
                round=round_,
                ts_ns=0 if snapshot is None else snapshot.ts_ns,
                text=f"kill switch: {was} then, {state} now",
            )


def _first_of_each_round(found: Iterable[Difference]) -> Iterator[Difference]:
    ordered = sorted(found, key=lambda one: (one.round, one.ts_ns, RANK[one.cause], one.text))
    first: dict[int, Cause] = {}
    for difference in ordered:
        if first.setdefault(difference.round, difference.cause) is difference.cause:
            yield difference


def _counts(side: _Side) -> Mapping[str, int]:
    facts = side.placed.values()
    orders = [one.fact for one in facts if one.record == "order" and one.fact.kind is OrderEventKind.SUBMITTED]
    return {
        "rounds": sum(one.record == "snapshot" for one in facts),
        "decisions": sum(one.record == "cleared" for one in facts),
        "orders": len(orders),
        "children": sum(order.exec_algorithm is not None for order in orders),
        "fills": sum(one.record == "order" and one.fact.kind is OrderEventKind.FILLED for one in facts),
    }

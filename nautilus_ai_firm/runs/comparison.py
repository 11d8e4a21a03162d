"""Two sessions over the same market data -> every difference, each with one cause from a closed list.

Records find their counterparts by what they are about: a round, an agent, a client order id, which are counters and so
the same on both sides. Weights, scores and prices are compared bit by bit, money as exact decimals.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nautilus_ai_firm.messages import OrderEventKind
from nautilus_ai_firm.runs.causes import FIELDS, LATENT, RANK, Cause, cause_of_field, cause_of_missing
from nautilus_ai_firm.runs.extent import HeardOf, Side, arrivals, is_excused, side_of
from nautilus_ai_firm.runs.placing import Placed, is_closing
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


def compare(
    recorded: Iterable[Entry],
    replayed: Iterable[Entry],
    names: Names,
    grace_ns: int = 0,
    *,
    at_broker: bool = False,
) -> Comparison:
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
    at_broker : bool
        Whether the recorded session was at a broker, who takes time where a simulated venue takes none.

    """
    told = tuple(recorded)
    then, now = side_of(told, plays_on=False), side_of(tuple(replayed), plays_on=True)
    heard_of = HeardOf(opened_ns=arrivals(told, frozenset(names.instruments)), grace_ns=grace_ns)
    differing = _differing(then, now, names, heard_of, at_broker=at_broker)
    found = [*differing, *_missing(then, now, heard_of), *_switched(then, now)]
    return Comparison(**_counts(then), differences=tuple(_first_of_each_round(found)))


def _differing(then: Side, now: Side, names: Names, heard_of: HeardOf, *, at_broker: bool) -> Iterator[Difference]:
    for key, was in then.placed.items():
        found = now.placed.get(key)
        if found is None or (is_closing(was) and heard_of.not_before(was, then.market_ns)):
            continue
        parted: list[tuple[Cause, str]] = []
        for name in FIELDS[was.record]:
            cause = cause_of_field(was.record, name, was.fact)
            if cause is None:
                continue
            before, after = getattr(was.fact, name), getattr(found.fact, name)
            if at_broker and name == "ts_event" and was.record in LATENT:
                cause = Cause.LATENCY
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


def _missing(then: Side, now: Side, heard_of: HeardOf) -> Iterator[Difference]:
    for side, other, words in ((then, now, "then, none now"), (now, then, "now, none then")):
        for key, placed in side.placed.items():
            if key in other.placed or is_excused(placed, side, other, then.market_ns, heard_of):
                continue
            yield Difference(
                cause=cause_of_missing(placed.record, placed.fact),
                round=placed.round,
                ts_ns=_parts_ns(placed),
                text=f"{subject(placed)}: {words}",
            )


def _parts_ns(placed: Placed) -> int:
    """When a session that lacks a fact parts from one that has it: a bar is missing from the close of its round on."""
    return placed.fact.ts_event if placed.record == "late_bar" else placed.ts_ns


def _switched(then: Side, now: Side) -> Iterator[Difference]:
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


def _counts(side: Side) -> Mapping[str, int]:
    facts = side.placed.values()
    orders = [one.fact for one in facts if one.record == "order" and one.fact.kind is OrderEventKind.SUBMITTED]
    return {
        "rounds": sum(one.record == "snapshot" for one in facts),
        "decisions": sum(one.record == "cleared" for one in facts),
        "orders": len(orders),
        "children": sum(order.exec_algorithm is not None for order in orders),
        "fills": sum(one.record == "order" and one.fact.kind is OrderEventKind.FILLED for one in facts),
    }

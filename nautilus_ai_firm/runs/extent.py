"""How far each of two sessions goes -> which of its records the other one need not have."""

from collections.abc import Iterable
from dataclasses import dataclass

from nautilus_trader.model import Bar

from nautilus_ai_firm.gateways.kill_switch import OPEN, KillSwitchState
from nautilus_ai_firm.runs.placing import LAST_NS, Key, Placed, is_closing, place_facts
from nautilus_ai_firm.runs.session_reading import Entry


@dataclass(frozen=True, slots=True)
class Side:
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


@dataclass(frozen=True, slots=True)
class HeardOf:
    """Tells by when the firm has closed a round, at the latest: when the grace is over, or when its first bar comes.

    Attributes
    ----------
    opened_ns : dict of int to int
        By close of a round, arrival of its first bar.
    grace_ns : int
        How long a round waits for late bars.

    """

    opened_ns: dict[int, int]
    grace_ns: int

    def not_before(self, placed: Placed, ts_ns: int) -> bool:
        """Whether a fact may have been there only after an event of this time; facts of a round have its close."""
        return 1 + max(placed.ts_ns + self.grace_ns, self.opened_ns.get(placed.ts_ns, 0)) >= ts_ns


def side_of(entries: tuple[Entry, ...], *, plays_on: bool) -> Side:
    """Sort the records of a session; one that `plays_on` lets all alerts fire that its market events have set."""
    market_ns = max((entry.fact.ts_init for entry in entries if entry.record == "market"), default=0)
    whole = not entries or (entries[-1].record == "end" and all(entry.record != "failure" for entry in entries))
    return Side(
        placed=place_facts(entries),
        market_ns=market_ns,
        silent_ns=market_ns if not whole else LAST_NS if plays_on else market_ns + 2,  # 1 ns for the close of a round
        switch=_obeyed(entries),
    )


def is_excused(placed: Placed, side: Side, other: Side, market_ns: int, heard_of: HeardOf) -> bool:
    """Whether the other session need not have this record."""
    if placed.record == "failure":
        return False
    if placed.record == "financing" and placed.ts_ns > side.market_ns:
        return True  # booked with a market event that the journal does not hold any more
    if is_closing(placed) and heard_of.not_before(placed, market_ns):
        return True
    return heard_of.not_before(placed, other.silent_ns)


def arrivals(entries: Iterable[Entry], instruments: frozenset[str]) -> dict[int, int]:
    """Find when the first bar of each round of these instruments arrived, by its close, nanoseconds UTC."""
    opened_ns: dict[int, int] = {}
    for entry in entries:
        if entry.record == "market" and isinstance(entry.fact, Bar):
            bar = entry.fact
            if str(bar.bar_type.instrument_id) in instruments:
                opened_ns.setdefault(bar.ts_event, bar.ts_init)
    return opened_ns


def _obeyed(entries: Iterable[Entry]) -> dict[int, KillSwitchState]:
    obeyed: dict[int, KillSwitchState] = {}
    state = OPEN
    for entry in entries:
        if entry.record == "kill_switch":
            state = entry.fact.state
        elif entry.record == "risked":
            obeyed[entry.fact.decision.round] = state
    return obeyed

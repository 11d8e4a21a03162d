"""A session and its replay -> what was compared, and where the two part, in plain text."""

from collections import Counter

from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.hosts.replay import Replayed
from nautilus_ai_firm.runs.causes import Cause
from nautilus_ai_firm.runs.comparison import Difference
from nautilus_ai_firm.runs.placing import LAST_NS
from nautilus_ai_firm.runs.session_facts import Host
from nautilus_ai_firm.runs.session_reading import Session

SHOWN = 5
"""Differences that are told in full."""

_AT_A_BROKER = "fills at a broker are the broker's own: a simulated venue fills at the market's prices"


def replay_report(replayed: Replayed) -> str:
    """Write the result of a replay.

    Parameters
    ----------
    replayed : Replayed
        The session and what differs.

    Returns
    -------
    str
        Lines, without a line break at the end.

    """
    found = replayed.comparison.differences
    lines = [_session_line(replayed.session), *_notes(replayed), _compared_line(replayed)]
    if found:
        lines += [f"first difference: {found[0]}", *_table(found), *map(_in_full, found[:SHOWN])]
        if len(found) > SHOWN:
            lines.append(f"  and {len(found) - SHOWN:,} more")
    else:
        lines.append("no difference")
    if replayed.kept is not None:
        lines.append(f"second run     {replayed.kept}")
    return "\n".join(lines)


def _session_line(session: Session) -> str:
    start = session.start
    state = "ended" if session.complete else "not ended: killed, or still under way"
    torn = f", {session.torn_bytes:,} bytes of a torn record dropped" if session.torn else ""
    return f"{start.run_id}: {start.host} session, {len(session.entries):,} records, {state}{torn}"


def _notes(replayed: Replayed) -> list[str]:
    notes = [f"other software: {'; '.join(replayed.changed)}"] if replayed.changed else []
    return [*notes, _AT_A_BROKER] if replayed.session.start.host is Host.IB else notes


def _compared_line(replayed: Replayed) -> str:
    one = replayed.comparison
    if not one.rounds and not one.differences:
        return "nothing to compare: no round had closed"
    return (
        f"compared {one.rounds:,} rounds, {one.decisions:,} decisions, {one.orders:,} orders, "
        f"{one.children:,} of them children, {one.fills:,} fills"
    )


def _table(found: tuple[Difference, ...]) -> list[str]:
    """Count differences by cause, in the order in which a round goes through them."""
    counted = Counter(difference.cause for difference in found)
    rounds = len({difference.round for difference in found})
    return [
        f"{len(found):,} differences in {rounds:,} rounds, of each round those of the first stage that differs:",
        *(f"  {cause:<12}{counted[cause]:>8,}" for cause in Cause if cause in counted),
    ]


def _in_full(difference: Difference) -> str:
    when = f"{utc(difference.ts_ns)} " if 0 < difference.ts_ns < LAST_NS else ""
    return f"  {when}{difference.cause}: {difference}"

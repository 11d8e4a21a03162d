"""An audit -> one table, and in one sentence who knew what too early, and when."""

import textwrap

from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.research.lookahead.audit import Audited, Compared
from nautilus_ai_firm.research.lookahead.findings import Leak, Method
from nautilus_ai_firm.research.outline import aligned

WIDTH = 110
MOST_NAMED = 6
MEANINGS = (
    "truncation: all that was not known at the moment is cut from the market data. perturbation: later prices, figures "
    "and announcements are others. Both: everything said up to the moment must be the same to the bit. fills: each at "
    "an opening price from after its decision, or a closing one from after it was committed to the auction. stamps: no "
    "bar is dated before its end."
)


def lookahead_report(audited: Audited, name: str, seed: int) -> str:
    """Write up an audit.

    Parameters
    ----------
    audited : Audited
        What was found.
    name : str
        The firm.
    seed : int
        Of the audit, so that it can be repeated.

    """
    rounds_ns = audited.rounds_ns
    heads = ("LOOK-AHEAD", "up to", "rounds", "signals", "decisions", "fills", "verdict")
    leak = audited.first_leak
    return "\n".join(
        [
            f"{name}: {utc(rounds_ns[0])} to {utc(rounds_ns[-1])}, {len(rounds_ns):,} rounds, seed {seed}",
            *aligned([heads, *(_row(one) for one in audited.compared)], right=range(2, 6)),
            *textwrap.wrap(MEANINGS, WIDTH),
            "no leak found" if leak is None else leak_line(leak),
        ]
    )


def leak_line(leak: Leak) -> str:
    """Say in one line what leaked first."""
    named = ", ".join(leak.who[:MOST_NAMED])
    more = f" and {len(leak.who) - MOST_NAMED} more" if len(leak.who) > MOST_NAMED else ""
    return (
        f"LEAK: {leak.desk}: {named}{more}, in round {leak.round:,} at {utc(leak.ts_ns)} ({leak.method}: {leak.detail})"
    )


def _row(one: Compared) -> tuple[str, ...]:
    same = "same past" if one.method in {Method.TRUNCATION, Method.PERTURBATION} else "in order"
    return (
        one.method,
        "the end" if one.at_ns is None else utc(one.at_ns),
        f"{one.rounds:,}",
        f"{one.signals:,}",
        f"{one.decisions:,}",
        f"{one.fills:,}",
        same if one.leak is None else f"LEAK in round {one.leak.round:,}: {one.leak.desk}, {one.leak.who[0]}",
    )

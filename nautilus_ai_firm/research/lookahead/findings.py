"""Two lives of a firm -> the first thing that one of them said and the other did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nautilus_ai_firm.research.lookahead.tape import DESKS, Line


class Method(StrEnum):
    """How a leak is looked for."""

    TRUNCATION = "truncation"
    PERTURBATION = "perturbation"
    FILLS = "fills"
    STAMPS = "stamps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Something that was known before it could be.

    Attributes
    ----------
    method : Method
        What showed it.
    ts_ns : int
        When it was first used, nanoseconds UTC.
    round : int
        The round in which it was.
    desk : str
        Where it came in, one of `DESKS`, or `catalog`.
    who : tuple of str
        Agents, inputs or orders there, in order.
    detail : str
        What was compared.

    """

    method: Method
    ts_ns: int
    round: int
    desk: str
    who: tuple[str, ...]
    detail: str


def first_leak(method: Method, whole: Sequence[Line], other: Sequence[Line], detail: str) -> Leak | None:
    """Find where two pasts part: the earliest time, the first desk of the flow, and everyone there who differs.

    Parameters
    ----------
    method : Method
        What made the other past.
    whole, other : sequence of Line
        What was said up to the same moment, in order.
    detail : str
        What was compared, for the reader.

    Returns
    -------
    Leak or None
        None where both are the same.

    """
    differing = sorted(set(whole) ^ set(other))
    if not differing:
        return None
    first = differing[0]
    there = [line for line in differing if (line.ts_ns, line.desk) == (first.ts_ns, first.desk)]
    return Leak(
        method=method,
        ts_ns=first.ts_ns,
        round=first.round,
        desk=DESKS[first.desk],
        who=tuple(sorted({line.who for line in there})),
        detail=detail,
    )

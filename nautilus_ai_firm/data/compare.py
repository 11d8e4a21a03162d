"""Turns two bar series into how well they agree where both have bars."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import Floats, utc
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.manifest import BarRecord

LEAST_MATCH = 0.95
"""Share of matching bars below which two sources do not tell of the same market."""

PRICE_TOLERANCE = 0.001
"""Relative difference up to which two prices match: ten basis points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two series have in common.

    Attributes
    ----------
    left, right : str
        Their names.
    first, last : str
        First and last close of the stretch that both cover, UTC.
    shared : int
        Closes that both have.
    alone : tuple of int
        Closes, in that stretch, of the left and of the right one alone.
    price_match, return_match : float
        Share of all closes in the stretch, of either, at which all four prices, or the returns from close to close,
        differ by at most `PRICE_TOLERANCE`. Series on two bases agree in returns alone.
    worst : tuple of str
        Closes with the largest differences in return.

    """

    left: str
    right: str
    first: str
    last: str
    shared: int
    alone: tuple[int, int]
    price_match: float
    return_match: float
    worst: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Whether the two tell of the same market."""
        return self.return_match >= LEAST_MATCH

    def lines(self) -> list[str]:
        """Say so in a few lines."""
        verdict = "OK" if self.matches else f"WARNING: below {LEAST_MATCH:.0%}"
        alone = f"{self.alone[0]:,} only in the first, {self.alone[1]:,} only in the second"
        return [
            f"{self.left} and {self.right}, {self.first} to {self.last}",
            f"closes    {self.shared:,} shared, {alone}",
            f"prices    {self.price_match:.2%} match within {PRICE_TOLERANCE:.1%}",
            f"returns   {self.return_match:.2%} match within {PRICE_TOLERANCE:.1%}: {verdict}",
            *(f"differs   {line}" for line in self.worst),
        ]


def compare(catalog: Catalog, left: str, right: str, shown: int = 3) -> Comparison:
    """Compare two bar series over the stretch that both cover.

    Parameters
    ----------
    catalog : Catalog
        Where both are.
    left, right : str
        Bar types of one bar size.
    shown : int
        How many of the largest differences to name.

    Raises
    ------
    CatalogError
        If a series is unknown or not of bars, or the two are of different sizes or share no close.

    """
    sizes = [_size(catalog, name) for name in (left, right)]
    if sizes[0] != sizes[1]:
        raise CatalogError(f"{catalog.path}: {left} and {right} are of {' and '.join(sizes)} bars (allowed: one size)")
    one, two = catalog.bar_columns(left), catalog.bar_columns(right)
    start = max(int(one.ts_close_ns[0]), int(two.ts_close_ns[0]))
    end = min(int(one.ts_close_ns[-1]), int(two.ts_close_ns[-1]))
    one, two = (bars.take((bars.ts_close_ns >= start) & (bars.ts_close_ns <= end)) for bars in (one, two))
    times, mine, theirs = np.intersect1d(one.ts_close_ns, two.ts_close_ns, assume_unique=True, return_indices=True)
    if not times.size:
        raise CatalogError(f"{catalog.path}: {left} and {right} share no close (allowed: series that overlap)")
    alone = (len(one) - times.size, len(two) - times.size)
    one, two = one.take(mine), two.take(theirs)
    union = times.size + sum(alone)
    same = np.ones(times.size, dtype=np.bool_)
    for name in ("open", "high", "low", "close"):
        same &= _close_to(getattr(one, name), getattr(two, name))
    gap = np.abs(np.diff(np.log(one.close)) - np.diff(np.log(two.close)))
    agreeing = 1 + int((gap <= PRICE_TOLERANCE).sum())  # the first shared close has no return that could differ
    worst = [int(at) for at in np.argsort(-gap, kind="stable")[:shown] if gap[at] > PRICE_TOLERANCE]
    return Comparison(
        left=left,
        right=right,
        first=utc(start),
        last=utc(end),
        shared=times.size,
        alone=alone,
        price_match=int(same.sum()) / union,
        return_match=agreeing / union,
        worst=tuple(f"{utc(times[at + 1])}: close {one.close[at + 1]} and {two.close[at + 1]}" for at in worst),
    )


def _size(catalog: Catalog, name: str) -> str:
    record = catalog.record(name)
    if not isinstance(record, BarRecord):
        raise CatalogError(f"{catalog.path}: {name} is no series of bars (allowed: a series of bars)")
    return "-".join(name.removeprefix(f"{record.instrument_id}-").split("-")[:2])


def _close_to(one: Floats, two: Floats) -> NDArray[np.bool_]:
    return np.abs(one / two - 1) <= PRICE_TOLERANCE

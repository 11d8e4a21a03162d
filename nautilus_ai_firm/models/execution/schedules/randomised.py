"""TWAP that nobody can read: times and sizes of the slices are drawn, the same ones for the same parent and seed."""

from bisect import bisect_right
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from nautilus_ai_firm.models.execution.schedules.window import Traded, Window


@dataclass(frozen=True, slots=True)
class Randomised:
    """Slice k is due at a time drawn from the first part of interval k, with a size drawn around the equal one.

    The last slice comes on time: after it there may be no market event that could send it.

    Draws come from Philox (Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3), seeded by the run's seed
    and a hash of the parent's id: they depend on nothing else, neither on other parents nor on how often
    somebody asks.

    Attributes
    ----------
    window : Window
        Quantity and time.
    parent_id : str
        Whose draws they are.
    seed : int
        Of the whole run, from 0.
    times : float
        Largest delay of a slice, as a share of its interval, in [0, 1).
    sizes : float
        Largest deviation of a slice from the equal one, as a share of it, in [0, 1).

    Raises
    ------
    ValueError
        A share out of range.

    """

    window: Window
    parent_id: str
    seed: int
    times: float
    sizes: float
    _due_ns: list[int] = field(init=False, repr=False)
    _shares: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Draw."""
        for name in ("times", "sizes"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, allowed is [0, 1)")
        seed = [self.seed, int.from_bytes(sha256(self.parent_id.encode()).digest()[:8], "big")]
        random = np.random.Generator(np.random.Philox(seed))
        at, n = self.window, self.window.slices
        delays = (random.random(n) * self.times * at.interval_ns).astype(np.int64)
        delays[-1] = 0
        sizes = 1 + self.sizes * (2 * random.random(n) - 1)
        shares = np.cumsum(sizes) / sizes.sum()
        starts = at.start_ns + at.interval_ns * np.arange(n, dtype=np.int64)
        object.__setattr__(self, "_due_ns", (starts + delays).tolist())
        object.__setattr__(self, "_shares", [0.0, *shares[:-1].tolist(), 1.0])

    def due(self, now_ns: int, traded: Traded) -> int:  # noqa: ARG002 - volume is none of its business
        """Return the cumulative quantity, whole lots: 0 before the first drawn time, all of it in the last interval."""
        return self.window.share(self._shares[bisect_right(self._due_ns, now_ns)])

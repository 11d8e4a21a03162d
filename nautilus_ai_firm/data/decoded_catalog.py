"""A catalog whose series become objects of the engine once, for all the runs of one process."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, override

from nautilus_trader.model import Bar, CustomData, TradeTick

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.durations import DAY_NS

BLOCK_NS = 64 * DAY_NS
"""Objects are made and kept for stretches of this length: what no run asks for is never made."""

type Read[T] = Callable[[str, int, int], list[T]]


class DecodedCatalog(Catalog):
    """Gives the same objects as `Catalog`, and makes each of them once.

    The engine copies what it is given and nothing changes a bar, a tick or a figure, so runs may share them. What was
    made stays: this is for many runs over the same stretch of data, not for one run over all of it.

    Parameters
    ----------
    path : Path or str
        Folder of the catalog.

    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self._blocks: dict[tuple[str, str, int], Sequence[Any]] = {}

    @override
    def _bars_between(self, name: str, start_ns: int, end_ns: int) -> list[Bar]:
        return self._kept("bars", super()._bars_between, name, start_ns, end_ns)

    @override
    def _ticks_between(self, name: str, start_ns: int, end_ns: int) -> list[TradeTick]:
        return self._kept("ticks", super()._ticks_between, name, start_ns, end_ns)

    @override
    def _observations_between(self, name: str, start_ns: int, end_ns: int) -> list[CustomData]:
        return self._kept("observations", super()._observations_between, name, start_ns, end_ns)

    def _kept[T](self, kind: str, read: Read[T], name: str, start_ns: int, end_ns: int) -> list[T]:
        found: list[T] = []
        for number in range(start_ns // BLOCK_NS, end_ns // BLOCK_NS + 1):
            key = (kind, name, number)
            if key not in self._blocks:
                self._blocks[key] = read(name, number * BLOCK_NS, (number + 1) * BLOCK_NS - 1)
            block = self._blocks[key]
            found += block[bisect_left(block, start_ns, key=_known) : bisect_right(block, end_ns, key=_known)]
        return found


def _known(data: Any) -> int:
    return data.ts_init

"""What a run asks of whatever its market data come from: the catalog, or the journal of a session."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from nautilus_ai_firm.data.objects import Instrument
from nautilus_ai_firm.data.quotes import NOTHING, Beside
from nautilus_ai_firm.data.window import Window


class Checksummed(Protocol):
    """A series, as far as a run vouches for it."""

    @property
    def sha256(self) -> str:
        """Checksum of the series."""
        ...


class MarketSource(Protocol):
    """Where the market data of a run come from: a catalog, or what takes its place when a session runs again.

    Every method is that of `Catalog`.
    """

    def sha256(self) -> str:
        """Checksum of all series."""
        ...

    def names(self) -> list[str]:
        """Names of all series, sorted."""
        ...

    def record(self, name: str) -> Checksummed:
        """Return what is known of one series."""
        ...

    def instruments(self, bar_type_ids: Iterable[str]) -> list[Instrument]:
        """Instruments of bar series, in their order, each once."""
        ...

    def last_close_before(self, bar_type_ids: Iterable[str], ts_ns: int) -> int:
        """Latest bar close strictly before `ts_ns`; 0 if there is none."""
        ...

    def window(
        self,
        bar_type_ids: Sequence[str],
        inputs: Sequence[str],
        start_ns: int,
        end_ns: int,
        beside: Beside = NOTHING,
    ) -> Window:
        """All that the engine receives from `start_ns` to `end_ns`."""
        ...

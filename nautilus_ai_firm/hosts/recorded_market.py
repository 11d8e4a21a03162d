"""What a session wrote down of its market -> what takes the place of the catalog when it runs again."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from nautilus_trader import model
from nautilus_trader.model import Bar, BarType, CustomData, QuoteTick, TradeTick
from numpy.typing import NDArray

from nautilus_ai_firm.data.objects import Instrument
from nautilus_ai_firm.data.quotes import NOTHING, Beside
from nautilus_ai_firm.data.window import Window
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.session_facts import Start
from nautilus_ai_firm.runs.session_reading import Session

INSTRUMENTS = ("Equity", "IndexInstrument", "FuturesContract", "OptionContract", "CurrencyPair")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSeries:
    """A series of the catalog that the session ran on."""

    sha256: str


class RecordedMarket:
    """The market events of a session by time of arrival, and the instruments that they are of.

    Parameters
    ----------
    session : Session
        What was recorded.

    Raises
    ------
    RunError
        An instrument or a kind of market data that a backtest of the firm cannot be given: names file and record.

    """

    def __init__(self, session: Session) -> None:
        self._start: Start = session.start
        self._instruments = {
            str(instrument.id): instrument
            for instrument in (_instrument(raw, f"{session.path}:1") for raw in session.start.instruments)
        }
        self._bars: list[Bar] = []
        self._ticks: list[TradeTick] = []
        self._observations: list[CustomData] = []
        self._quotes: list[QuoteTick] = []
        self._kinds: tuple[tuple[type, list[Any]], ...] = (
            (Bar, self._bars),
            (TradeTick, self._ticks),
            (CustomData, self._observations),
            (QuoteTick, self._quotes),
        )
        for number, entry in enumerate(session.entries, start=1):
            if entry.record == "market":
                self._list_for(entry.fact, f"{session.path}:{number}").append(entry.fact)
        for _, events in self._kinds:
            events.sort(key=_arrival)  # stable: those of one time stay in the order in which they came

    @property
    def last_ns(self) -> int:
        """Arrival of the last event, nanoseconds UTC; 0 where there is none."""
        return max((events[-1].ts_init for _, events in self._kinds if events), default=0)

    def rounds_ns(self, bar_types: Iterable[BarType]) -> NDArray[np.int64]:
        """Find the closes of the rounds that these bars open; a bar that came after a later one opens none."""
        traded = frozenset(bar_types)
        closes = np.array([bar.ts_event for bar in self._bars if bar.bar_type in traded], dtype=np.int64)
        return np.unique(np.maximum.accumulate(closes)) if len(closes) else closes

    def sha256(self) -> str:
        """Checksum of the catalog that the session ran on."""
        return self._start.catalog_sha256

    def names(self) -> list[str]:
        """Names of all series of that catalog."""
        return sorted(self._start.series)

    def record(self, name: str) -> RecordedSeries:
        """Return what the journal says of one series of that catalog."""
        return RecordedSeries(sha256=self._start.series[name])

    def instruments(self, bar_type_ids: Iterable[str]) -> list[Instrument]:
        """Instruments of bar series, in their order, each once.

        Raises
        ------
        RunError
            The journal has no such instrument.

        """
        wanted = dict.fromkeys(str(BarType.from_str(name).instrument_id) for name in bar_type_ids)
        for name in wanted:
            if name not in self._instruments:
                raise RunError(f"{self._start.run_id}: the journal of the session has no instrument {name}")
        return [self._instruments[name] for name in wanted]

    def contracts(self) -> list[Instrument]:
        """Return the option contracts of the chains.

        Raises
        ------
        RunError
            One of them cannot be read.

        """
        return [_instrument(raw, f"{self._start.run_id}: start") for raw in self._start.contracts]

    def last_close_before(self, bar_type_ids: Iterable[str], ts_ns: int) -> int:  # noqa: ARG002 - as `Catalog` has it
        """Return 0: whatever the session saw as its market belongs to its rounds."""
        return 0

    def window(
        self,
        bar_type_ids: Sequence[str],  # noqa: ARG002 - every event is given, whatever series it is of
        inputs: Sequence[str],  # noqa: ARG002 - as above
        start_ns: int,
        end_ns: int,
        beside: Beside = NOTHING,  # noqa: ARG002 - as above
    ) -> Window:
        """All that the session saw from `start_ns` to `end_ns`, both included."""
        return Window(
            bars=_between(self._bars, start_ns, end_ns),
            opening_ticks=_between(self._ticks, start_ns, end_ns),
            observations=_between(self._observations, start_ns, end_ns),
            quotes=_between(self._quotes, start_ns, end_ns),
        )

    def _list_for(self, event: Any, where: str) -> list[Any]:
        for kind, events in self._kinds:
            if isinstance(event, kind):
                return events
        allowed = ", ".join(kind.__name__ for kind, _ in self._kinds)
        raise RunError(f"{where}: {type(event).__name__} (allowed in a replay: {allowed})")


def _instrument(raw: dict[str, Any], where: str) -> Instrument:
    kind = raw.get("type")
    if kind not in INSTRUMENTS:
        raise RunError(f"{where}: instrument {raw.get('id')} of type {kind!r} (allowed: {', '.join(INSTRUMENTS)})")
    try:
        return getattr(model, kind).from_dict(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{where}: instrument {raw.get('id')}: {type(error).__name__}: {error}") from None


def _between[T: (Bar, TradeTick, CustomData, QuoteTick)](events: list[T], start_ns: int, end_ns: int) -> list[T]:
    return events[bisect_left(events, start_ns, key=_arrival) : bisect_right(events, end_ns, key=_arrival)]


def _arrival(event: Any) -> int:
    return event.ts_init

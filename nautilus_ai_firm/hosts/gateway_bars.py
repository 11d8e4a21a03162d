"""What a series lacks up to now -> requests to the broker's gateway -> columns with the calendar's times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.data.columns import BarColumns, utc
from nautilus_ai_firm.data.manifest import Adjustment
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.sessions import Dates, Sessions
from nautilus_ai_firm.data.synthetic import BarSize, bar_times
from nautilus_ai_firm.durations import DAY_NS, SECOND_NS
from nautilus_ai_firm.gateways.errors import HistoryError
from nautilus_ai_firm.gateways.ib_bars import BarLength, Contract, HistoryBar, HistoryRequest, What

DAYS_OF_A_YEAR = 365  # more days than that the broker wants written in years
LENGTHS: dict[BarSize, tuple[BarLength, int]] = {
    "1-DAY": ("1 day", 3650),
    "1-HOUR": ("1 hour", 30),
    "1-MINUTE": ("1 min", 5),
}
"""What the broker calls a bar, and the days of one request: "only a few thousand bars" at a time."""

SHOWN: dict[Adjustment, What] = {"raw": "TRADES", "split": "TRADES", "total_return": "ADJUSTED_LAST"}
"""Which of the broker's prices have the returns of a series: its trades are adjusted for splits, up to today."""

INDEX_MARK = "^"

type Ask = Callable[[HistoryRequest], list[HistoryBar]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Bars that are wanted of the gateway.

    Attributes
    ----------
    name : str
        Of the series, for messages.
    contract : Contract
        What the broker calls the instrument.
    bar : str
        Size of the bars: `1-DAY`, `1-HOUR` or `1-MINUTE`.
    adjustment : str
        Basis of the series that the bars are to continue.
    start_ns, now_ns : int
        From the start of the first bar to the close of the last, nanoseconds UTC.

    """

    name: str
    contract: Contract
    bar: BarSize
    adjustment: Adjustment
    start_ns: int
    now_ns: int


def broker_contract(identity: InstrumentId) -> Contract:
    """Name an instrument as the broker does: `AAPL.NASDAQ` is a share, `^SPX.CBOE` an index, `BRK-B` has a space."""
    symbol, venue = str(identity.symbol), str(identity.venue)
    if symbol.startswith(INDEX_MARK):
        return Contract(symbol=symbol.removeprefix(INDEX_MARK), security_type="IND", exchange=venue)
    return Contract(symbol=symbol.replace("-", " "), primary_exchange=venue)


def gateway_bars(wanted: Wanted, sessions: Sessions, ask: Ask) -> BarColumns:
    """Ask for bars that have closed, each once, ascending.

    Parameters
    ----------
    wanted : Wanted
        Which.
    sessions : Sessions
        Of the exchange, from before the first bar until now.
    ask : callable
        Asks the gateway for one stretch.

    Raises
    ------
    HistoryError
        The gateway has none; has one that the calendar does not know; or more days are wanted of adjusted bars than one
        request gives.
    DataError
        A bar that no market can have made.

    """
    dates, opens_ns, closes_ns = _calendar(wanted.bar, sessions)
    found: dict[int, HistoryBar] = {}
    for request in requests(wanted):
        for bar in ask(request):
            if int(bar.date) < dates[0]:
                continue  # the broker counts days with trading and whole years, and so gives more than was asked for
            place = int(np.searchsorted(dates, int(bar.date)))
            if place == len(dates) or dates[place] != int(bar.date):
                raise HistoryError(
                    f"{wanted.name}: the gateway has a bar of {bar.date} (allowed: the bars of the calendar "
                    f"{sessions.calendar})"
                )
            if opens_ns[place] >= wanted.start_ns and closes_ns[place] <= wanted.now_ns:
                found[place] = bar
    if not found:
        raise HistoryError(
            f"{wanted.name}: the gateway has no bars from {utc(wanted.start_ns)} to {utc(wanted.now_ns)} (allowed: an "
            "instrument that the broker has bars of)"
        )
    places = np.array(sorted(found))
    bars = [found[place] for place in places.tolist()]
    columns = BarColumns(
        ts_open_ns=opens_ns[places],
        ts_close_ns=closes_ns[places],
        open=np.array([bar.open for bar in bars]),
        high=np.array([bar.high for bar in bars]),
        low=np.array([bar.low for bar in bars]),
        close=np.array([bar.close for bar in bars]),
        volume=np.array([max(bar.volume, 0.0) for bar in bars]),  # -1 is how the broker says that there is none
    )
    check_bars(columns, f"{wanted.name} at the gateway")
    return columns


def requests(wanted: Wanted) -> Iterator[HistoryRequest]:
    """Cut what is wanted into requests, oldest first; the broker counts days with trading, so each holds enough.

    Raises
    ------
    HistoryError
        More days are wanted of adjusted bars than one request gives, since the broker gives those only up to now.

    """
    length, most_days = LENGTHS[wanted.bar]
    days = -(-(wanted.now_ns - wanted.start_ns) // DAY_NS)
    request = HistoryRequest(
        contract=wanted.contract, length=length, duration=_duration(days), what=SHOWN[wanted.adjustment]
    )
    if request.what == "ADJUSTED_LAST":
        if days > most_days:
            raise HistoryError(
                f"{wanted.name}: {days} days are missing (allowed: {most_days} of adjusted {wanted.bar} bars; bring "
                "the catalog up to date)"
            )
        yield request
        return
    end_ns = wanted.start_ns
    while end_ns < wanted.now_ns:
        begin_ns, end_ns = end_ns, min(end_ns + most_days * DAY_NS, wanted.now_ns)
        yield replace(request, duration=_duration(-(-(end_ns - begin_ns) // DAY_NS)), end=_written(end_ns))


def asked_size(bar: str) -> BarSize:
    """Return a size of bars that the broker is asked for.

    Raises
    ------
    HistoryError
        It is asked for no such size here.

    """
    for size in LENGTHS:
        if bar == size:
            return size
    raise HistoryError(f"market.bar is {bar} (allowed at the broker: {', '.join(LENGTHS)})")


def holes(columns: BarColumns, sessions: Sessions, now_ns: int) -> Dates:
    """List the sessions, from the first bar to now, that are over and have no bar."""
    over = (sessions.opens_ns >= columns.ts_open_ns[0]) & (sessions.closes_ns <= now_ns)
    there = np.isin(np.flatnonzero(over), sessions.session_index(columns.ts_close_ns))
    return sessions.dates[np.flatnonzero(over)[~there]]


def refuse_holes(wanted: Wanted, columns: BarColumns, sessions: Sessions) -> None:
    """Refuse bars that leave out a session: what follows from them would be learned from another market.

    Raises
    ------
    HistoryError
        Naming the first session, from the first bar to now, that is over and has no bar.

    """
    missing = holes(columns, sessions, wanted.now_ns)
    if len(missing):
        raise HistoryError(
            f"{wanted.name}: neither catalog nor gateway has a bar of {missing[0]} (allowed: bars of every session up "
            "to now)"
        )


def _calendar(bar: BarSize, sessions: Sessions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how the broker dates each bar, with its start and close: a day by its date, others by their start."""
    opens_ns, closes_ns = bar_times(sessions, bar)
    if bar != "1-DAY":
        return opens_ns // SECOND_NS, opens_ns, closes_ns
    return np.array([int(str(day).replace("-", "")) for day in sessions.dates]), opens_ns, closes_ns


def _duration(days: int) -> str:
    return f"{days} D" if days <= DAYS_OF_A_YEAR else f"{-(-days // DAYS_OF_A_YEAR)} Y"


def _written(ts_ns: int) -> str:
    return f"{datetime.fromtimestamp(-(-ts_ns // SECOND_NS), UTC):%Y%m%d-%H:%M:%S}"

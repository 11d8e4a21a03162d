"""Bars of the past, kept up to date for who wants that, and counted as the broker counts such requests."""

import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.faults.gateway.faults import Faults
from tests.faults.gateway.market import Market
from tests.faults.gateway.messages import make
from tests.faults.gateway.session import Handler, Session
from tests.faults.gateway.tape import Bar, Trade

DAY_S = 86_400
UNITS_S = {"S": 1, "D": DAY_S, "W": 7 * DAY_S, "M": 31 * DAY_S, "Y": 366 * DAY_S}
LENGTHS_S = {
    "5 secs": 5, "1 min": 60, "2 mins": 120, "5 mins": 300, "15 mins": 900, "30 mins": 1_800, "1 hour": 3_600,
    "1 day": DAY_S,
}  # fmt: skip
AS_SECONDS = 2  # the date format of a client that wants seconds since 1970
HISTORY_ERROR, NO_SUCH_STOCK, NOT_VALID = 162, 200, 321
MOST_REQUESTS, WINDOW_S, IDENTICAL_S = 60, 600, 15


@dataclass(frozen=True, slots=True, eq=False)
class Following:
    """Who follows the bars of a stock."""

    session: Session
    number: int
    symbol: str
    length_s: int
    date_format: int


class HistoryDesk:
    """Answers from the market's bars.

    Parameters
    ----------
    market : Market
        Where the bars are.
    faults : Faults
        Whether requests are paced.

    """

    def __init__(self, market: Market, faults: Faults) -> None:
        self._market, self._faults = market, faults
        self._following: list[Following] = []
        self._asked: deque[tuple[float, bytes]] = deque()

    @property
    def handlers(self) -> dict[str, Handler]:
        return {"HistoricalDataRequest": self._history, "CancelHistoricalData": self._cancel}

    def leave(self, session: Session) -> None:
        self._following = [one for one in self._following if one.session is not session]

    def tell_trade(self, trade: Trade) -> None:
        """Tell who follows how the growing bar stands."""
        for one in self._following:
            if one.symbol == trade.symbol:
                bar = _message(self._market.bars(one.symbol, one.length_s)[-1], one.date_format, one.length_s)
                one.session.send(make("HistoricalDataUpdate", reqId=one.number, historicalDataBar=bar))

    def follows(self, symbol: str) -> bool:
        return any(one.symbol == symbol for one in self._following)

    def _history(self, session: Session, request: Any) -> None:
        number, length_s = request.reqId, LENGTHS_S.get(request.barSizeSetting)
        stock = self._market.find(request.contract)
        if stock is None:
            session.error(number, NO_SUCH_STOCK, "No security definition has been found for the request")
        elif length_s is None:
            session.error(number, NOT_VALID, f"bar size {request.barSizeSetting} is not served here")
        elif self._too_fast(request):
            text = "Historical Market Data Service error message:Historical data request pacing violation"
            session.error(number, HISTORY_ERROR, text)
        else:
            self._answer(session, request, stock.symbol, length_s)

    def _answer(self, session: Session, request: Any, symbol: str, length_s: int) -> None:
        end_s = _seconds(request.endDateTime)
        start_s = end_s - _duration(request.duration)
        bars = [bar for bar in self._market.bars(symbol, length_s) if start_s <= bar.time_s < end_s]
        if not bars and not request.keepUpToDate:
            text = "Historical Market Data Service error message:HMDS query returned no data"
            session.error(request.reqId, HISTORY_ERROR, f"{text}: {symbol}@SMART Trades")
            return
        messages = [_message(bar, request.formatDate, length_s) for bar in bars]
        session.send(make("HistoricalData", reqId=request.reqId, historicalDataBars=messages))
        session.send(
            make("HistoricalDataEnd", reqId=request.reqId, startDateStr=_written(start_s), endDateStr=_written(end_s))
        )
        if request.keepUpToDate:
            self._following.append(Following(session, request.reqId, symbol, length_s, request.formatDate))

    def _too_fast(self, request: Any) -> bool:
        if not self._faults.paced:
            return False
        now, what = time.monotonic(), _apart_from_number(request)
        while self._asked and now - self._asked[0][0] > WINDOW_S:
            self._asked.popleft()
        same = any(then > now - IDENTICAL_S and asked == what for then, asked in self._asked)
        self._asked.append((now, what))
        return same or len(self._asked) > MOST_REQUESTS

    def _cancel(self, session: Session, request: Any) -> None:
        gone = (session, request.reqId)
        self._following = [one for one in self._following if (one.session, one.number) != gone]


def _apart_from_number(request: Any) -> bytes:
    copy = make("HistoricalDataRequest")
    copy.CopyFrom(request)
    copy.ClearField("reqId")
    return copy.SerializeToString(deterministic=True)


def _message(bar: Bar, date_format: int, length_s: int) -> Any:
    if length_s >= DAY_S:
        date = f"{datetime.fromtimestamp(bar.time_s, UTC):%Y%m%d}"
    else:
        date = str(bar.time_s) if date_format == AS_SECONDS else _written(bar.time_s)
    return make(
        "HistoricalDataBar", date=date, open=float(bar.open), high=float(bar.high), low=float(bar.low),
        close=float(bar.close), volume=str(bar.volume), WAP=str(bar.close), barCount=bar.count,
    )  # fmt: skip


def _written(time_s: int) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y%m%d %H:%M:%S} UTC"


def _seconds(text: str) -> int:
    """Read an end: nothing is now, else a UTC time in either way of writing it."""
    if not text:
        return int(time.time()) + 1
    digits = text.removesuffix(" UTC").removesuffix("Z").replace("-", " ")
    return int(datetime.strptime(digits, "%Y%m%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def _duration(text: str) -> int:
    number, unit = text.split()
    return int(number) * UNITS_S[unit]

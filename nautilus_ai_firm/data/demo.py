"""Turns price histories that pip installs (`bokeh_sampledata`, `arch`) into the demonstration catalog.

What the sources hold, checked against exchange volumes: `bokeh_sampledata` carries Quandl WIKI prices, open to close as
traded, with an adjusted close for splits and dividends up to March 2018. Its volume is as traded (AAPL doubles over
the 2:1 split of 2005-02-28 although its adjusted price does not move), except for GOOG, whose volume already counts
the shares of the 2014 class C distribution. So the splits below are applied to volume here, once, and none to GOOG.
"""

import hashlib
import importlib
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
import pandas as pd

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, Floats, ObservationColumns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.publication import daily_in_weekly_report, monthly
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.sessions import Dates, Sessions
from nautilus_ai_firm.durations import DAY_NS

CALENDAR = "XNYS"  # NASDAQ keeps the same hours and holidays

STOCKS = MappingProxyType({"AAPL": "AAPL.US", "IBM": "IBM.US", "MSFT": "MSFT.US", "GOOG": "GOOG.US"})
"""Tradable: name in the source and instrument."""

INDICES = MappingProxyType({"sp500": "SPX.INDEX", "nasdaq": "IXIC.INDEX"})
"""Looked at, not traded: name in the source and instrument."""

WTI = "wti"
CREDIT_SPREAD = "credit_spread"
BAR = "1-DAY"

_ARCH_NAMES = MappingProxyType({"sp500": "sp500", "nasdaq": "nasdaq", WTI: "wti", CREDIT_SPREAD: "default"})

SPLITS_OF_VOLUME = MappingProxyType(
    {
        "AAPL": ((date(2000, 6, 21), 2.0), (date(2005, 2, 28), 2.0), (date(2014, 6, 9), 7.0)),
        "MSFT": ((date(2003, 2, 18), 2.0),),
    }
)
"""First day at the new share count and new shares per old one, for splits that the source's volume does not count."""

_STOCKS_AS_OF = "2018-03-27"  # last day of Quandl WIKI, whose snapshot the adjusted closes are
_MACRO_LEAD_NS = 365 * DAY_NS  # macro figures from a year before the first bar, so that inputs are known from the start


@dataclass(frozen=True, slots=True)
class DemoSources:
    """What the sources hold, before anything is computed; cut every frame at one date to truncate history.

    Attributes
    ----------
    frames : dict of str to DataFrame
        Indexed by date. Of `STOCKS`: open, high, low, close, volume, adj_close. Of `INDICES`: Open, High, Low, Close,
        Volume. `wti`: one column in USD per barrel. `credit_spread`: AAA and BAA in percent a year.

    """

    frames: dict[str, pd.DataFrame]


def load_sources() -> DemoSources:
    """Read the installed sources.

    Raises
    ------
    DataError
        If they are not installed.

    """
    try:
        stocks = importlib.import_module("bokeh_sampledata.stocks")
        modules = {name: importlib.import_module(f"arch.data.{source}") for name, source in _ARCH_NAMES.items()}
    except ModuleNotFoundError as error:
        raise DataError(f"{error.name} is not installed: pip install 'nautilus_ai_firm[demo]'") from error
    frames: dict[str, pd.DataFrame] = {}
    for name in STOCKS:
        frame = pd.DataFrame(getattr(stocks, name))
        frames[name] = frame.set_index(pd.to_datetime(frame.pop("date")))
    for name, module in modules.items():
        frames[name] = module.load()
    return DemoSources(frames)


def write_demo(catalog: Catalog, sources: DemoSources) -> dict[str, bool]:
    """Write the demonstration catalog over the dates that all stocks share, all of it or nothing.

    Parameters
    ----------
    catalog : Catalog
        Where to.
    sources : DemoSources
        From what: `load_sources()`, or the same with every frame cut at a date.

    Returns
    -------
    dict of str to bool
        Every series by name, and whether it was written (False: the catalog held it already).

    Raises
    ------
    DataError
        If the sources hold what no market can have made, or share no dates.

    """
    stocks = [sources.frames[name] for name in STOCKS]
    if any(frame.empty for frame in stocks):
        raise DataError(f"a stock of the demonstration ({', '.join(STOCKS)}) has no rows (allowed: at least 1)")
    first, last = max(frame.index[0] for frame in stocks), min(frame.index[-1] for frame in stocks)
    sessions = Sessions.between(CALENDAR, _midnight_ns(first), _midnight_ns(last))
    written: dict[str, bool] = {}
    with catalog.update() as update:
        for name, instrument_id in STOCKS.items():
            frame = sources.frames[name].loc[first:last]
            factor = _column(frame, "adj_close") / _column(frame, "close")
            bars = _session_bars(frame, sessions, name).adjusted(factor, 1 / _new_shares(name, _dates(frame)))
            provenance = Provenance(
                source=f"bokeh_sampledata.stocks.{name} (Quandl WIKI)",
                licence="public domain",
                source_sha256=_frame_sha256(frame),
                adjustment="total_return",
                as_of=_STOCKS_AS_OF,
            )
            listing = Listing(instrument_class="Equity", tradable=True, calendar=CALENDAR)
            written[bar_type_id(instrument_id, BAR)] = update.add_bars(instrument_id, BAR, bars, listing, provenance)
        for name, instrument_id in INDICES.items():
            frame = sources.frames[name].loc[first:last]
            bars = _session_bars(frame.rename(columns=str.lower), sessions, name)
            listing = Listing(instrument_class="IndexInstrument", tradable=False, calendar=CALENDAR)
            provenance = _arch_provenance(name, "Yahoo Finance", frame)
            written[bar_type_id(instrument_id, BAR)] = update.add_bars(instrument_id, BAR, bars, listing, provenance)
        known_from = _midnight_ns(first) - _MACRO_LEAD_NS
        for name, unit, publisher, observe in (
            (WTI, "USD per barrel", "EIA over FRED", wti_observations),
            (CREDIT_SPREAD, "fraction per year", "Moody's over FRED", credit_spread_observations),
        ):
            frame = sources.frames[name]
            observations = observe(frame)
            published = observations.ts_init_ns
            used = (published >= known_from) & (published <= sessions.close_of(_dates(stocks[0].loc[[last]]))[0])
            written[name] = update.add_observations(
                name, unit, CALENDAR, observations.take(used), _arch_provenance(name, publisher, frame)
            )
    return written


def wti_observations(frame: pd.DataFrame) -> ObservationColumns:
    """Compute the daily spot price of WTI crude, known a week later; days without a quotation are left out."""
    quoted = frame.dropna()
    ts_event, ts_init = daily_in_weekly_report(_dates(quoted))
    return ObservationColumns(
        ts_event_ns=ts_event,
        ts_init_ns=ts_init,
        value=quoted.iloc[:, 0].to_numpy(dtype=float),
        source="EIA; by rule, its weekly report has a day's price a week later",
    )


def credit_spread_observations(frame: pd.DataFrame) -> ObservationColumns:
    """Compute Moody's BAA yield less AAA yield, as a fraction a year, known in the month after its own."""
    ts_event, ts_init = monthly(_dates(frame), CALENDAR)
    spread = (_column(frame, "BAA") - _column(frame, "AAA")) / 100
    return ObservationColumns(
        ts_event_ns=ts_event,
        ts_init_ns=ts_init,
        value=spread,
        source="Moody's over FRED; by rule, known on the third session of the next month",
    )


def _session_bars(frame: pd.DataFrame, sessions: Sessions, name: str) -> BarColumns:
    dates = _dates(frame)
    opens = sessions.open_of(dates)
    if (opens == 0).any():
        raise DataError(f"{name}: {dates[int(np.argmin(opens != 0))]} is no session of {sessions.calendar}")
    bars = BarColumns(
        ts_open_ns=opens,
        ts_close_ns=sessions.close_of(dates),
        open=_column(frame, "open"),
        high=_column(frame, "high"),
        low=_column(frame, "low"),
        close=_column(frame, "close"),
        volume=_column(frame, "volume"),
    )
    check_bars(bars, name)
    return bars


def _new_shares(name: str, dates: Dates) -> Floats:
    """Shares that one share of each date has become."""
    shares = np.ones(len(dates))
    for day, ratio in SPLITS_OF_VOLUME.get(name, ()):
        shares[dates < np.datetime64(day, "D")] *= ratio
    return shares


def _arch_provenance(name: str, publisher: str, frame: pd.DataFrame) -> Provenance:
    return Provenance(
        source=f"arch.data.{_ARCH_NAMES[name]} ({publisher})",
        licence="NCSA (arch)",
        source_sha256=_frame_sha256(frame),
        adjustment="raw",
        as_of=str(_dates(frame)[-1]),
    )


def _dates(frame: pd.DataFrame) -> Dates:
    return frame.index.to_numpy().astype("datetime64[D]")


def _midnight_ns(day: pd.Timestamp) -> int:
    return int(day.as_unit("ns").value)


def _column(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64)


def _frame_sha256(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv().encode()).hexdigest()

"""Turns the bid and ask bars of an instrument into the last quote of each round.

A quote is what the bid bar and the ask bar of one close say: their close prices, and as sizes their volumes, which are
the quantities quoted at the close. A side without a bar is not quoted.
"""

from dataclasses import dataclass

import numpy as np
from nautilus_trader.model import CustomData

from nautilus_ai_firm.data.best_quote import best_quote
from nautilus_ai_firm.data.columns import BarColumns, Floats, Times


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSeries:
    """Where the quotes of one instrument stand.

    Attributes
    ----------
    instrument_id : str
        Whose quotes they are.
    bid, ask : str or None
        Bar types of its two sides; None for one that is never quoted.
    two_sided : bool
        Whether a quote of one side alone is none.

    """

    instrument_id: str
    bid: str | None
    ask: str | None
    two_sided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is looked at beside bars and inputs.

    Attributes
    ----------
    quotes : tuple of QuoteSeries
        Instruments whose quotes are delivered.
    events : tuple of str
        Series of scheduled events.

    """

    quotes: tuple[QuoteSeries, ...] = ()
    events: tuple[str, ...] = ()


NOTHING = Beside()


def last_quotes(series: QuoteSeries, bid: BarColumns, ask: BarColumns, closes_ns: Times) -> list[CustomData]:
    """Pick the last quote of each round, and the last one after all of them.

    Nobody reads the others: a snapshot has the last quote up to its close.

    Parameters
    ----------
    series : QuoteSeries
        Whose quotes they are.
    bid, ask : BarColumns
        Bars of the two sides inside one window.
    closes_ns : ndarray of shape (n_rounds,)
        Closes of the rounds inside the window, ascending, nanoseconds UTC.

    """
    quoted = np.intersect1d if series.two_sided else np.union1d
    times = quoted(bid.ts_close_ns, ask.ts_close_ns)
    rounds = np.searchsorted(closes_ns, times, side="left")  # a quote at a close belongs to its round
    chosen = times[np.append(rounds[1:] != rounds[:-1], True)] if len(times) else times
    columns = (
        _at(chosen, bid, bid.close),
        _at(chosen, ask, ask.close),
        _at(chosen, bid, bid.volume),
        _at(chosen, ask, ask.volume),
        chosen,
    )
    return [best_quote(series.instrument_id, *row) for row in zip(*(each.tolist() for each in columns), strict=True)]


def _at(times: Times, bars: BarColumns, values: Floats) -> Floats:
    """Value of the bar that closes at each time; NaN where there is none."""
    if not len(bars):
        return np.full(len(times), np.nan)
    index = np.minimum(np.searchsorted(bars.ts_close_ns, times), len(bars) - 1)
    return np.where(bars.ts_close_ns[index] == times, values[index], np.nan)

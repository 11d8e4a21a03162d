"""Turns raw columns of market data into checked ones: what no series may hold is refused with file, row and value."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.errors import DataError

type Floats = NDArray[np.float64]
type Times = NDArray[np.int64]
type Rows = NDArray[np.int64]

PRICE_PRECISION = 4
"""Decimals of every price in the catalog: adjusted prices need more than the cent they were traded in."""

_MAX_PRICE = 1e9  # far above any quoted price, and exact as a float at four decimals
_MAX_VOLUME = 1e13  # below the engine's largest quantity


class _Columns:
    """Arrays of equal length, read-only from the start."""

    __slots__ = ()

    def __post_init__(self) -> None:
        lengths: set[int] = set()
        for field in fields(self):  # pyright: ignore[reportArgumentType] - only dataclasses derive from this
            array = np.array(getattr(self, field.name), dtype=np.int64 if field.name.startswith("ts_") else np.float64)
            array.flags.writeable = False
            object.__setattr__(self, field.name, array)
            lengths.add(array.size)
        if len(lengths) > 1:
            raise DataError(f"columns of {sorted(lengths)} rows (allowed: equal lengths)")

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # pyright: ignore[reportArgumentType] - as above

    def take(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Self:
        """Rows of a mask, of indices or of a slice."""
        columns = {field.name: getattr(self, field.name)[which] for field in fields(self)}  # pyright: ignore[reportArgumentType] - as above
        return type(self)(**columns)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarColumns(_Columns):
    """A bar series as columns.

    Attributes
    ----------
    ts_open_ns, ts_close_ns : ndarray of shape (n_bars,)
        Start and close of each bar, nanoseconds UTC; a daily bar is its exchange session.
    open, high, low, close : ndarray of shape (n_bars,)
        Prices in the currency of the instrument.
    volume : ndarray of shape (n_bars,)
        Units traded.

    """

    ts_open_ns: Times
    ts_close_ns: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def adjusted(self, price_factor: Floats, volume_divisor: Floats) -> "BarColumns":
        """Prices times `price_factor`, volume divided by `volume_divisor` (the split part of the factor alone)."""
        return replace(
            self,
            open=self.open * price_factor,
            high=self.high * price_factor,
            low=self.low * price_factor,
            close=self.close * price_factor,
            volume=self.volume / volume_divisor,
        )

    def rounded(self) -> "BarColumns":
        """Prices at `PRICE_PRECISION` decimals and whole units of volume; rounding keeps the order of prices."""
        return replace(
            self,
            open=np.round(self.open, PRICE_PRECISION),
            high=np.round(self.high, PRICE_PRECISION),
            low=np.round(self.low, PRICE_PRECISION),
            close=np.round(self.close, PRICE_PRECISION),
            volume=np.rint(self.volume),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObservationColumns(_Columns):
    """A macro series as columns.

    Attributes
    ----------
    ts_event_ns : ndarray of shape (n_observations,)
        End of the reference period, nanoseconds UTC.
    ts_init_ns : ndarray of shape (n_observations,)
        Publication time, nanoseconds UTC.
    value : ndarray of shape (n_observations,)
        The figures, in the unit of the series.

    """

    ts_event_ns: Times
    ts_init_ns: Times
    value: Floats


def check_bars(bars: BarColumns, origin: str, rows: Rows | None = None) -> None:
    """Refuse the first bar that no market can have made.

    Parameters
    ----------
    bars : BarColumns
        The series.
    origin : str
        Where it came from: a file or the name of a source.
    rows : ndarray of shape (n_bars,), optional
        Line of each bar in that file, from 1; counted from 1 when absent.

    Raises
    ------
    DataError
        Naming origin, row, value and what is allowed.

    """
    for name in ("open", "high", "low", "close"):
        price: Floats = getattr(bars, name)
        wrong = ~((price > 0) & (price <= _MAX_PRICE))
        _refuse(wrong, origin, rows, lambda i, name=name, price=price: f"{name} {price[i]} (allowed: above 0)")
    wrong = ~((bars.volume >= 0) & (bars.volume <= _MAX_VOLUME))
    _refuse(wrong, origin, rows, lambda i: f"volume {bars.volume[i]} (allowed: 0 to {_MAX_VOLUME:.0e})")
    top = np.maximum(bars.open, bars.close)
    _refuse(
        bars.high < top, origin, rows, lambda i: f"high {bars.high[i]} (allowed: at least open and close, {top[i]})"
    )
    bottom = np.minimum(bars.open, bars.close)
    _refuse(
        bars.low > bottom, origin, rows, lambda i: f"low {bars.low[i]} (allowed: at most open and close, {bottom[i]})"
    )
    _refuse(
        bars.ts_open_ns >= bars.ts_close_ns,
        origin,
        rows,
        lambda i: f"bar start {utc(bars.ts_open_ns[i])} (allowed: before its close {utc(bars.ts_close_ns[i])})",
    )
    wrong = np.append(False, bars.ts_open_ns[1:] < bars.ts_close_ns[:-1])
    _refuse(
        wrong,
        origin,
        rows,
        lambda i: (
            f"bar start {utc(bars.ts_open_ns[i])} "
            f"(allowed: at or after the close before it, {utc(bars.ts_close_ns[i - 1])})"
        ),
    )


def check_observations(observations: ObservationColumns, origin: str, rows: Rows | None = None) -> None:
    """Refuse the first observation that is not a number, out of order, or published before its period ended.

    Raises
    ------
    DataError
        Naming origin, row, value and what is allowed.

    """
    value, event, init = observations.value, observations.ts_event_ns, observations.ts_init_ns
    _refuse(~np.isfinite(value), origin, rows, lambda i: f"value {value[i]} (allowed: a finite number)")
    _refuse(
        init < event,
        origin,
        rows,
        lambda i: f"published {utc(init[i])} (allowed: at or after the end of its period, {utc(event[i])})",
    )
    _refuse(
        np.append(False, event[1:] <= event[:-1]),
        origin,
        rows,
        lambda i: f"period end {utc(event[i])} (allowed: after the one before, {utc(event[i - 1])})",
    )
    _refuse(
        np.append(False, init[1:] < init[:-1]),
        origin,
        rows,
        lambda i: f"published {utc(init[i])} (allowed: not before the one before, {utc(init[i - 1])})",
    )


def utc(ts_ns: int | np.int64) -> str:
    """Nanoseconds UTC as text to the second, `2013-11-29T18:00:00Z`."""
    return f"{np.datetime64(int(ts_ns), 'ns').astype('datetime64[s]')}Z"


def _refuse(wrong: NDArray[np.bool_], origin: str, rows: Rows | None, what: Callable[[int], str]) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        row = first + 1 if rows is None else int(rows[first])
        raise DataError(f"{origin}:{row}: {what(first)}")

"""Series of market data as columns: bars, and figures of macro series."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.errors import DataError

type Floats = NDArray[np.float64]
type Times = NDArray[np.int64]
type Rows = NDArray[np.int64]

PRICE_PRECISION = 4
"""Decimals of prices unless a listing states its own: adjusted prices need more than the cent they were traded in."""


class _Columns:
    """Arrays of equal length, read-only from the start."""

    __slots__ = ()

    def __post_init__(self) -> None:
        lengths: set[int] = set()
        for field in fields(self):  # pyright: ignore[reportArgumentType] - only dataclasses derive from this
            array = _array(field.name, getattr(self, field.name), sorted(lengths))
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

    def rounded(self, precision: int = PRICE_PRECISION) -> "BarColumns":
        """Prices at `precision` decimals and whole units of volume; rounding keeps the order of prices."""
        return replace(
            self,
            open=np.round(self.open, precision),
            high=np.round(self.high, precision),
            low=np.round(self.low, precision),
            close=np.round(self.close, precision),
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
    source : ndarray of str of shape (n_observations,)
        Who says so, and by which record or rule the publication time is known; one text stands for all rows.

    """

    ts_event_ns: Times
    ts_init_ns: Times
    value: Floats
    source: NDArray[np.str_] | str


def joined(pieces: Sequence[BarColumns]) -> BarColumns:
    """Rows of several stretches of one series, one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    names = [field.name for field in fields(BarColumns)]
    return BarColumns(**{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names})


def utc(ts_ns: int | np.int64) -> str:
    """Nanoseconds UTC as text to the second, `2013-11-29T18:00:00Z`."""
    return f"{np.datetime64(int(ts_ns), 'ns').astype('datetime64[s]')}Z"


def _array(name: str, values: Any, lengths: list[int]) -> NDArray[Any]:
    if name == "source":
        return np.array(np.broadcast_to(np.asarray(values, dtype=np.str_), lengths[:1] or np.shape(values)))
    return np.array(values, dtype=np.int64 if name.startswith("ts_") else np.float64)

"""What no series may hold: found in columns, and refused with file, row and value."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import PRICE_PRECISION, BarColumns, Floats, ObservationColumns, Rows, utc
from nautilus_ai_firm.data.errors import DataError

type Fault = tuple[NDArray[np.bool_], Callable[[int], str]]

_MAX_PRICE = 1e9  # far above any quoted price, and exact as a float at four decimals
_MAX_VOLUME = 1e13  # below the engine's largest quantity
_NEVER_NS = np.iinfo(np.int64).min


def bar_faults(bars: BarColumns, precision: int = PRICE_PRECISION) -> Iterator[Fault]:
    """Find the bars that no market can have made, one kind of fault after the other, whatever their neighbours.

    Parameters
    ----------
    bars : BarColumns
        The series.
    precision : int
        Decimals at which prices will be kept: one that would become 0 is a fault.

    Yields
    ------
    wrong : ndarray of bool, shape (n_bars,)
        The bars with this fault.
    what : callable
        Says value and what is allowed of the bar at an index.

    """
    smallest = 0.5 * 10.0**-precision
    for name in ("open", "high", "low", "close"):
        price: Floats = getattr(bars, name)
        wrong = ~((price > smallest) & (price <= _MAX_PRICE))
        yield (
            wrong,
            lambda i, name=name, price=price: (
                f"{name} {price[i]} (allowed: above 0 at {precision} decimals, at most {_MAX_PRICE:.0e})"
            ),
        )
    wrong = ~((bars.volume >= 0) & (bars.volume <= _MAX_VOLUME))
    yield wrong, lambda i: f"volume {bars.volume[i]} (allowed: 0 to {_MAX_VOLUME:.0e})"
    top = np.maximum(bars.open, bars.close)
    yield bars.high < top, lambda i: f"high {bars.high[i]} (allowed: at least open and close, {top[i]})"
    bottom = np.minimum(bars.open, bars.close)
    yield bars.low > bottom, lambda i: f"low {bars.low[i]} (allowed: at most open and close, {bottom[i]})"
    yield (
        bars.ts_open_ns >= bars.ts_close_ns,
        lambda i: f"bar start {utc(bars.ts_open_ns[i])} (allowed: before its close {utc(bars.ts_close_ns[i])})",
    )


def order_fault(ts_open_ns: int | np.int64, ts_close_before_ns: int | np.int64) -> str:
    """Say that a bar starts before the one above it ended."""
    return f"bar start {utc(ts_open_ns)} (allowed: at or after the close before it, {utc(ts_close_before_ns)})"


def check_bars(
    bars: BarColumns,
    origin: str,
    rows: Rows | None = None,
    *,
    after_ns: int | None = None,
    precision: int = PRICE_PRECISION,
) -> None:
    """Refuse the first bar that no market can have made.

    Parameters
    ----------
    bars : BarColumns
        The series, or a stretch of it.
    origin : str
        Where it came from: a file or the name of a source.
    rows : ndarray of shape (n_bars,), optional
        Line of each bar in that file, from 1; counted from 1 when absent.
    after_ns : int, optional
        Close of the bar before the first one, where these bars continue a series.
    precision : int
        Decimals at which prices will be kept.

    Raises
    ------
    DataError
        Naming origin, row, value and what is allowed.

    """
    for wrong, what in bar_faults(bars, precision):
        _refuse(wrong, origin, rows, what)
    before = np.append(_NEVER_NS if after_ns is None else after_ns, bars.ts_close_ns)[: len(bars)]
    _refuse(bars.ts_open_ns < before, origin, rows, lambda i: order_fault(bars.ts_open_ns[i], before[i]))


def check_observations(observations: ObservationColumns, origin: str, rows: Rows | None = None) -> None:
    """Refuse the first observation that is not a number, out of order, or published before its period ended.

    Raises
    ------
    DataError
        Naming origin, row, value and what is allowed.

    """
    value, event, init = observations.value, observations.ts_event_ns, observations.ts_init_ns
    source = np.char.strip(observations.source)
    _refuse(~np.isfinite(value), origin, rows, lambda i: f"value {value[i]} (allowed: a finite number)")
    _refuse(source == "", origin, rows, lambda _: "no source (allowed: who vouches for the row)")
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


def _refuse(wrong: NDArray[np.bool_], origin: str, rows: Rows | None, what: Callable[[int], str]) -> None:
    if wrong.any():
        first = int(np.argmax(wrong))
        row = first + 1 if rows is None else int(rows[first])
        raise DataError(f"{origin}:{row}: {what(first)}")

"""Fills and closes -> what each instrument of a run earned on each day, so that parts of a run can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import Floats

COSTS = ("fee", "half_spread_cost", "impact_cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentDays:
    """One instrument in one run.

    Attributes
    ----------
    day : ndarray of shape (n_days,)
        Days on which it had a bar, days since 1970, UTC, rising.
    profit : ndarray of shape (n_days,)
        Profit after costs of trading, marked at the day's last close, account currency. Interest and borrow fees are
        booked on the account and belong to no instrument.
    traded, costs : ndarray of shape (n_days,)
        Value that was traded, and what trading it cost, account currency.

    """

    day: NDArray[np.int64]
    profit: Floats
    traded: Floats
    costs: Floats


def instrument_days(fills: pd.DataFrame, bars: Mapping[str, BarColumns]) -> dict[str, InstrumentDays]:
    """Divide the profit of a run by instrument and day.

    With q the position after a day, C its last close, and x quantities filled at prices p on it,

        profit = q_before (C - C_before) + sum of x (C - p) - costs.

    Parameters
    ----------
    fills : DataFrame
        `fills.parquet` of a run.
    bars : mapping of str to BarColumns
        Bars of every instrument that was traded, by its id; a fill belongs to the day on which it happened.

    """
    return {name: _days(fills.loc[fills["instrument_id"] == name], columns) for name, columns in bars.items()}


def daily_closes(bars: BarColumns) -> tuple[NDArray[np.int64], Floats]:
    """Return the days of a series, since 1970, UTC, and the last close of each."""
    days = bars.ts_close_ns // DAY_NS
    last = np.flatnonzero(np.append(days[1:] != days[:-1], [True]))
    return days[last].astype(np.int64), bars.close[last]


def _days(fills: pd.DataFrame, bars: BarColumns) -> InstrumentDays:
    day, close = daily_closes(bars)
    filled = fills["ts"].to_numpy("datetime64[ns]").astype(np.int64) // DAY_NS
    at = np.minimum(np.searchsorted(day, filled), len(day) - 1)
    sign = np.where(fills["side"].to_numpy() == "BUY", 1.0, -1.0)
    quantity = sign * fills["quantity"].to_numpy(np.float64)
    price = fills["price"].to_numpy(np.float64)
    paid = fills[list(COSTS)].to_numpy(np.float64).sum(axis=1)

    def by_day(values: Floats) -> Floats:
        return np.bincount(at, weights=values, minlength=len(day))

    cash, costs = by_day(quantity * price), by_day(paid)
    value = np.cumsum(by_day(quantity)) * close
    before = np.concatenate([[0.0], value[:-1]])
    profit = value - before - cash - costs
    return InstrumentDays(day=day, profit=profit, traded=by_day(np.abs(quantity) * price), costs=costs)

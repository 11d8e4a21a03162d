"""Catalog bars over the window of a run -> what buying the same universe and holding it would have made."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.runs.charges import TIME
from nautilus_ai_firm.runs.folder import Run, write_tables
from nautilus_ai_firm.settings import Costs, load

type Floats = NDArray[np.float64]

BENCHMARK = "benchmark"
"""Name of the benchmark's table in a run folder."""

ASSUMPTIONS = (
    "Buy-and-hold: equal cash in each instrument at its open after the first round, whole shares, commission and "
    "half-spread once, no impact; cash left earns nothing."
)


def buy_and_hold(opens: Floats, closes: Floats, cash: float, costs: Costs) -> Floats:
    """Buy every instrument once, with equal cash, and mark what was bought at each round's close.

    Parameters
    ----------
    opens, closes : ndarray of shape (n_rounds, n_instruments)
        Prices of the round's bar; NaN where an instrument has none.
    cash : float
        Cash at the start, account currency.
    costs : Costs
        Commission and half-spread are paid at entry, out of the instrument's share of the cash.

    Returns
    -------
    ndarray of shape (n_rounds,)
        Equity, account currency.

    Notes
    -----
    An instrument is bought at its first open after the close of the first round, so the first value is `cash`. It
    keeps its last close while it has no bar. One that has no such open is never bought, and its cash stays.

    """
    n_rounds, n_instruments = closes.shape
    equity = np.full(n_rounds, float(cash))
    for opened, closed in zip(opens.T, closes.T, strict=True):
        entries = 1 + np.flatnonzero(np.isfinite(opened[1:]))
        if not len(entries):
            continue
        entry = int(entries[0])
        shares, paid = _purchase(float(opened[entry]), cash / n_instruments, costs)
        held = closed[entry:]
        last = np.maximum.accumulate(np.where(np.isfinite(held), np.arange(len(held)), 0))
        equity[entry:] += shares * held[last] - paid
    return equity


def write_benchmark(run: Run, catalog: Path) -> None:
    """Add to a run folder the equity of buying and holding the same universe in the same rounds.

    Parameters
    ----------
    run : Run
        The run; its configuration names universe, cash and costs.
    catalog : Path
        The catalog that it ran on.

    Raises
    ------
    CatalogError
        The catalog does not hold the universe.

    """
    firm = load(run.folder / "config.toml").firm
    rounds_ns = pa.array(run.table("equity")["ts"], TIME).cast(pa.int64()).to_numpy()
    opens, closes = bar_prices(
        Catalog(catalog), [bar_type_id(i, firm.market.bar) for i in firm.instrument_ids], rounds_ns
    )
    equity = buy_and_hold(opens, closes, firm.venue.starting_balance, firm.costs)
    write_tables(run.folder, {BENCHMARK: pa.table({"ts": pa.array(rounds_ns, TIME), "equity": equity})})


def bar_prices(catalog: Catalog, names: list[str], rounds_ns: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Read open and close of each series at each round, NaN where it has no bar.

    Parameters
    ----------
    catalog : Catalog
        Where the series are.
    names : list of str
        Bar types.
    rounds_ns : ndarray of shape (n_rounds,)
        Closes of the rounds, nanoseconds UTC, ascending.

    Returns
    -------
    opens, closes : ndarray of shape (n_rounds, n_series)

    """
    opens, closes = np.full((2, len(rounds_ns), len(names)), np.nan)
    for place, name in enumerate(names):
        bars = catalog.bar_columns(name)
        which = np.isin(bars.ts_close_ns, rounds_ns)
        rows = np.searchsorted(rounds_ns, bars.ts_close_ns[which])
        opens[rows, place], closes[rows, place] = bars.open[which], bars.close[which]
    return opens, closes


def _purchase(price: float, cash: float, costs: Costs) -> tuple[int, float]:
    """Whole shares that `cash` buys, and what they cost; the larger of rate and minimum is the commission."""
    rate, spread = costs.commission_bps / 1e4, costs.half_spread_bps / 1e4
    by_rate = cash / (price * (1 + spread + rate))
    by_minimum = (cash - costs.commission_minimum) / (price * (1 + spread))
    shares = max(0, int(min(by_rate, by_minimum)))
    if not shares:
        return 0, 0.0
    notional = shares * price
    return shares, notional * (1 + spread) + max(costs.commission_minimum, notional * rate)

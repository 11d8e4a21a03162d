"""Catalog up to its end, then the broker's gateway up to now -> what the desks of a session at the broker learn from.

From the first bar that both have the gateway's counts, so that history and decision bars come from one source. What is
older comes from the catalog, on the level of the gateway's prices and volumes. Where the two do not agree in returns,
over at least 20 bars, nobody may trade. Where the gateway does not give bars, those of the catalog alone are learned
from, as long as no session is missing in them, and the instrument takes no new risk until fresh bars agree with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus_ai_firm.agents.market import Feed
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.manifest import BarRecord
from nautilus_ai_firm.data.objects import bar_objects
from nautilus_ai_firm.gateways.ib_bars import Contract
from nautilus_ai_firm.hosts.fresh_series import Spliced, series_up_to_now
from nautilus_ai_firm.hosts.gateway_bars import Ask
from nautilus_ai_firm.hosts.universe import bar_names, input_names
from nautilus_ai_firm.settings import Firm


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """What the desks learn from before the first round.

    Attributes
    ----------
    feed : Feed
        Its history and initial inputs; the grace is the host's to add.
    begin_ns : int
        Close of the first round of the history, nanoseconds UTC; of nothing where there is none.
    spliced : dict of str to Spliced
        Every bar series, by name.

    """

    feed: Feed
    begin_ns: int
    spliced: dict[str, Spliced]

    def lines(self) -> list[str]:
        """Say how every series was spliced."""
        return [one.line(name) for name, one in self.spliced.items()]

    @property
    def cached(self) -> dict[str, Spliced]:
        """The series of which the gateway gave nothing, by name."""
        return {name: one for name, one in self.spliced.items() if one.why_cached}


def warm_up(firm: Firm, catalog: Catalog, contracts: Mapping[str, Contract], now_ns: int, ask: Ask) -> WarmUp:
    """Collect the history of a session that begins now.

    Parameters
    ----------
    firm : Firm
        Settings: the series, and how many rounds are learned from (`market.warm_up_rounds`).
    catalog : Catalog
        Holds at least 20 bars of every bar series.
    contracts : mapping of str to Contract
        What the broker calls the instrument of each bar series of universe and inputs, by the name of the series.
    now_ns : int
        The time, nanoseconds UTC; only what had closed by then, or was published, is learned from.
    ask : callable
        Asks the gateway for bars: `HistoryLine.bars`.

    Raises
    ------
    HistoryError
        Bars of a size that is not asked for here; a series that the broker has no name for; the catalog or the gateway
        has too few; the two disagree (names series, time and both returns); or a session is missing, in the catalog
        alone where the gateway gives nothing.
    CatalogError, DataError
        An unknown series; a bar that no market can have made.

    """
    names, inputs = bar_names(firm), input_names(firm)
    watched = [name for name in inputs if isinstance(catalog.record(name), BarRecord)]
    figures = [name for name in inputs if name not in watched]
    spliced = {
        name: series_up_to_now(firm, catalog, name, contracts, now_ns, ask)
        for name in dict.fromkeys([*names, *watched])
    }
    closes = np.unique(np.concatenate([spliced[name].columns.ts_close_ns for name in names]))
    rounds = min(firm.market.warm_up_rounds, len(closes))
    begin_ns = int(closes[len(closes) - rounds]) if rounds else now_ns + 1
    after_ns = int(closes[len(closes) - rounds - 1]) if rounds < len(closes) else 0  # inputs count since the last close
    history: list[Any] = []
    if rounds:
        for name, one in spliced.items():
            recent = (one.columns.ts_close_ns > after_ns) & (one.columns.ts_close_ns <= closes[-1])
            history += bar_objects(name, one.columns.take(recent), one.precision)
        history += catalog.window([], figures, after_ns + 1, int(closes[-1])).observations
    known = dict(zip(inputs, catalog.initial_inputs(inputs, begin_ns).tolist(), strict=True))
    for name in watched:
        known[name] = _last_close(spliced[name].columns, begin_ns)
    return WarmUp(
        feed=Feed(
            initial_inputs={
                own: known[name]
                for own, name in zip(firm.market.inputs, inputs, strict=True)
                if np.isfinite(known[name])
            },
            history=sorted(history, key=lambda data: data.ts_init),
        ),
        begin_ns=begin_ns,
        spliced=spliced,
    )


def _last_close(bars: BarColumns, before_ns: int) -> float:
    earlier = bars.close[bars.ts_close_ns < before_ns]
    return float(earlier[-1]) if len(earlier) else np.nan

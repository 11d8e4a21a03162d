"""What a session learned from cached bars -> the gateway asked again, until fresh bars agree with it or do not."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayError, HistoryUnavailableError
from nautilus_ai_firm.gateways.ib_bars import Contract
from nautilus_ai_firm.hosts.fresh_series import Spliced, fresh_series
from nautilus_ai_firm.hosts.gateway_bars import Ask
from nautilus_ai_firm.hosts.stopping import Stopped
from nautilus_ai_firm.models.market.splice import BPS, TOLERANCE_BPS
from nautilus_ai_firm.settings import Firm

AGAIN_S = 300.0


type Line = Callable[[Callable[[float], None]], AbstractContextManager[Ask]]
"""Opens a line to the gateway; every pause on it is made by what it is given, which raises when there is to be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What became of an instrument: whether fresh bars agree with what was learned, and what to say of it."""

    name: str
    agrees: bool
    cause: str


class FreshHistory:
    """Asks in a thread of its own, since an answer may take a minute.

    Parameters
    ----------
    firm : Firm
        Settings.
    catalog : Catalog
        What was learned from.
    contracts : mapping of str to Contract
        What the broker calls the instrument of each series.
    cached : mapping of str to Spliced
        What was learned from the catalog alone, by the name of the series.
    names : mapping of str to str
        The instrument of each series.
    line : Line
        Opens a line to the gateway.
    again_s : float
        Seconds from one round of requests to the next.

    """

    def __init__(
        self,
        firm: Firm,
        catalog: Catalog,
        contracts: Mapping[str, Contract],
        cached: Mapping[str, Spliced],
        names: Mapping[str, str],
        line: Line,
        again_s: float = AGAIN_S,
    ) -> None:
        self._firm = firm
        self._catalog = catalog
        self._contracts = contracts
        self._cached = dict(cached)
        self._names = names
        self._line = line
        self._again_s = again_s
        self._over = threading.Event()
        self._found: SimpleQueue[Fresh] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="fresh history", daemon=True)

    def start(self) -> dict[str, str]:
        """Begin to ask, where there is anything to ask for.

        Returns
        -------
        dict of str to str
            By instrument, what its history is.

        """
        cached = {self._names[name]: one.line(name) for name, one in self._cached.items()}
        if cached:
            self._thread.start()
        return cached

    def close(self) -> None:
        """Ask no more, and wait for an answer that is on its way."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def found(self) -> list[Fresh]:
        """Return what is known since the last call."""
        known: list[Fresh] = []
        while True:
            try:
                known.append(self._found.get_nowait())
            except Empty:
                return known

    def _run(self) -> None:
        try:
            while self._cached:
                self._nap(self._again_s)
                self._ask(time.time_ns())
        except Stopped:
            return

    def _ask(self, now_ns: int) -> None:
        with self._line(self._nap) as ask:
            for name, learned in list(self._cached.items()):
                try:
                    fresh = fresh_series(self._firm, self._catalog, name, self._contracts, now_ns, ask)
                    why = disagreement(learned, fresh)
                except (HistoryUnavailableError, ClientIdError):
                    continue
                except (GatewayError, DataError) as error:
                    why = str(error)
                del self._cached[name]
                said = f"{name}: no new risk, {why}" if why else f"{name}: fresh bars agree with the cached ones"
                self._found.put(Fresh(name=self._names[name], agrees=not why, cause=said))

    def _nap(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise Stopped("closed")


def disagreement(learned: Spliced, fresh: Spliced) -> str:
    """Say why fresh bars do not confirm what was learned from cached ones; empty where they do.

    Parameters
    ----------
    learned : Spliced
        From the catalog alone.
    fresh : Spliced
        The same series, spliced later.

    """
    closes_ns = fresh.columns.ts_close_ns
    unlearned = (closes_ns > learned.columns.ts_close_ns[-1]) & (closes_ns <= learned.now_ns)
    if missed := int(np.count_nonzero(unlearned)):
        return f"{missed} bars before the session began were not learned from (begin a new session)"
    apart_bps = abs(fresh.how.price_factor - 1) * BPS
    if apart_bps > TOLERANCE_BPS:
        return (
            f"the cached bars stand on another level, by {apart_bps:.0f} bps (allowed: {TOLERANCE_BPS:g}; bring the "
            "catalog up to date and begin a new session)"
        )
    return ""

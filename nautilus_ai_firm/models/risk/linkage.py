"""Closes become clusters of instruments that move as one, a limit of each, and a word when correlations break."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Breach, Floats
from nautilus_ai_firm.models.risk.correlation import CorrelationManager, CorrelationState
from nautilus_ai_firm.models.risk.limit_kinds import Groups
from nautilus_ai_firm.models.risk.usage import Use

RULE = "max_cluster"
BREAK = "correlation_break"


class Linkage:
    """What correlations limit: the exposure of a cluster, as that of a sector.

    Parameters
    ----------
    manager : CorrelationManager
        Who watches correlations.
    max_cluster : float
        Largest sum of sizes in one cluster, a fraction of equity, by the worst fill of what works.
    alert_z : float
        Size of the statistic of a break that alerts, for the records; the manager has its own.
    n : int
        Number of instruments.

    """

    __slots__ = ("_alert_z", "_close", "_manager", "_max_cluster", "_state")

    def __init__(self, manager: CorrelationManager, max_cluster: float, alert_z: float, n: int) -> None:
        self._manager = manager
        self._max_cluster = max_cluster
        self._alert_z = alert_z
        self._close: Floats = np.full(n, np.nan)
        self._state: CorrelationState | None = None

    def update(self, close: Floats, fresh: Bools) -> None:
        """Take the closes of a round, shape (n,); one that is stale or no positive number makes no return."""
        usable = np.where(fresh & np.isfinite(close) & (close > 0), close, np.nan)
        self._state = self._manager.update(usable / self._close - 1.0)
        self._close = np.where(np.isnan(usable), self._close, usable)

    def groups(self, instrument_ids: tuple[str, ...], floor: Floats) -> Groups:
        """Return the limits of all clusters of two and more, each called by its first instrument."""
        labels = np.arange(len(floor)) if self._state is None else self._state.clusters
        sizes = np.bincount(labels, minlength=len(labels))
        firsts = np.flatnonzero(sizes > 1)  # a cluster is called by the place of its first
        return Groups(
            rule=RULE,
            subjects=tuple(instrument_ids[first] for first in firsts),
            limits=np.full(len(firsts), self._max_cluster),
            share=(labels == firsts[:, np.newaxis]).astype(np.float64),
            floor=floor,
        )

    @property
    def use(self) -> Use:
        """How near the statistic is to a break."""
        size = float("nan") if self._state is None else abs(self._state.z_score)
        return Use(rule=BREAK, subject="", value=size, limit=self._alert_z)

    def breaks(self) -> tuple[Breach, ...]:
        """Return the break of this round, if there is one: it is told, and cuts nothing."""
        if self._state is None or not self._state.breakdown:
            return ()
        size = abs(self._state.z_score)
        return (Breach(rule=BREAK, instrument_id=None, observed=size, limit=self._alert_z, action="told"),)

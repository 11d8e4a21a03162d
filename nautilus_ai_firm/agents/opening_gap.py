"""A first price far from the one that was decided at -> the order waits or is dropped; called by 5.

It judges orders for new risk alone, each once, at the first market event at which it could go out. An order for an
opening auction has left by then.
"""

from collections.abc import Callable

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.withdrawal import Withdrawal
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.messages import Breach
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.settings import Opening


class OpeningGap:
    """Holds orders back that find the market elsewhere.

    Parameters
    ----------
    settings : Opening or None
        How far, and what then; None lets everything go.
    universe : Universe
        What the firm trades.
    ledger : WorkingLedger
        Where parents are held.
    position : callable
        Filled quantity of a place, signed.
    refuse : callable
        Records a breach of a parent at a time.
    withdrawal : Withdrawal
        Who drops what is held.

    """

    def __init__(
        self,
        settings: Opening | None,
        universe: Universe,
        ledger: WorkingLedger,
        position: Callable[[int], int],
        refuse: Callable[[Parent, int, Breach], None],
        withdrawal: Withdrawal,
    ) -> None:
        self._settings = settings
        self._universe = universe
        self._ledger = ledger
        self._position = position
        self._refuse = refuse
        self._withdrawal = withdrawal
        self._judged: dict[int, str] = {}  # by place: the parent that was judged last

    def holds_back(self, parent: Parent, ts_event: int, price: float, close: float) -> bool:
        """Judge a parent that could be released now, and say whether it is not."""
        settings, place = self._settings, parent.place
        if settings is None or self._judged.get(place) == parent.parent_id:
            return False
        self._judged[place] = parent.parent_id
        gap, position = abs(price / close - 1.0), self._position(place)
        if not gap > settings.max_gap or (parent.quantity * position < 0 and abs(parent.quantity) <= abs(position)):
            return False
        later_ns = ts_event + settings.wait_minutes * MINUTE_NS
        waits = later_ns > ts_event and (not parent.end_ns or later_ns + parent.interval_ns <= parent.end_ns)
        breach = Breach(
            rule="opening_gap",
            instrument_id=self._universe.names[place],
            observed=gap,
            limit=settings.max_gap,
            action=f"waits {settings.wait_minutes} minutes" if waits else "dropped",
        )
        self._refuse(parent, ts_event, breach)
        if waits:
            self._ledger.postpone(parent.parent_id, later_ns)
        else:
            self._withdrawal.drop_place(place, "dropped: opening gap", ts_event)
        return True

"""A kill switch -> the same, with every read in the journal."""

from nautilus_ai_firm.gateways.kill_switch import KillSwitch, KillSwitchState
from nautilus_ai_firm.runs.session import SessionJournal


class JournalledSwitch:
    """A kill switch whose every read is in the journal before anyone obeys it.

    Parameters
    ----------
    switch : KillSwitch
        The switch.
    journal : SessionJournal
        The journal.

    """

    __slots__ = ("_journal", "_switch")

    def __init__(self, switch: KillSwitch, journal: SessionJournal) -> None:
        self._switch = switch
        self._journal = journal

    def state(self) -> KillSwitchState:
        """Return the state of the switch."""
        state = self._switch.state()
        self._journal.kill_switch(state)
        return state

    def latch(self, cause: str, who: str, time: str) -> None:
        """Latch the switch."""
        self._switch.latch(cause, who, time)

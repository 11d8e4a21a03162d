"""The kill switch, looked at between rounds too -> commands of the host, as soon as a person or a signal throws it.

The risk desk reads the switch once a round. A session looks at it all the time: what it sees is said at a time of the
market and written down, so that a replay, and a session that runs again after a crash, say the same then.
"""

import signal
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from nautilus_ai_firm.gateways.kill_switch import KillSwitch, KillSwitchState
from nautilus_ai_firm.messages import RiskAction, RiskCommand

HOST = "host"
OWN = frozenset({"risk", "gate"})
"""Who latches the switch from within the firm, and has said so to it."""


class SwitchWatch:
    """Compares the switch with what the firm was told last.

    Parameters
    ----------
    switch : KillSwitch
        The switch.
    say : callable
        Publishes a command.
    recorded : sequence of RiskCommand
        Commands of the host of a session that runs again, in order.
    repeating : callable
        Whether it still runs through what is recorded: then the switch is not looked at.

    """

    def __init__(
        self,
        switch: KillSwitch,
        say: Callable[[RiskCommand], None],
        recorded: Sequence[RiskCommand] = (),
        repeating: Callable[[], bool] = lambda: False,
    ) -> None:
        self._switch = switch
        self._say = say
        self._repeating = repeating
        self._recorded = deque(command for command in recorded if command.sender == HOST)
        self._told: KillSwitchState | None = None
        self._sequence = 0

    def due_ns(self, now_ns: int) -> int | None:
        """Return when there is something to be said, nanoseconds UTC: right after now, or as recorded; None if not."""
        if self._repeating():
            return self._recorded[0].ts_event if self._recorded else None
        return now_ns + 1 if self.has_changed() else None

    def speak(self, ts_ns: int) -> None:
        """Say what is to be said at a time of the market, nanoseconds UTC."""
        if not self._repeating():
            self.tell(ts_ns)
            return
        while self._recorded and self._recorded[0].ts_event <= ts_ns:
            command = self._recorded.popleft()
            self._sequence = command.sequence
            latched = command.action is not RiskAction.RESUME
            self._told = KillSwitchState(latched=latched, cause=command.cause, who=command.who, time="")
            self._say(command)

    def has_changed(self) -> bool:
        """Look at the switch, and say whether it is not as the firm was told; the first look is the risk desk's."""
        state = self._switch.state()
        if self._told is None:
            self._told = state
        return state.latched != self._told.latched

    def tell(self, ts_ns: int) -> None:
        """Tell the firm what was seen, at a time of the market, nanoseconds UTC."""
        self._told = state = self._switch.state()
        if state.latched and state.who in OWN:
            return
        actions = (RiskAction.HALT, RiskAction.CANCEL_ALL) if state.latched else (RiskAction.RESUME,)
        for action in actions:
            self._sequence += 1
            self._say(
                RiskCommand(
                    sequence=self._sequence,
                    ts_event=ts_ns,
                    action=action,
                    cause=state.cause,
                    who=state.who,
                    sender=HOST,
                )
            )

    def latch_on_signal(self) -> None:
        """Throw the switch, as the answer to SIGUSR1."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._switch.latch(f"the process got {signal.SIGUSR1.name}", "signal", now)

"""The kill switch: a small file that says whether the firm may take risk, latched until a named person resumes."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from nautilus_ai_firm.data.durable import make_folder, put_in_place


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitchState:
    """Whether the switch is latched, why, by whom, and when (ISO 8601, UTC)."""

    latched: bool
    cause: str
    who: str
    time: str


OPEN = KillSwitchState(latched=False, cause="", who="", time="")


class KillSwitch(Protocol):
    """What the risk desk asks of the switch."""

    def state(self) -> KillSwitchState:
        """Return the state as it is now."""
        ...

    def latch(self, cause: str, who: str, time: str) -> None:
        """Latch the switch; only a person opens it again."""
        ...


class FileKillSwitch:
    """A switch that survives a restart.

    Parameters
    ----------
    path : Path
        The state file. A missing file is an open switch; one that cannot be read is a latched one.

    """

    __slots__ = ("_path", "_seen", "_state")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._state = OPEN

    def state(self) -> KillSwitchState:
        """Return the state of the file, read again when the file changed."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            self._seen, self._state = None, OPEN
            return self._state
        seen = (stat.st_mtime_ns, stat.st_ino)
        if seen != self._seen:
            self._seen, self._state = seen, self._read()
        return self._state

    def latch(self, cause: str, who: str, time: str) -> None:
        """Latch the switch on disk."""
        self._write(KillSwitchState(latched=True, cause=cause, who=who, time=time))

    def resume(self, why: str, who: str, time: str) -> None:
        """Open the switch on disk, by a named person for a stated reason.

        Raises
        ------
        ValueError
            Nobody is named, or no reason is stated.

        """
        if not why.strip() or not who.strip():
            raise ValueError(f"why is {why!r} and who is {who!r}: a named person resumes for a stated reason")
        self._write(KillSwitchState(latched=False, cause=why, who=who, time=time))

    def _read(self) -> KillSwitchState:
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            state = KillSwitchState(
                latched=raw["latched"] is not False,
                cause=str(raw["cause"]),
                who=str(raw["who"]),
                time=str(raw["time"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            cause = f"{self._path} cannot be read ({type(error).__name__}: {error})"
            return KillSwitchState(latched=True, cause=cause, who="kill switch", time="")
        if state.latched or (state.cause.strip() and state.who.strip()):
            return state
        cause = f"{self._path} is open without a name or a reason"
        return KillSwitchState(latched=True, cause=cause, who="kill switch", time="")

    def _write(self, state: KillSwitchState) -> None:
        make_folder(self._path.parent)
        temporary = self._path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(asdict(state), indent=2), encoding="utf-8")
        put_in_place(temporary, self._path)  # a loss of power must not open it again


class SimulatedKillSwitch:
    """The switch of a simulation: obeys the file as a live firm does, but latches only within the run.

    Parameters
    ----------
    file : FileKillSwitch
        The switch that persons use.

    """

    __slots__ = ("_file", "_latched")

    def __init__(self, file: FileKillSwitch) -> None:
        self._file = file
        self._latched: KillSwitchState | None = None

    def state(self) -> KillSwitchState:
        """Return the run's own latch where it has one, else the state of the file."""
        return self._latched or self._file.state()

    def latch(self, cause: str, who: str, time: str) -> None:
        """Latch for the rest of the run; the file stays as it is."""
        self._latched = KillSwitchState(latched=True, cause=cause, who=who, time=time)


class RecordedKillSwitch:
    """The switch of a session that runs again: says in each round what was read then, and latches nothing.

    Parameters
    ----------
    reads : sequence of tuple of int and KillSwitchState
        Round and state of every read that differed from the one before, in order.
    current_round : callable
        The round that the firm is in.

    """

    __slots__ = ("_current_round", "_reads")

    def __init__(self, reads: Sequence[tuple[int, KillSwitchState]], current_round: Callable[[], int]) -> None:
        self._reads = reads
        self._current_round = current_round

    def state(self) -> KillSwitchState:
        """Return the state that was read in this round."""
        now = self._current_round()
        return next((state for round_, state in reversed(self._reads) if round_ <= now), OPEN)

    def latch(self, cause: str, who: str, time: str) -> None:
        """Do nothing: what latched then is among the reads."""

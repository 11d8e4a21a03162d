"""A configuration and a venue -> a session on a live node: its journal while it runs, its run folder when it ends."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nautilus_trader.common import Environment, LoggerConfig, LogLevel
from nautilus_trader.live import (
    LiveExecutionEngineConfig,
    LiveNode,
    LiveNodeBuilder,
    LiveNodeConfig,
    LiveNodeHandle,
    LiveRiskEngineConfig,
)
from nautilus_trader.model import TraderId
from threadpoolctl import threadpool_limits

from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.clock import MarketTime, SteppedClock
from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.firm import seat
from nautilus_ai_firm.gateways.kill_switch import KillSwitch
from nautilus_ai_firm.hosts.beginning import start_of
from nautilus_ai_firm.hosts.doorman import Doorman
from nautilus_ai_firm.hosts.ending import failure_of, write_end
from nautilus_ai_firm.hosts.engine_limits import EngineLimits, engine_limits
from nautilus_ai_firm.hosts.engine_log import EngineLog
from nautilus_ai_firm.hosts.player import Player
from nautilus_ai_firm.hosts.recorders import Recorders
from nautilus_ai_firm.hosts.sandbox import Sandbox
from nautilus_ai_firm.hosts.status import StatusBoard
from nautilus_ai_firm.hosts.stopping import Stop
from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.hosts.switch_watch import SwitchWatch
from nautilus_ai_firm.messages import Failure, RiskCommand, SessionEnd
from nautilus_ai_firm.runs.journalled_switch import JournalledSwitch
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_facts import Host, Start
from nautilus_ai_firm.settings import Sandbox as Speed

SANDBOX = "SANDBOX"
STEPS_BETWEEN_PURGES = 1_000
NO_RATE_LIMIT = "1000000000/00:00:01"
"""The engine's limiter counts seconds on the wall, which mean nothing while market time is stepped; the gate counts."""


class SessionError(RuntimeError):
    """A desk raised, the engine logged an error, or the node stopped: names component, round, error and records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a session opens.

    Attributes
    ----------
    folder : Path
        Its run folder.
    stage : Stage
        What it needs, checked.
    switch : KillSwitch
        What halts it.
    pace : Speed
        How fast market data is replayed.
    minutes : float, optional
        Minutes on the wall after which it ends; when the market data ends if absent.
    again : Start, optional
        What it began with, when it runs again after a crash.
    say : callable
        Prints a line for the person at the console.
    commands : tuple of RiskCommand
        What was commanded, when it runs again after a crash.

    """

    folder: Path
    stage: Stage
    switch: Callable[[SessionJournal], KillSwitch]
    pace: Speed
    minutes: float | None
    again: Start | None
    say: Callable[[str], None]
    commands: tuple[RiskCommand, ...] = ()


class SandboxSession:
    """The firm on a live node in the sandbox: built when it is made, and run once.

    Parameters
    ----------
    opening : Opening
        How it opens.
    stop : Stop
        What ends it early.

    Attributes
    ----------
    journal : SessionJournal
        Its journal.
    is_recorded : bool
        Whether the journal says how the session ended; not where it could not be written to its end.

    Raises
    ------
    JournalError
        The journal cannot be opened or begun.

    """

    def __init__(self, opening: Opening, stop: Stop) -> None:
        self._opening = opening
        self._stop = stop
        self.is_recorded = False
        stage = opening.stage
        self.journal = SessionJournal(opening.folder, again=opening.again is not None)
        switch = opening.switch(self.journal)
        self._switch = JournalledSwitch(switch, self.journal)
        stage.charges.recorder = self.journal
        self._failures = Failures()
        self._log = EngineLog(opening.folder / "log")
        self._clock = SteppedClock()
        self._played = False
        self._catching_up = opening.again is not None
        if self._catching_up:
            stop.hold()  # an end that did not come then would not come again
        self._sandbox = Sandbox(stage, self.journal, self._show, opening.pace.max_bar_delay_ms)
        limits = engine_limits(stage.firm, stage.universe.bar_minutes)
        builder = LiveNodeBuilder.from_config(f"firm-{stage.firm.name}", _node_config(self._log, limits))
        self._node: LiveNode = self._sandbox.add_clients(builder, self._play).build()
        self._handle: LiveNodeHandle = self._node.handle()
        self._cache = self._node.cache  # out of reach while the node runs
        self._steps = 0
        self._doorman = Doorman(self._failures)
        self._watch = SwitchWatch(switch, self._doorman.command, opening.commands, lambda: self.journal.repeating)
        self._board = self._seat(stage)
        self._player = Player(
            self._sandbox.events(),
            clock=self._clock,
            doorman=self._doorman,
            audience=self._sandbox,
            pause_seconds=self._pause_seconds,
            failures=self._failures,
            watch=self._watch,
        )

    def run(self) -> Failure | None:
        """Run the session to its end, write down how it ended where that can be done, and return what failed."""
        opening, started = self._opening, time.monotonic()
        with threadpool_limits(1):  # a sum that is split over threads depends on how many there are
            begun = start_of(opening.stage, opening.folder.name, Host.SANDBOX, opening.pace.speed)
            self.journal.start(opening.again or begun)
            self.journal.history(opening.stage.feed.history)
            opening.stage.charges.failures = self._failures
            opening.stage.charges.learn(opening.stage.feed.history)
            self._node.run()
        self._stop.listen()
        failure = self._failures.first
        if failure is None and self._log.has_error():
            failure = failure_of("node", self._failures.round, f"the engine logged an error, see {self._log.folder}")
        if failure is None and not self._played:
            failure = failure_of("node", self._failures.round, f"the node stopped by itself, see {self._log.folder}")
        seconds = time.monotonic() - started
        failure, self.is_recorded = write_end(self.journal, failure, self._stop.cause, seconds, self._failures.round)
        if self._clock.timestamp_ns():
            opening.say(self._board.line(self._clock.timestamp_ns()))
        return failure

    def close(self) -> None:
        """Give the node and the journal back."""
        self._node.dispose()
        self.journal.close()

    def _seat(self, stage: Stage) -> StatusBoard:
        board = StatusBoard(
            SANDBOX,
            agents=len(stage.firm.signals.agents),
            currency=str(stage.universe.currency),
            say=self._opening.say,
        )
        board.ledger = seat(
            self._node,
            stage.firm,
            universe=stage.universe,
            sessions=stage.sessions,
            feed=stage.feed,
            recorder=Recorders(self.journal, board),
            kill_switch=self._switch,
            failures=self._failures,
            time=MarketTime(self._clock),
        )
        self._node.add_actor(self._doorman)
        return board

    def _show(self, now_ns: int) -> None:
        self._steps += 1
        if self._steps % STEPS_BETWEEN_PURGES == 0:  # reading the balance copies the account with all its events
            self._cache.purge_account_events(time.time_ns())
        if self.journal.repeating:
            return
        if self._catching_up:
            self._catching_up = False
            self._stop.release()
            self._opening.say("caught up: every record came again as it was; from here on the session is new")
        self._board.show(now_ns)

    def _pause_seconds(self, from_ns: int, to_ns: int) -> float:
        pace = self._opening.pace
        if self.journal.repeating or not pace.speed or not self._failures.round:
            return 0.0  # nobody waits for what came before the first round
        return min((to_ns - from_ns) / SECOND_NS / pace.speed, pace.longest_pause_seconds)

    async def _play(self, deliver: Callable[[Any], None]) -> None:
        """Play the market as a task of the node's own loop, and stop the node when it is over."""
        try:
            with self._stop.heard_in_loop(self._opening.minutes, self._watch.latch_on_signal):
                while not self._handle.is_running:  # noqa: ASYNC110 - the node has no event for it
                    await asyncio.sleep(0.001)
                await self._player.play(deliver, self._stop.wanted)
                if self._failures.first is None:
                    cancel = self._opening.stage.firm.live.working_orders_at_end == "cancel"
                    self.journal.hold()
                    self._doorman.end_session(SessionEnd(ts_event=self._clock.timestamp_ns(), cancel_working=cancel))
                    await self._player.idle()
            self._played = True
        except Exception as error:  # noqa: BLE001 - recorded, and the session fails with it
            self._failures.record("session", error)
        finally:
            self._handle.stop()


def _node_config(log: EngineLog, limits: EngineLimits) -> LiveNodeConfig:
    return LiveNodeConfig(
        environment=Environment.SANDBOX,
        trader_id=TraderId("FIRM-001"),
        shutdown_on_error=True,
        delay_post_stop_secs=0.0,
        logging=LoggerConfig(
            stdout_level=LogLevel.OFF,
            fileout_level=LogLevel.WARNING,
            is_colored=False,
            file_config=log.writer,
            print_config=False,
        ),
        exec_engine=LiveExecutionEngineConfig(reconciliation=False),
        risk_engine=LiveRiskEngineConfig(
            max_order_submit_rate=NO_RATE_LIMIT,
            max_order_modify_rate=NO_RATE_LIMIT,
            max_notional_per_order=limits.max_notional_per_order,
        ),
    )

"""A firm and a broker's account -> a session on a live node: its journal while it runs, its run folder when it ends."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from nautilus_trader.live import DataClientConfig, LiveNode, LiveNodeHandle, RoutingConfig
from threadpoolctl import threadpool_limits

from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.firm import seat
from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayError
from nautilus_ai_firm.gateways.ib_watch import watch
from nautilus_ai_firm.hosts.beginning import start_of
from nautilus_ai_firm.hosts.broker_books import BrokerBooks
from nautilus_ai_firm.hosts.broker_connection import BrokerConnection, NodeLostError
from nautilus_ai_firm.hosts.broker_feed import BrokerFeed
from nautilus_ai_firm.hosts.broker_node import broker_node
from nautilus_ai_firm.hosts.broker_opening import BrokerOpening
from nautilus_ai_firm.hosts.broker_recorder import BrokerRecorder
from nautilus_ai_firm.hosts.broker_streams import BrokerStreams
from nautilus_ai_firm.hosts.doorman import Doorman
from nautilus_ai_firm.hosts.ending import failure_of, write_end
from nautilus_ai_firm.hosts.engine_limits import EngineLimits, engine_limits
from nautilus_ai_firm.hosts.engine_log import EngineLog
from nautilus_ai_firm.hosts.sandbox_clients import DataFactory, Replay
from nautilus_ai_firm.hosts.status import StatusBoard
from nautilus_ai_firm.hosts.stopping import Stop
from nautilus_ai_firm.hosts.study import Stage
from nautilus_ai_firm.hosts.switch_watch import SwitchWatch
from nautilus_ai_firm.hosts.unfinished_work import UnfinishedWork
from nautilus_ai_firm.messages import Failure, SessionEnd
from nautilus_ai_firm.runs.journalled_switch import JournalledSwitch
from nautilus_ai_firm.runs.session import SessionJournal
from nautilus_ai_firm.runs.session_facts import Host

MARKET = "MARKET"
HISTORY = "history"
NODE = "node"
"""What fails where the broker was lost for good: another attempt may find it."""
LOOK_SECONDS = 0.05
LONGEST_FAREWELL_SECONDS = 10.0


class BrokerSession:
    """The firm on a live node at a broker: built when it is made, and run once.

    Parameters
    ----------
    opening : BrokerOpening
        How it opens.
    stop : Stop
        What ends it early.

    Attributes
    ----------
    journal : SessionJournal
        Its journal.
    is_recorded : bool
        Whether the journal says how the session ended.

    Raises
    ------
    JournalError
        The journal cannot be opened or begun.

    """

    def __init__(self, opening: BrokerOpening, stop: Stop) -> None:
        self._opening = opening
        self._stop = stop
        self.is_recorded = False
        self.journal = SessionJournal(opening.folder)
        self._failures = Failures()
        self._log = EngineLog(opening.folder / "log")
        self._deliver: Callable[[Any], None] | None = None
        self._ended = False
        stage = opening.stage
        builder = broker_node(
            f"firm-{stage.firm.name}",
            opening.endpoint,
            opening.settings,
            [stream.broker_id for stream in opening.streams],
            self._log,
            _limits(stage),
        )
        instruments = [stream.instrument for stream in opening.streams]
        own = RoutingConfig(venues=sorted({str(instrument.id.venue) for instrument in instruments}))
        builder = builder.add_data_client(
            MARKET, DataFactory(partial(Replay, instruments, self._attend)), DataClientConfig(routing=own)
        )
        self._node: LiveNode = builder.build()
        self._handle: LiveNodeHandle = self._node.handle()
        self._cache = self._node.cache  # out of reach while the node runs
        self._doorman = Doorman(self._failures)
        self._watch = SwitchWatch(opening.switch, self._doorman.command)
        self._books = BrokerBooks(opening.reading)
        self._feed = BrokerFeed(
            opening.streams,
            stage.sessions,
            opening.bar_ns,
            opening.settings.quote_interval_ms,
            self._hand_on,
            self._failures,
        )
        self._work = UnfinishedWork(
            opening.work,
            self._positions,
            is_halted=lambda: opening.switch.state().latched,
            now_ns=time.time_ns,
            say=opening.say,
        )
        self._board = self._seat(stage)
        self._connection = BrokerConnection(
            self._feed,
            self._books,
            held=self._held,
            agree_seconds=opening.settings.agree_seconds,
            is_open=self._is_open,
            work=self._work,
            trades=opening.trades,
            now_ns=time.time_ns,
        )
        own_names = {stream.broker_id: str(stream.instrument.id) for stream in opening.streams}
        self._streams = BrokerStreams(self._feed, self._connection, own_names, self._is_open)

    def run(self) -> Failure | None:
        """Run the session to its end, write down how it ended where that can be done, and return what failed."""
        opening, started = self._opening, time.monotonic()
        with threadpool_limits(1):  # a sum that is split over threads depends on how many there are
            start = start_of(opening.stage, opening.folder.name, Host.IB)
            self.journal.start(replace(start, taken_back=opening.taken_back, held=self._held_at_start()))
            self.journal.history(opening.stage.feed.history)
            try:
                self._node.run()
            except RuntimeError as error:  # the node's own: it did not come up
                self._failures.record(NODE, error)
        self._stop.listen()
        failure = self._failures.first
        if failure is not None and failure.component != NODE:
            self._work.forget()
        if failure is None and not self._ended:
            failure = failure_of(NODE, self._failures.round, f"the node stopped by itself, see {self._log.folder}")
        seconds = time.monotonic() - started
        failure, self.is_recorded = write_end(self.journal, failure, self._stop.cause, seconds, self._failures.round)
        opening.say(self._board.line(time.time_ns()))
        return failure

    def close(self) -> None:
        """Give the node and the journal back."""
        self._opening.fresh.close()
        self._node.dispose()
        del self._node, self._handle, self._cache  # a thread has one node, and the node's clients know this session
        self.journal.close()

    def _seat(self, stage: Stage) -> StatusBoard:
        board = StatusBoard(
            "LIVE" if self._opening.endpoint.real_money else "PAPER",
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
            recorder=BrokerRecorder(self.journal, board, books=self._books),
            kill_switch=JournalledSwitch(self._opening.switch, self.journal),
            failures=self._failures,
            funds=self._books,
            carried=stage.carried,
            remember=self._opening.remember,
            follow=self._work.follow,
        )
        self._node.add_actor(self._feed)
        self._node.add_actor(self._doorman)
        return board

    def _is_open(self, ts_ns: int) -> bool:
        return bool(self._opening.stage.sessions.is_open(ts_ns))

    def _hand_on(self, event: Any) -> None:
        """Write a market event down, and let the firm hear of it."""
        if self._deliver is not None:
            self.journal.market(event)
            self._deliver(event)

    def _held(self) -> dict[str, int]:
        route = self._opening.stage.universe.route
        ids = () if route is None else route.order_ids
        held = dict.fromkeys(ids, 0)
        for position in self._cache.positions_open():
            if position.instrument_id in held:
                held[position.instrument_id] += round(position.signed_qty)
        return {str(one.symbol): quantity for one, quantity in held.items()}

    def _held_at_start(self) -> dict[str, int]:
        names = {str(stream.broker_id.symbol): str(stream.instrument.id) for stream in self._opening.streams}
        return {names[one.symbol]: int(one.quantity) for one in self._opening.reading.holdings}

    def _positions(self) -> list[int]:
        route, held = self._opening.stage.universe.route, self._held()
        return [held[str(one.symbol)] for one in (() if route is None else route.order_ids)]

    async def _attend(self, deliver: Callable[[Any], None]) -> None:
        """Stand by as a task of the node's own loop, and stop the node when the session is to end."""
        watching: asyncio.Task[None] | None = None
        try:
            with self._stop.heard_in_loop(self._opening.minutes, self._watch.latch_on_signal):
                while not self._handle.is_running:  # noqa: ASYNC110 - the node has no event for it
                    await asyncio.sleep(LOOK_SECONDS)
                self._deliver = deliver
                self._connection.begin()
                for name, cause in self._opening.fresh.start().items():
                    self._connection.bar(name, HISTORY, cause)
                watching = asyncio.create_task(
                    watch(self._opening.endpoint, self._opening.settings.answer_seconds, self._connection)
                )
                while not self._stop.wanted.is_set() and self._failures.first is None and not watching.done():
                    self._connection.look()
                    self._work.look()
                    if self._watch.has_changed():
                        self._watch.tell(time.time_ns())
                    self._streams.look(time.time_ns())
                    self._take_history()
                    self._board.show(time.time_ns())
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stop.wanted.wait(), LOOK_SECONDS)
                    self._connection.refuse_deafness()
                if watching.done():
                    watching.result()
                await self._farewell()
            self._ended = True
        except (NodeLostError, ClientIdError) as error:
            self._failures.record(NODE, error)
        except GatewayError as error:
            self._failures.record("gateway", error)
        except Exception as error:  # noqa: BLE001 - recorded, and the session fails with it
            self._failures.record("session", error)
        finally:
            if watching is not None:
                watching.cancel()
            self._work.interrupt()  # what the desks drop from here on is ended by the end of the node
            self._handle.stop()

    def _take_history(self) -> None:
        for fresh in self._opening.fresh.found():
            if fresh.agrees:
                self._connection.admit(fresh.name, HISTORY, fresh.cause)
            else:
                self._connection.bar(fresh.name, HISTORY, fresh.cause)

    async def _farewell(self) -> None:
        """Let the firm end: nothing new goes out, and what is under way may come to its end."""
        if self._failures.first is not None:
            return
        cancel = self._opening.stage.firm.live.working_orders_at_end == "cancel"
        if not cancel:
            self._work.interrupt()
        self._doorman.end_session(SessionEnd(ts_event=time.time_ns(), cancel_working=cancel))
        deadline = time.monotonic() + LONGEST_FAREWELL_SECONDS
        await asyncio.sleep(LOOK_SECONDS)
        while self._is_settling(cancel) and time.monotonic() < deadline:  # noqa: ASYNC110 - as above
            await asyncio.sleep(LOOK_SECONDS)

    def _is_settling(self, cancel: bool) -> bool:
        """Whether an order is to come to its end, or the broker has not answered: a stop may be short until it has."""
        ledger = self._board.ledger
        return bool((cancel and ledger is not None and ledger.working().any()) or self._cache.orders_inflight())


def _limits(stage: Stage) -> EngineLimits:
    """Derive the engine's limits, by what the broker calls the instruments."""
    limits, route = engine_limits(stage.firm, stage.universe.bar_minutes), stage.universe.route
    called = dict(zip(stage.universe.names, () if route is None else map(str, route.order_ids), strict=True))
    largest = {called[name]: value for name, value in limits.max_notional_per_order.items()}
    return replace(limits, max_notional_per_order=largest)

"""Seats every desk, in flow order, in whatever host it is given: start reading here.

market -> signals -> cio -> risk -> compliance -> execution -> algorithms; records listen to all of them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from nautilus_ai_firm.agents.algorithms import slicing_algorithms
from nautilus_ai_firm.agents.book import Book, Funds, Universe
from nautilus_ai_firm.agents.cio import CioDesk
from nautilus_ai_firm.agents.compliance import ComplianceDesk
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.agents.obedience import Safety
from nautilus_ai_firm.agents.records import Recorder, RecordsDesk
from nautilus_ai_firm.agents.reports import ReportsDesk
from nautilus_ai_firm.agents.risk import RiskDesk
from nautilus_ai_firm.agents.risk_plan import risk_plan
from nautilus_ai_firm.agents.signals import Measure, Seat, SignalDesk, unmeasured
from nautilus_ai_firm.agents.stops import StopDesk
from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.gateways.kill_switch import KillSwitch
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.models.execution.pyramid import Pyramid
from nautilus_ai_firm.models.execution.reporter import Reporter
from nautilus_ai_firm.models.execution.told_ledger import Follow, ToldLedger
from nautilus_ai_firm.models.risk.memory import FRESH, CarriedRisk, RiskMemory, forget
from nautilus_ai_firm.models.risk.review import RiskReview
from nautilus_ai_firm.settings import Firm, bar_length_ns, model_module, params_of, watched_by

COMPONENT_TIME = MarketTime()


class Host(Protocol):
    """Whatever the firm can sit in: a backtest engine or a live node."""

    def add_actor(self, actor: Any) -> None:
        """Seat an actor."""
        ...

    def add_strategy(self, strategy: Any) -> None:
        """Seat a strategy."""
        ...

    def add_exec_algorithm(self, exec_algorithm: Any) -> None:
        """Seat an execution algorithm."""
        ...


def seat(
    host: Host,
    firm: Firm,
    *,
    universe: Universe,
    sessions: Sessions,
    feed: Feed,
    recorder: Recorder,
    kill_switch: KillSwitch,
    failures: Failures,
    time: MarketTime = COMPONENT_TIME,
    funds: Funds | None = None,
    measure: Measure = unmeasured,
    carried: CarriedRisk = FRESH,
    remember: Callable[[RiskMemory], None] = forget,
    follow: Follow | None = None,
) -> WorkingLedger:
    """Seat the whole firm and return its ledger of what is working.

    Parameters
    ----------
    host : Host
        Where the firm runs.
    firm : Firm
        Settings.
    universe : Universe
        What the firm trades and watches.
    sessions : Sessions
        Opens and closes of the exchange.
    feed : Feed
        What the host knows of its market data.
    recorder : Recorder
        Where the records go.
    kill_switch : KillSwitch
        What halts the firm.
    failures : Failures
        What tells whether a desk failed.
    time : MarketTime, optional
        How the host keeps market time; on the clock of each component when absent.
    funds : Funds, optional
        Who knows the balance; the engine's account of the venue when absent.
    measure : Measure, optional
        What lets an agent think and measures how long it does; it changes no view.
    carried : CarriedRisk, optional
        What the risk desk remembers of losses; it begins anew when absent.
    remember : callable, optional
        Keeps what the risk desk knows after each round; nobody does when absent.
    follow : callable, optional
        Hears after each change which parents would go on after an interruption, and what is left of each; nobody does
        when absent.

    """
    n = len(universe.instrument_ids)
    ledger = WorkingLedger(n) if follow is None else ToldLedger(n, follow)
    book = Book(universe, ledger, funds)
    gate = OrderGate(
        firm.execution.gate,
        firm.market,
        universe,
        halt_allows_reducing=firm.risk.halt_allows_reducing,
        latch=lambda cause, ts_event: kill_switch.latch(cause, "gate", _iso(ts_event)),
    )
    host.add_actor(RecordsDesk(recorder, failures))
    if firm.execution.messages:
        host.add_actor(ReportsDesk(_reporter(firm, universe), failures))
    seat_deciding(host, firm, book=book, sessions=sessions, feed=feed, failures=failures, time=time, measure=measure)
    review, bar_ns = RiskReview(risk_plan(firm, universe, carried)), bar_length_ns(firm.market.bar)
    reduces = firm.risk.halt_allows_reducing
    host.add_actor(RiskDesk(review, sessions, bar_ns, kill_switch, failures, reduces, carried.was_halted, remember))
    stops = firm.risk.stops
    if stops is not None:
        host.add_actor(StopDesk(stops, universe, failures))
    host.add_actor(ComplianceDesk(firm.compliance, firm.execution.gate, firm.market, universe, sessions, failures))
    safety = Safety.of(firm)
    host.add_strategy(ExecutionDesk(firm.execution, book, ledger, gate, sessions, time, failures, safety))
    slicing = firm.execution.algorithm
    layered = firm.execution.pyramid is not None
    for algorithm in slicing_algorithms(universe, gate, time, failures, slicing, pyramids=layered):
        host.add_exec_algorithm(algorithm)
    return ledger


def seat_deciding(
    host: Host,
    firm: Firm,
    *,
    book: Book,
    sessions: Sessions,
    feed: Feed,
    failures: Failures,
    time: MarketTime = COMPONENT_TIME,
    measure: Measure = unmeasured,
) -> None:
    """Seat who looks at the market and who decides, and nobody who acts on it.

    Parameters
    ----------
    host, firm, sessions, feed, failures, time, measure
        As of `seat`.
    book : Book
        What the firm holds, for the CIO.

    """
    host.add_actor(MarketDesk(book.universe, sessions, feed, time, failures))
    for seats in _signal_seats(firm):
        host.add_actor(SignalDesk(seats, failures, measure))
    layered, universe = firm.execution.pyramid, book.universe
    pyramid = (
        None
        if layered is None
        else Pyramid(layered.rules(), universe.names, universe.lot_sizes, firm.execution.no_trade_band)
    )
    host.add_actor(CioDesk(firm.cio, firm.signals.agents, book, sessions, failures, pyramid))


def _iso(ts_event: int) -> str:
    return datetime.fromtimestamp(ts_event / 1e9, UTC).isoformat()


def _reporter(firm: Firm, universe: Universe) -> Reporter:
    pyramid = firm.execution.pyramid
    return Reporter(
        universe.names,
        halt_flattens=firm.risk.kill_switch_flattens,
        volatility_adjusted=None if pyramid is None else pyramid.confirm == "atr",
    )


def _signal_seats(firm: Firm) -> list[list[Seat]]:
    """One list of seats for each actor of the signal desk."""
    watched = watched_by(firm)
    seats = [
        Seat(
            name=agent.name,
            place=place,
            model=model_module(agent.model).Model(params_of(agent), watched),
        )
        for place, agent in enumerate(firm.signals.agents)
    ]
    return [seats] if firm.signals.hosting == "shared" else [[one] for one in seats]

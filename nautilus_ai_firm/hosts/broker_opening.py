"""A plan and a gateway -> what a session at a broker begins with: account, history, and the universe by both names."""

import time
import tomllib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.model import BarType, InstrumentId

from nautilus_ai_firm.agents.book import Route
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.quotes import Beside
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import DAY_NS, MS_NS
from nautilus_ai_firm.gateways.ib_account import AccountReading
from nautilus_ai_firm.gateways.ib_bars import Contract
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, shortened
from nautilus_ai_firm.gateways.ib_history import HistoryLine
from nautilus_ai_firm.gateways.ib_orders import TakenBack
from nautilus_ai_firm.gateways.ib_pacing import Pacing
from nautilus_ai_firm.gateways.ib_retry import Patience
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch, KillSwitch
from nautilus_ai_firm.gateways.work_file import WorkFile
from nautilus_ai_firm.hosts.broker_account import opened_account
from nautilus_ai_firm.hosts.broker_feed import Stream
from nautilus_ai_firm.hosts.broker_node import BROKER
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan, contracts_of
from nautilus_ai_firm.hosts.carried_risk import carried_line, risk_file
from nautilus_ai_firm.hosts.fresh_history import FreshHistory
from nautilus_ai_firm.hosts.gateway_bars import Ask, broker_contract
from nautilus_ai_firm.hosts.stopping import Stop
from nautilus_ai_firm.hosts.study import Stage, Study, charges_of
from nautilus_ai_firm.hosts.unfinished_work import EarlierWork, WorkTerms, earlier_work
from nautilus_ai_firm.hosts.universe import universe_of
from nautilus_ai_firm.hosts.warm_up import WarmUp, warm_up
from nautilus_ai_firm.hosts.watching import Watching, with_watched
from nautilus_ai_firm.models.risk.memory import RiskMemory
from nautilus_ai_firm.settings import InteractiveBrokers, bar_length_ns, decode, encode

LONGEST_SESSION_DAYS = 40

ACCOUNT_CAVEAT = (
    "the account held positions or open profit when the session began: a replay begins with the same equity in cash"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOpening:
    """How a session at a broker opens.

    Attributes
    ----------
    folder : Path
        Its run folder.
    stage : Stage
        What it needs, checked; its universe has a route.
    streams : tuple of Stream
        What of the broker's market is heard.
    endpoint : Endpoint
        Where the gateway is.
    settings : InteractiveBrokers
        How it is dealt with.
    reading : AccountReading
        The account when the session begins.
    taken_back : tuple of TakenBack
        Orders of an earlier session that were canceled before the account was read.
    fresh : FreshHistory
        What asks again for history that the gateway did not give.
    bar_ns : int
        Length of decision bars, nanoseconds.
    switch : KillSwitch
        What halts it.
    remember : callable
        Keeps what the risk desk knows after each round, for the next session.
    minutes : float, optional
        Minutes on the wall after which it ends; when it is told to if absent.
    work : EarlierWork
        Parents that an earlier session left unfinished.
    trades : callable
        Called when the firm may trade.
    say : callable
        Prints a line for the person at the console.

    """

    folder: Path
    stage: Stage
    streams: tuple[Stream, ...]
    endpoint: Endpoint
    settings: InteractiveBrokers
    reading: AccountReading
    taken_back: tuple[TakenBack, ...]
    fresh: FreshHistory
    bar_ns: int
    switch: KillSwitch
    remember: Callable[[RiskMemory], None]
    minutes: float | None
    work: EarlierWork
    trades: Callable[[], None]
    say: Callable[[str], None]


class Waits:
    """How a session waits for the broker: interrupted by its end, and within one pacing."""

    def __init__(self, stop: Stop) -> None:
        self.patience = Patience(sleep=stop.sleep)
        self.pacing = Pacing()


def open_broker(
    plan: BrokerPlan, endpoint: Endpoint, folder: Path, waits: Waits, *, takes_back: bool
) -> tuple[BrokerOpening, list[str]]:
    """Read the account and the history, make what a session needs, and say what was found.

    With `takes_back` what an earlier session left working is canceled first, and the account is what it is then.

    Raises
    ------
    ConfigError, CatalogError
        The configuration or the catalog cannot be used.
    GatewayError
        The account cannot be read, or may not be traded; an order of an earlier session cannot be canceled; history
        and catalog do not continue each other; or what the risk desk remembers cannot be read.

    """
    contracts = contracts_of(plan)
    remembered = risk_file(plan.loaded, endpoint)
    carried = remembered.carried(time.time_ns())
    reading, taken = opened_account(plan, endpoint, contracts, carried, takes_back=takes_back)
    work = earlier_work(
        WorkFile.beside(plan.loaded.kill_switch_path, plan.loaded.firm.name, endpoint.account),
        WorkTerms.of(plan.loaded),
        plan.say,
    )
    learned = _learned(plan, endpoint, contracts, waits)
    stage = replace(_stage(plan, reading, contracts, folder, learned), carried=carried)
    account = (
        f"account {shortened(endpoint.account)}: {reading.net_liquidation:,.2f} {reading.currency}, "
        f"{reading.cash:,.2f} in cash, {len(reading.holdings)} positions"
    )
    found = [*learned.lines(), account, carried_line(carried), *work.lines()]
    bar_types = [*stage.universe.bar_types, *stage.universe.input_bar_types.values()]
    instruments = stage.catalog.instruments(map(str, bar_types))
    known = {str(instrument.id): instrument for instrument in instruments}
    streams = tuple(
        Stream(
            broker_id=contracts[name],
            instrument=known[name],
            bar_type=_bar_type(name, bar_types),
            traded=name in stage.universe.names,
            watched=name in stage.universe.names and stage.firm.market.quotes,
        )
        for name in contracts
    )
    opening = BrokerOpening(
        folder=folder,
        stage=stage,
        streams=streams,
        endpoint=endpoint,
        settings=plan.settings,
        reading=reading,
        taken_back=taken,
        fresh=FreshHistory(
            plan.loaded.firm,
            Catalog(plan.catalog),
            _series_contracts(plan, contracts),
            learned.cached,
            {bar_type_id(name, plan.loaded.firm.market.bar): name for name in contracts},
            partial(_line, plan, endpoint, waits),
        ),
        bar_ns=bar_length_ns(plan.loaded.firm.market.bar),
        switch=FileKillSwitch(plan.loaded.kill_switch_path),
        remember=partial(remembered.remember, flows=carried.flows),
        minutes=plan.minutes,
        work=work,
        trades=lambda: None,
        say=plan.say,
    )
    return opening, found


def _learned(plan: BrokerPlan, endpoint: Endpoint, contracts: Mapping[str, InstrumentId], waits: Waits) -> WarmUp:
    """Collect what the models learn from: the catalog, and the gateway from there up to now."""
    named = _series_contracts(plan, contracts)
    with HistoryLine(endpoint, plan.settings, plan.say, waits.pacing, waits.patience) as line:
        return warm_up(plan.loaded.firm, Catalog(plan.catalog), named, time.time_ns(), line.bars)


def _series_contracts(plan: BrokerPlan, contracts: Mapping[str, InstrumentId]) -> dict[str, Contract]:
    bar = plan.loaded.firm.market.bar
    return {bar_type_id(name, bar): broker_contract(one) for name, one in contracts.items()}


@contextmanager
def _line(plan: BrokerPlan, endpoint: Endpoint, waits: Waits, nap: Callable[[float], None]) -> Generator[Ask]:
    """Open a line for what is asked again while the session runs; what it met is told with what came of it."""
    with HistoryLine(endpoint, plan.settings, lambda _: None, waits.pacing, Patience(sleep=nap)) as line:
        yield line.bars


def _bar_type(name: str, bar_types: list[BarType]) -> BarType:
    return next(one for one in bar_types if str(one.instrument_id) == name)


def _stage(
    plan: BrokerPlan,
    reading: AccountReading,
    contracts: Mapping[str, InstrumentId],
    folder: Path,
    learned: WarmUp,
) -> Stage:
    firm, now_ns = plan.loaded.firm, time.time_ns()
    venue = msgspec.structs.replace(firm.venue, starting_balance=float(reading.net_liquidation))
    resolved = msgspec.structs.replace(firm, venue=venue)
    loaded = decode(tomllib.loads(encode(resolved).decode()), plan.loaded.source)
    catalog = Catalog(plan.catalog)
    universe = replace(
        with_watched(universe_of(firm, catalog, plan.loaded.source), firm, (), {}),
        trades_quotes=True,
        route=Route(
            order_ids=tuple(contracts[name] for name in firm.instrument_ids),
            client_id=BROKER,
            order_tag=f"{datetime.now(UTC):%y%m%d%H%M%S}-",
            auctions=plan.settings.opening_auction,
        ),
    )
    return Stage(
        study=Study(loaded=loaded, catalog=plan.catalog, out=folder),
        catalog=catalog,
        universe=universe,
        rounds_ns=np.array([now_ns], dtype=np.int64),
        end_ns=now_ns,
        sessions=Sessions.between(
            firm.market.calendar, min(learned.begin_ns, now_ns), now_ns + LONGEST_SESSION_DAYS * DAY_NS
        ),
        charges=charges_of(loaded.firm, universe),
        kill_switch=FileKillSwitch(loaded.kill_switch_path),
        feed=replace(
            learned.feed,
            grace_ns=firm.market.grace_ms * MS_NS,
            history=[*catalog.notices_before(firm.market.events, now_ns), *learned.feed.history],
        ),
        watching=Watching(beside=Beside(events=firm.market.events)),
        caveats=(
            *((ACCOUNT_CAVEAT,) if reading.holdings else ()),
            *(one.line(name) for name, one in learned.cached.items()),
        ),
    )

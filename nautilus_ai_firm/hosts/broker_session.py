"""A session at a broker from its command to its run folder: the account is probed, the firm built, run and sealed."""

import asyncio
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
from nautilus_trader.model import BarType, InstrumentId

from nautilus_ai_firm.agents.book import Route
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.data.quotes import Beside
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.gateways.account_probe import GatewayFacts, probe
from nautilus_ai_firm.gateways.errors import GatewayError, HistoryError
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, read_endpoint, shortened
from nautilus_ai_firm.gateways.ib_history import HistoryLine
from nautilus_ai_firm.gateways.ib_pacing import Pacing
from nautilus_ai_firm.gateways.ib_retry import Patience
from nautilus_ai_firm.gateways.ib_watch import AccountReading, read_account
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.hosts.broker import NODE, BrokerOpening, BrokerSession
from nautilus_ai_firm.hosts.broker_feed import Stream
from nautilus_ai_firm.hosts.broker_node import BROKER
from nautilus_ai_firm.hosts.gateway_bars import broker_contract
from nautilus_ai_firm.hosts.session import sealed
from nautilus_ai_firm.hosts.stopping import Stop
from nautilus_ai_firm.hosts.study import Stage, Study, charges_of
from nautilus_ai_firm.hosts.supervisor import Ended, Supervisor
from nautilus_ai_firm.hosts.universe import bar_length_ns, universe_of
from nautilus_ai_firm.hosts.warm_up import WarmUp, warm_up
from nautilus_ai_firm.hosts.watching import Watching, with_watched
from nautilus_ai_firm.runs.folder import Run, new_folder, open_run
from nautilus_ai_firm.runs.sealing import seal_session
from nautilus_ai_firm.settings import ConfigError, InteractiveBrokers, Loaded, decode, encode

MS_NS = 1_000_000
DAY_NS = 86_400_000_000_000
LONGEST_SESSION_DAYS = 40

ACCOUNT_CAVEAT = (
    "the account held positions or open profit when the session began: a replay begins with the same equity in cash"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPlan:
    """What session to run at a broker.

    Attributes
    ----------
    loaded : Loaded
        Settings; they have a table `[live.ib]`.
    catalog : Path
        Catalog folder, for what the models warm up on.
    environment : mapping
        Environment of the process: where the gateway is, and which account.
    real_money : bool
        Whether orders are for real money.
    minutes : float, optional
        Minutes on the wall after which the session ends; when it is told to if absent.
    out : Path, optional
        The run's folder; the next free number under `runs/`.
    say : callable
        Prints a line for the person at the console.

    """

    loaded: Loaded
    catalog: Path
    environment: Mapping[str, str]
    real_money: bool
    say: Callable[[str], None]
    minutes: float | None = None
    out: Path | None = None

    @property
    def settings(self) -> InteractiveBrokers:
        """How the broker is dealt with.

        Raises
        ------
        ConfigError
            The configuration does not say.

        """
        settings = self.loaded.firm.live.ib
        if settings is None:
            raise ConfigError(
                f"{self.loaded.source}: there is no table live.ib (needed: it names what is traded there)"
            )
        return settings

    @property
    def endpoint(self) -> Endpoint:
        """Where orders go.

        Raises
        ------
        GatewayError
            As `read_endpoint`.

        """
        return read_endpoint(self.settings, self.environment, real_money=self.real_money)


def check_broker(plan: BrokerPlan) -> list[str]:
    """Check configuration, catalog, environment, gateway, account and history, and leave nothing behind.

    Returns
    -------
    list of str
        What was found, for people.

    Raises
    ------
    ConfigError, CatalogError, RunError
        The configuration, the catalog or the output folder cannot be used.
    GatewayError
        The gateway is not there, is not the right one, has an account that the firm may not trade, or its bars do not
        continue those of the catalog.

    """
    folder = new_folder(plan.out, plan.loaded.firm.name)
    endpoint = plan.endpoint
    contracts_of(plan)
    probe(endpoint, plan.settings, plan.say)
    _, found = _opening(plan, endpoint, folder, _Waits(Stop()))
    return [*found, f"checked: the gateway at {endpoint.address} has account {shortened(endpoint.account)}"]


def run_broker(plan: BrokerPlan) -> list[Run]:
    """Run a session at a broker, again after every loss, and seal a run folder for each attempt.

    Returns
    -------
    list of Run
        The attempts in order; none where the session was ended before it began.

    Raises
    ------
    ConfigError, CatalogError, RunError, GatewayError
        As `check_broker`; or nothing could be traded for hours.
    SessionError
        A desk raised; the run folder says what failed.

    """
    new_folder(plan.out, plan.loaded.firm.name)
    endpoint = plan.endpoint
    contracts_of(plan)
    attempts = _Attempts(plan, endpoint)
    patience = attempts.waits.patience
    Supervisor(endpoint, plan.settings, attempts.run, attempts.stop, plan.say, patience).run()
    return attempts.runs


class _Waits:
    """How a session waits for the broker: interrupted by its end, and within one pacing."""

    def __init__(self, stop: Stop) -> None:
        self.patience = Patience(sleep=stop.sleep)
        self.pacing = Pacing()


class _Attempts:
    """The attempts of one session."""

    def __init__(self, plan: BrokerPlan, endpoint: Endpoint) -> None:
        self._plan = plan
        self._endpoint = endpoint
        self._end_s = None if plan.minutes is None else time.monotonic() + plan.minutes * 60
        self.stop = Stop()
        self.waits = _Waits(self.stop)
        self.runs: list[Run] = []

    def run(self, _facts: GatewayFacts, trades: Callable[[], None]) -> Ended:
        """Run the session until it is over, or the broker is lost and does not come back by itself."""
        plan, out = self._plan, self._plan.out
        if out is not None and self.runs:
            out = out.with_name(f"{out.name}-{len(self.runs) + 1}")
        folder = new_folder(out, plan.loaded.firm.name)
        try:
            opening, found = _opening(plan, self._endpoint, folder, self.waits)
        except HistoryError as error:
            if not self.runs:
                raise
            return Ended(again=True, why=str(error))
        for line in found:
            plan.say(line)
        left = None if self._end_s is None else max(0.001, (self._end_s - time.monotonic()) / 60)
        opening = replace(opening, minutes=left, trades=trades)
        with closing(BrokerSession(opening, self.stop)) as session:
            failure = session.run()
        if failure is not None and failure.component == NODE and session.is_recorded:
            seal_session(folder)
            self.runs.append(open_run(folder))
            return Ended(again=True, why=failure.error)
        self.runs.append(sealed(folder, failure, is_recorded=session.is_recorded))
        return Ended(again=False, why=self.stop.cause or "normal")


def contracts_of(plan: BrokerPlan) -> dict[str, InstrumentId]:
    """Find what the broker calls every instrument that the firm trades or watches.

    Raises
    ------
    ConfigError
        `live.ib.contracts` misses one, or names one that the firm does not know.

    """
    firm, source = plan.loaded.firm, plan.loaded.source
    wanted = [*firm.instrument_ids, *(name for name in firm.market.inputs if "." in name)]
    contracts = plan.settings.contracts
    if firm.market.chains:
        raise ConfigError(f"{source}: market.chains (allowed at the broker: none, option chains are not read there)")
    missing = [name for name in wanted if name not in contracts]
    if missing:
        raise ConfigError(
            f'{source}: live.ib.contracts has no {missing[0]} (needed: a line such as "{missing[0]}" = "AAPL.NASDAQ")'
        )
    unknown = [name for name in contracts if name not in wanted]
    if unknown:
        raise ConfigError(f"{source}: live.ib.contracts names {unknown[0]} (allowed: {', '.join(wanted)})")
    return {name: InstrumentId.from_str(contracts[name]) for name in wanted}


def _opening(plan: BrokerPlan, endpoint: Endpoint, folder: Path, waits: _Waits) -> tuple[BrokerOpening, list[str]]:
    """Read the account and the history, and say what was found."""
    contracts = contracts_of(plan)
    reading = asyncio.run(read_account(endpoint, plan.settings.answer_seconds))
    _refuse_account(reading, contracts, plan.loaded)
    learned = _learned(plan, endpoint, contracts, waits)
    stage = _stage(plan, reading, contracts, folder, learned)
    account = (
        f"account {shortened(endpoint.account)}: {reading.net_liquidation:,.2f} {reading.currency}, "
        f"{reading.cash:,.2f} in cash, {len(reading.holdings)} positions"
    )
    found = [*learned.lines(), account]
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
        bar_ns=bar_length_ns(plan.loaded.firm.market.bar),
        switch=FileKillSwitch(plan.loaded.kill_switch_path),
        minutes=plan.minutes,
        trades=lambda: None,
        say=plan.say,
    )
    return opening, found


def _learned(plan: BrokerPlan, endpoint: Endpoint, contracts: Mapping[str, InstrumentId], waits: _Waits) -> WarmUp:
    """Collect what the models learn from: the catalog, and the gateway from there up to now."""
    bar = plan.loaded.firm.market.bar
    named = {bar_type_id(name, bar): broker_contract(one) for name, one in contracts.items()}
    with HistoryLine(endpoint, plan.settings, plan.say, waits.pacing, waits.patience) as line:
        return warm_up(plan.loaded.firm, Catalog(plan.catalog), named, time.time_ns(), line.bars)


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
        caveats=(ACCOUNT_CAVEAT,) if reading.holdings else (),
    )


def _refuse_account(reading: AccountReading, contracts: Mapping[str, InstrumentId], loaded: Loaded) -> None:
    """Refuse an account of which the firm does not understand all: its equity would not be the firm's."""
    firm = loaded.firm
    if reading.currency != firm.venue.currency:
        raise GatewayError(
            f"the account is kept in {reading.currency} (allowed: {firm.venue.currency}, as venue.currency says)"
        )
    symbols = {str(contracts[name].symbol): name for name in firm.instrument_ids}
    for holding in reading.holdings:
        if holding.symbol not in symbols:
            raise GatewayError(
                f"the account holds {holding.quantity:,} {holding.symbol}, which the firm does not trade "
                f"(allowed: {', '.join(symbols)}; give the firm an account of its own)"
            )
    if reading.open_orders:
        raise GatewayError(
            f"the account has open orders: {', '.join(reading.open_orders)} (allowed: none when a session begins; "
            "cancel them in TWS)"
        )

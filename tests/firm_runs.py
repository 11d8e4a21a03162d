"""Builders of synthetic markets and configurations, and readers of what a run left behind, for tests of whole runs.

Run as a module it is a fresh process that prints the `result_sha256` of one study: `python -m tests.firm_runs CATALOG`.
"""

import copy
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from nautilus_trader.common import DataActor, DataActorConfig
from nautilus_trader.model import ActorId

from nautilus_ai_firm.agents.algorithms import slicing_algorithms
from nautilus_ai_firm.agents.book import Book, Holdings
from nautilus_ai_firm.agents.execution import ExecutionDesk
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.market import Feed, MarketDesk
from nautilus_ai_firm.agents.obedience import Safety
from nautilus_ai_firm.agents.records import RecordsDesk
from nautilus_ai_firm.agents.stops import StopDesk
from nautilus_ai_firm.bus import Failures, Line, Priority, Topic, callback
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns, ObservationColumns
from nautilus_ai_firm.data.manifest import Listing, Provenance
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.data.synthetic import bar_times, synthetic_bars, write_synthetic
from nautilus_ai_firm.durations import DAY_NS, SECOND_NS
from nautilus_ai_firm.hosts import backtest_engine
from nautilus_ai_firm.hosts.backtest import run_backtest
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.messages import (
    ClearedDecision,
    DecisionEvent,
    MarketSnapshot,
    RiskAction,
    RiskCommand,
    RiskedDecision,
)
from nautilus_ai_firm.models.execution.ledger import WorkingLedger
from nautilus_ai_firm.models.execution.told_ledger import ToldLedger
from nautilus_ai_firm.runs.folder import Run, open_run
from nautilus_ai_firm.settings import Loaded, decode

ROOT = Path(__file__).resolve().parents[1]
VENUE = "US"
INDEX = "SPX.INDEX"

FIRM: dict[str, Any] = {
    "name": "tested",
    "market": {"bar": "1-DAY", "calendar": "XNYS"},
    "signals": {
        "hosting": "separate",
        "agents": [
            {
                "name": "momentum",
                "model": "momentum",
                "weight": 0.5,
                "params": {"fast_spans": [2, 4, 8], "volatility_span": 20},
            },
            {
                "name": "mean_reversion",
                "model": "mean_reversion",
                "weight": 0.2,
                "params": {"window": 30, "entry_p": 0.9, "exit_p": 0.95, "max_half_life": 50},
            },
            {
                "name": "macro",
                "model": "macro",
                "weight": 0.3,
                "params": {
                    "credit_spread": "credit_spread",
                    "oil": "wti",
                    "index": INDEX,
                    "credit_span": 2,
                    "credit_scale_span": 4,
                    "oil_fast_span": 8,
                    "oil_volatility_span": 10,
                    "volatility_span": 10,
                    "long_volatility_span": 30,
                },
            },
        ],
    },
    "cio": {
        "target_volatility_per_year": 0.15,
        "volatility_span": 20,
        "correlation_span": 60,
        "max_diversification_multiplier": 2.0,
    },
    "risk": {
        "max_position": 0.40,
        "max_sector": 1.00,
        "max_gross": 1.50,
        "max_net": 1.20,
        "max_leverage": 1.50,
        "max_concentration": 0.50,
        "max_participation": 10.0,
        "max_turnover": 3.00,
        "max_agent": 2.00,
        "max_overnight": 1.50,
        "max_drawdown": 0.30,
        "value_at_risk": "off",
        "stress": "off",
        "losses": "off",
        "velocity": "off",
        "correlation": "off",
        "halt_allows_reducing": True,
        "kill_switch_file": "/nonexistent/kill_switch.json",
    },
    "compliance": {"restricted": [], "restricted_may_reduce": True},
    "execution": {
        "no_trade_band": 0.10,
        "volume_span": 20,
        "twap": {"above_participation": 0.02, "duration_minutes": 60, "interval_minutes": 5},
        "gate": {"max_collar": 0.10, "max_messages": 200, "message_window_seconds": 60},
    },
    "venue": {"currency": "USD", "starting_balance": 10_000_000.0, "leverage": 2.0},
    "costs": {
        "commission_bps": 0.5,
        "commission_minimum": 1.0,
        "half_spread_bps": 2.0,
        "impact_coefficient": 1.0,
        "cash_rate_per_year": 0.01,
        "margin_rate_per_year": 0.05,
        "borrow_rate_per_year": 0.01,
    },
}
"""A firm whose models warm up quickly; the tests do not lean on the values of `configs/`."""

ALL_RISK: dict[str, Any] = {
    "market.universe.sector": "stocks",
    "risk.drawdown_tiers": [
        {"action": "warn", "drawdown": 0.02, "recovery": 0.01},
        {"action": "halve", "drawdown": 0.05, "recovery": 0.03},
        {"action": "no_new_risk", "drawdown": 0.08, "recovery": 0.06},
        {"action": "flatten", "drawdown": 0.12},
    ],
    "risk.value_at_risk": {
        "max_var": 0.02,
        "max_es": 0.03,
        "methods": ["historical", "student_t"],
        "confidence": 0.95,
        "window_rounds": 20,
    },
    "risk.stress": {
        "max_loss": 0.20,
        "scenarios": [
            {
                "name": name,
                "kind": "hypothetical",
                "description": "planned",
                "horizon_sessions": 1,
                "shocks": [{"instrument": "*", "move": move}],
            }
            for name, move in (("fall", -0.2), ("rise", 0.15))
        ],
    },
    "risk.losses": {"max_daily": 0.03, "max_weekly": 0.06, "max_rolling": 0.08, "rolling_rounds": 10},
    "risk.velocity": {
        "span": 50.0,
        "warm_up": 20,
        "fast": 5.0,
        "crash": 20.0,
        "floor_bps": 3.0,
        "longest_minutes": 390.0,
    },
    "risk.correlation": {
        "max_cluster": 0.6,
        "cluster_threshold": 0.5,
        "span": 20.0,
        "window_rounds": 20,
        "history_span": 60.0,
        "alert_z": 3.0,
    },
}
"""Changes that switch on everything that the risk desk can measure."""

ABSENT = object()


def raw_firm(
    symbols: Sequence[str] = ("A", "B", "C"), changes: Mapping[str, Any] | None = None, *, macro: bool = True
) -> dict[str, Any]:
    """Make a configuration; `changes` replaces values by dotted path, and `ABSENT` removes them."""
    raw = copy.deepcopy(FIRM)
    raw["market"]["inputs"] = [INDEX, "wti", "credit_spread"] if macro else []
    raw["market"]["universe"] = [
        {"id": f"{symbol}.{VENUE}", "max_order_value": 5e6, "max_order_volume": 1_000_000} for symbol in symbols
    ]
    if not macro:
        raw["signals"]["agents"].pop()
    for path, value in (changes or {}).items():
        *tables, key = path.split(".")
        targets = [raw]
        for name in tables:
            targets = [one for target in targets for one in _inside(target[name])]
        for target in targets:
            if value is ABSENT:
                target.pop(key)
            else:
                target[key] = value
    return raw


def _inside(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def settings(
    symbols: Sequence[str] = ("A", "B", "C"), changes: Mapping[str, Any] | None = None, *, macro: bool = True
) -> Loaded:
    """Make decoded settings; as `raw_firm`."""
    return decode(raw_firm(symbols, changes, macro=macro), "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Columns of a synthetic market, before they are written."""

    bars: dict[str, BarColumns]
    index: BarColumns
    macro: dict[str, ObservationColumns]

    def cut(self, cut_ns: int) -> "Market":
        """Only what was known at `cut_ns`."""
        return Market(
            bars={symbol: known(columns, cut_ns) for symbol, columns in self.bars.items()},
            index=known(self.index, cut_ns),
            macro={name: columns.take(columns.ts_init_ns <= cut_ns) for name, columns in self.macro.items()},
        )

    def write(self, path: Path, bar: Any = "1-DAY") -> Path:
        """Make a catalog of it."""
        catalog = Catalog(path)
        write_synthetic(catalog, self.bars, bar, VENUE)
        listing = Listing(instrument_class="IndexInstrument", tradable=False, calendar="XNYS")
        with catalog.update() as update:
            update.add_bars(INDEX, bar, self.index, listing, PROVENANCE)
            for name, columns in self.macro.items():
                update.add_observations(name, "units", "XNYS", columns, PROVENANCE)
        return path

    def closes(self) -> np.ndarray:
        """Distinct closes of the universe's bars, nanoseconds UTC."""
        return np.unique(np.concatenate([columns.ts_close_ns for columns in self.bars.values()]))


PROVENANCE = Provenance(
    source="synthetic", licence="none needed", source_sha256="0" * 64, adjustment="raw", as_of="2012-01-03"
)


def known(columns: BarColumns, cut_ns: int) -> BarColumns:
    """Bars that had closed at `cut_ns`."""
    return columns.take(columns.ts_close_ns <= cut_ns)


def synthetic_market(
    symbols: Sequence[str], n_sessions: int, bar: Any = "1-DAY", seed: int = 7, start: date = date(2012, 1, 3)
) -> Market:
    """A universe, an index, a daily and a monthly macro series that is published some days after its month."""
    bars = synthetic_bars([*symbols, "SPX"], n_sessions, bar, seed, start)
    index = bars.pop("SPX")
    generator = np.random.default_rng(seed)
    first, last = int(index.ts_open_ns[0]), int(index.ts_close_ns[-1])
    days = np.arange(first - 40 * DAY_NS, last, DAY_NS) // DAY_NS * DAY_NS + 22 * 3_600 * SECOND_NS
    oil = 90 * np.exp(np.cumsum(0.01 * generator.standard_normal(len(days))))
    month = np.timedelta64(1, "M")
    begin, end = (np.datetime64(ts, "ns").astype("datetime64[M]") for ts in (first, last))
    ends = (np.arange(begin - 2 * month, end) + month).astype("datetime64[ns]").astype(np.int64)
    spread = 0.01 + 0.002 * generator.standard_normal(len(ends))
    return Market(
        bars=bars,
        index=index,
        macro={
            "wti": ObservationColumns(ts_event_ns=days, ts_init_ns=days + DAY_NS, value=oil, source="seed"),
            "credit_spread": ObservationColumns(
                ts_event_ns=ends, ts_init_ns=ends + 4 * DAY_NS, value=spread, source="seed"
            ),
        },
    )


def run(loaded: Loaded, catalog: Path, out: Path, **study: Any) -> Run:
    """Run a study."""
    return run_backtest(Study(loaded=loaded, catalog=catalog, out=out, **study))


def audit(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    """Facts of the audit chain of these kinds (all when none is given), without the chain itself."""
    facts = [json.loads(line) for line in (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        {name: value for name, value in fact.items() if name not in {"line", "previous"}}
        for fact in facts
        if not kinds or fact["kind"] in kinds
    ]


def decisions(folder: Path) -> list[dict[str, Any]]:
    """Lines of `decisions.jsonl`."""
    return [json.loads(line) for line in (folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]


def fills(result: Run) -> list[dict[str, Any]]:
    """Rows of `fills.parquet`, times in nanoseconds."""
    rows = result.table("fills").to_dict("records")
    return [row | {"ts": row["ts"].value} for row in rows]


@dataclass(frozen=True, slots=True)
class Past:
    """What a run decided and traded up to a moment: one line a fact, so that two runs can be compared."""

    decided: list[str]
    traded: list[str]

    @classmethod
    def of(cls, result: Run, until_ns: int) -> Self:
        """Everything with a time up to `until_ns`; all of the audit chain, which holds a line for every decision."""
        decided, traded = _past(result.folder)
        return cls(
            decided=[line for ts, line in decided if ts <= until_ns],
            traded=[line for ts, line in traded if ts <= until_ns],
        )


@cache
def _past(folder: Path) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Time and text of every fact, and of every fill; a run is read once."""
    facts = [fact for fact in (*audit(folder), *decisions(folder)) if "ts" in fact]
    decided = [(fact["ts"], json.dumps(fact, sort_keys=True)) for fact in facts]
    return decided, [(row["ts"], json.dumps(row, sort_keys=True, default=str)) for row in fills(open_run(folder))]


def market_events(catalog: Path, names: Iterable[str]) -> set[tuple[str, int, Decimal]]:
    """Instrument, time and price of every opening tick."""
    reader = Catalog(catalog)
    ticks = reader.window(list(names), [], 0, np.iinfo(np.int64).max).opening_ticks
    return {(str(tick.instrument_id), tick.ts_event, tick.price.as_decimal()) for tick in ticks}


# --- A scripted desk instead of signals, CIO, risk and compliance -----------------------------------------------------


@dataclass(slots=True)
class Tape:
    """A recorder that keeps every message in order of arrival."""

    messages: list[Any] = field(default_factory=list)

    def _keep(self, message: Any) -> None:
        self.messages.append(message)

    snapshot = late_bar = signal = decision = risked = cleared = command = gate_result = order = parent = _keep
    connection = risk_alert = risk_report = impact = execution_report = _keep

    def of(self, kind: type) -> list[Any]:
        """Messages of one type."""
        return [message for message in self.messages if type(message) is kind]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the scripted desk saw at a round, before it spoke."""

    round: int
    ts_event: int
    holdings: Holdings


type Targets = Mapping[int, Sequence[int | RiskAction]]
type Plan = Callable[[MarketSnapshot, Holdings], Sequence[int | RiskAction | RiskCommand] | None]


class ScriptedDesk(DataActor):
    """Speaks for every desk before execution: publishes the planned target quantities as a cleared decision."""

    def __new__(cls, *_: object) -> Self:
        return super().__new__(cls, DataActorConfig(actor_id=ActorId("SCRIPT-001")))  # pyright: ignore[reportCallIssue] - the engine takes the config here

    def __init__(self, book: Book, sessions: Sessions, plan: Plan, failures: Failures) -> None:
        self.line = Line("script", self, failures)
        self.seen: list[Seen] = []
        self._book, self._sessions, self._plan = book, sessions, plan

    @callback
    def on_start(self) -> None:
        self.line.subscribe(Topic.SNAPSHOT, self._decide, Priority.CIO_DECIDES)

    def _decide(self, snapshot: MarketSnapshot) -> None:
        holdings = self._book.holdings(self.cache, snapshot.close)
        self.seen.append(Seen(snapshot.round, snapshot.ts_event, holdings))
        planned = self._plan(snapshot, holdings)
        if planned is None:
            return
        for number, action in enumerate(one for one in planned if isinstance(one, RiskAction)):
            command = RiskCommand(
                sequence=snapshot.round * 10 + number,
                ts_event=snapshot.ts_event,
                action=action,
                cause="scripted",
                who="script",
            )
            self.line.publish(Topic.RISK_COMMAND, command)
        for command in planned:
            if isinstance(command, RiskCommand):
                self.line.publish(Topic.RISK_COMMAND, command)
        targets = [one for one in planned if not isinstance(one, (RiskAction, RiskCommand))]
        if targets:
            self.line.publish(Topic.CLEARED, self._cleared(snapshot, holdings, np.array(targets)))

    def _cleared(self, snapshot: MarketSnapshot, holdings: Holdings, targets: np.ndarray) -> ClearedDecision:
        price = np.where(np.isnan(snapshot.close), 0.0, snapshot.close)
        n, equity = len(targets), float(holdings.equity)
        weights = targets * price / equity
        decision = DecisionEvent(
            round=snapshot.round,
            ts_event=snapshot.ts_event,
            decision_id=f"R{snapshot.round:06d}",
            execution_ts=np.full(n, self._sessions.execution_time_ns(snapshot.ts_event), dtype=np.int64),
            equity=holdings.equity,
            balance=holdings.balance,
            positions=holdings.positions,
            current=holdings.projected * price / equity,
            close=price,
            fresh=snapshot.fresh,
            weights=weights,
            agents=(),
            contributions=np.zeros((0, n)),
        )
        risked = RiskedDecision(decision=decision, drawdown=0.0, weights=weights.copy(), breaches=())
        return ClearedDecision(risked=risked, weights=weights.copy(), breaches=())


@dataclass(slots=True, kw_only=True)
class Played:
    """What a scripted study left behind."""

    stage: Stage
    failures: Failures
    tape: Tape
    seen: list[Seen]
    positions: list[int]
    working: list[int]
    balance: Decimal
    orders: Any

    def fills(self) -> list[Any]:
        """Fills in order of arrival."""
        return [record for record in self.tape.messages if getattr(record, "kind", None) == "filled"]

    def path(self) -> list[int]:
        """Signed position of the first instrument after each of its fills."""
        first = self.stage.universe.names[0]
        signed = [
            int(fill.quantity) * (1 if fill.side == "BUY" else -1)
            for fill in self.fills()
            if fill.instrument_id == first
        ]
        return np.cumsum(signed).tolist()


def by_round(targets: Targets, *, repeat: bool) -> Plan:
    """Make the script that wants these targets; each holds until the next one where `repeat` says so."""
    last: list[Sequence[int | RiskAction] | None] = [None]

    def plan(snapshot: Any, _holdings: Any) -> Sequence[int | RiskAction] | None:
        planned = targets.get(snapshot.round)
        if planned is not None:
            last[0] = [one for one in planned if not isinstance(one, RiskAction)]
            return planned
        return last[0] if repeat else None

    return plan


def play(
    loaded: Loaded, catalog: Path, out: Path, plan: Plan, *, tape: Tape | None = None, follow: Any = None, **study: Any
) -> Played:
    """Seat market, records, execution and TWAP in a backtest engine, and a script in place of the other desks."""
    stage = prepare(Study(loaded=loaded, catalog=catalog, out=out, **study))
    firm, universe = stage.firm, stage.universe
    engine = backtest_engine._engine(stage)
    try:
        failures, tape, time = Failures(), Tape() if tape is None else tape, MarketTime()
        n = len(universe.instrument_ids)
        ledger = WorkingLedger(n) if follow is None else ToldLedger(n, follow)
        book = Book(universe, ledger)
        gate = OrderGate(
            firm.execution.gate, firm.market, universe, halt_allows_reducing=firm.risk.halt_allows_reducing
        )
        script = ScriptedDesk(book, stage.sessions, plan, failures)
        engine.add_actor(RecordsDesk(tape, failures))
        engine.add_actor(MarketDesk(universe, stage.sessions, Feed(), time, failures))
        engine.add_actor(script)
        stops = firm.risk.stops
        if stops is not None:
            engine.add_actor(StopDesk(stops, universe, failures))
        safety = Safety.of(firm)
        engine.add_strategy(ExecutionDesk(firm.execution, book, ledger, gate, stage.sessions, time, failures, safety))
        slicing = firm.execution.algorithm
        for algorithm in slicing_algorithms(universe, gate, time, failures, slicing, pyramids=True):
            engine.add_exec_algorithm(algorithm)
        stage.charges.failures = failures
        backtest_engine._feed(engine, stage, failures)
        account = engine.cache.account_for_venue(universe.venue)
        assert account is not None
        return Played(
            stage=stage,
            failures=failures,
            tape=tape,
            seen=script.seen,
            positions=book.holdings(engine.cache, np.ones(len(universe.names))).positions.tolist(),
            working=ledger.working().tolist(),
            balance=account.balance_total(universe.currency).as_decimal(),
            orders=engine.generate_orders_report(),
        )
    finally:
        engine.dispose()


def flat_minutes(
    day: datetime, n_days: int, prices: Mapping[int, float] | None = None, volume: float = 100
) -> BarColumns:
    """Minute bars at 100, except the open of the bars in `prices`, by place; a bar closes where it opened."""
    first_ns = int(day.replace(tzinfo=UTC).timestamp()) * SECOND_NS
    last_ns = int((day + timedelta(days=n_days - 1)).replace(tzinfo=UTC).timestamp()) * SECOND_NS
    around = Sessions.between("XNYS", first_ns, last_ns)
    inside = (around.opens_ns >= first_ns) & (around.opens_ns < last_ns + DAY_NS)
    sessions = replace(
        around, dates=around.dates[inside], opens_ns=around.opens_ns[inside], closes_ns=around.closes_ns[inside]
    )
    ts_open, ts_close = bar_times(sessions, "1-MINUTE")
    level = np.full(len(ts_open), 100.0)
    for place, price in (prices or {}).items():
        level[place] = price
    return BarColumns(
        ts_open_ns=ts_open,
        ts_close_ns=ts_close,
        open=level,
        high=level,
        low=level,
        close=level,
        volume=np.full(len(ts_open), volume),
    )


def write_bars(path: Path, bars: dict[str, BarColumns], bar: Any = "1-MINUTE") -> Path:
    """Make a catalog of these series."""
    write_synthetic(Catalog(path), bars, bar, VENUE)
    return path


def main(catalog: str, symbols: str, changes: str, planted: str = "") -> None:
    """Print the hash of one study, run in this process; `planted` is Python that spoils the firm first."""
    exec(planted, {})  # noqa: S102 - the tests' own text
    with tempfile.TemporaryDirectory() as folder:
        loaded = settings(symbols.split(","), json.loads(changes))
        print(run(loaded, Path(catalog), Path(folder) / "run").summary["result_sha256"])  # noqa: T201 - its purpose


if __name__ == "__main__":
    main(*sys.argv[1:])

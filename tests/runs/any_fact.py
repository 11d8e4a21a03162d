"""Strategies for every message and every other fact of a session, with the numbers that are hard to write down."""

from dataclasses import fields
from decimal import Decimal
from typing import Any, cast

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from nautilus_trader.model import (
    AggressorSide,
    Bar,
    BarType,
    CustomData,
    InstrumentId,
    Price,
    Quantity,
    QuoteTick,
    TradeId,
    TradeTick,
)

from nautilus_ai_firm import messages
from nautilus_ai_firm.data.best_quote import best_quote
from nautilus_ai_firm.data.notice import notice
from nautilus_ai_firm.data.observation import observation
from nautilus_ai_firm.gateways.ib_orders import TakenBack
from nautilus_ai_firm.gateways.kill_switch import KillSwitchState
from nautilus_ai_firm.messages import execution_reports
from nautilus_ai_firm.models.risk.crash_velocity import VelocityState
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction
from nautilus_ai_firm.models.risk.memory import CarriedRisk, EquityState, RiskMemory
from nautilus_ai_firm.models.risk.period_losses import LossState
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.runs.session_facts import End, FillCharge, Host, Resumed, Start, SwitchRead

N = 3
TIME = st.integers(min_value=0, max_value=2**63 - 1)
COUNT = st.integers(min_value=-(2**53), max_value=2**53)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
FLOAT = st.floats(allow_infinity=False) | st.sampled_from(
    [-0.0, float("nan"), 5e-324, 1e16, 0.1, 1.7976931348623157e308]
)
DECIMAL = st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from([Decimal("-0.00"), Decimal("1E+3")])


def floats(*shape: int) -> st.SearchStrategy[np.ndarray]:
    """Arrays whose NaN is the one that everybody makes: which of its bits are set means nothing."""
    made = arrays(np.float64, shape or (N,), elements=FLOAT)
    return made.map(lambda array: np.where(np.isnan(array), np.nan, array))


def whole(*shape: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.int64, shape or (N,), elements=st.integers(min_value=-(2**63), max_value=2**63 - 1))


FLAGS = arrays(np.bool_, (N,))
BREACH = st.builds(
    messages.Breach,
    rule=TEXT,
    instrument_id=st.none() | TEXT,
    observed=FLOAT,
    limit=FLOAT,
    action=TEXT,
    group=st.none() | TEXT,
)
ABSENCE = st.builds(messages.Absence, agent=TEXT, last_round=st.none() | COUNT)
PRICE = st.none() | st.floats(allow_infinity=False, allow_nan=False)
LAYER = st.builds(
    messages.PyramidLayer,
    number=COUNT,
    weight=FLOAT,
    quantity=COUNT,
    entry_price=PRICE,
    stop=PRICE,
    take_profit=PRICE,
)
PLAN = st.builds(
    messages.PyramidPlan,
    plan_id=TEXT,
    place=COUNT,
    instrument_id=TEXT,
    side=COUNT,
    layers=st.lists(LAYER, max_size=2).map(tuple),
    unlocked=COUNT,
    total_layers=COUNT,
    intended_weight=FLOAT,
    weight=FLOAT,
    average_entry_price=PRICE,
    close=FLOAT,
    next_trigger=PRICE,
    volume_confirms=st.booleans(),
    floor_price=PRICE,
    cause=TEXT,
    ended=st.booleans(),
)
BREACHES = st.lists(BREACH, max_size=2).map(tuple)
QUOTES = st.builds(
    messages.Quotes,
    **cast("Any", {name: floats() for name in ("bid", "ask", "bid_size", "ask_size")}),
    fresh=FLAGS,
)
EVENTS = st.builds(messages.Events, last_ns=whole(2, N), next_ns=whole(2, N))
CHAIN = st.builds(
    messages.OptionChain,
    underlying=TEXT,
    spot=FLOAT,
    **cast("Any", {name: floats(4) for name in ("strike", "bid", "ask")}),
    expiry_ns=whole(4),
    is_call=arrays(np.bool_, (4,)),
)
SNAPSHOT = st.builds(
    messages.MarketSnapshot,
    round=COUNT,
    ts_event=TIME,
    **cast("Any", {name: floats() for name in ("open", "high", "low", "close", "volume")}),
    fresh=FLAGS,
    inputs=floats(2),
    inputs_fresh=arrays(np.bool_, (2,)),
    session_open_ns=TIME,
    session_close_ns=TIME,
    quotes=st.none() | QUOTES,
    events=st.none() | EVENTS,
    chains=st.lists(CHAIN, max_size=2).map(tuple),
)
CONNECTION = st.builds(messages.Connection, ts_event=TIME, trusted=st.booleans(), cause=TEXT, without_s=FLOAT)
QUOTING = st.builds(messages.QuotingIntent, bid_offset=floats(), ask_offset=floats(), inventory_offset=floats())
SIGNAL = st.builds(
    messages.SignalEvent,
    round=COUNT,
    ts_event=TIME,
    agent=TEXT,
    score=floats(),
    confidence=floats(),
    quoting=st.none() | QUOTING,
)


@st.composite
def decisions(draw: st.DrawFn) -> messages.DecisionEvent:
    """Decisions of no agent, or of two."""
    agents = draw(st.sampled_from([(), ("macro", "momentum")]))
    made = st.builds(
        messages.DecisionEvent,
        round=COUNT,
        ts_event=TIME,
        decision_id=TEXT,
        execution_ts=whole(),
        equity=DECIMAL,
        balance=DECIMAL,
        positions=whole(),
        current=floats(),
        close=floats(),
        fresh=FLAGS,
        weights=floats(),
        agents=st.just(agents),
        contributions=floats(len(agents), N),
        absences=st.lists(ABSENCE, max_size=2).map(tuple),
        plans=st.lists(PLAN, max_size=2).map(tuple),
    )
    return draw(made)


RISKED = st.builds(messages.RiskedDecision, decision=decisions(), drawdown=FLOAT, weights=floats(), breaches=BREACHES)
CLEARED = st.builds(messages.ClearedDecision, risked=RISKED, weights=floats(), breaches=BREACHES)
COMMAND = st.builds(
    messages.RiskCommand,
    sequence=COUNT,
    ts_event=TIME,
    action=st.sampled_from(messages.RiskAction),
    cause=TEXT,
    who=TEXT,
    place=st.none() | COUNT,
    price=st.none() | st.floats(allow_infinity=False, allow_nan=False),
    sender=TEXT,
)
ORDER = st.builds(
    messages.OrderRecord,
    kind=st.sampled_from(messages.OrderEventKind),
    ts_event=TIME,
    round=COUNT,
    decision_id=TEXT,
    instrument_id=TEXT,
    client_order_id=TEXT,
    parent_order_id=TEXT,
    exec_algorithm=st.none() | TEXT,
    side=TEXT,
    quantity=DECIMAL,
    price=st.none() | DECIMAL,
    commission=st.none() | DECIMAL,
    currency=st.none() | TEXT,
    reason=st.none() | TEXT,
)
RISK_ALERT = st.builds(
    messages.RiskAlertEvent,
    round=COUNT,
    ts_event=TIME,
    rule=TEXT,
    subject=st.none() | TEXT,
    value=FLOAT,
    limit=FLOAT,
    use=FLOAT,
    action=TEXT,
    severity=st.sampled_from(messages.Severity),
)
RISK_REPORT = st.builds(
    messages.RiskReport,
    round=COUNT,
    ts_event=TIME,
    rules=st.just(("max_gross", "max_sector")),
    subjects=st.just(("", "tech")),
    value=floats(2),
    limit=floats(2),
    stress=st.none() | st.builds(messages.StressResult, scenarios=st.just(("a", "b")), losses=floats(2)),
    split=st.none()
    | st.builds(
        messages.TailSplit,
        method=TEXT,
        instruments=st.just(("a", "b")),
        marginal=floats(2),
        component=floats(2),
        liquidity_adjusted=FLOAT,
    ),
    options=st.none()
    | st.builds(
        messages.OptionGreeks,
        contracts=st.just(("a", "b")),
        delta=floats(2),
        gamma=floats(2),
        vega=floats(2),
        theta=floats(2),
    ),
)
GATE = st.builds(
    messages.GateResult,
    ts_event=TIME,
    round=COUNT,
    decision_id=TEXT,
    instrument_id=TEXT,
    client_order_id=TEXT,
    side=TEXT,
    quantity=COUNT,
    price=FLOAT,
    breach=st.none() | BREACH,
    is_stop=st.booleans(),
)
PARENT = st.builds(
    messages.ParentRecord,
    ts_event=TIME,
    round=COUNT,
    decision_id=TEXT,
    instrument_id=TEXT,
    parent_order_id=TEXT,
    exec_algorithm=st.none() | TEXT,
    side=TEXT,
    quantity=COUNT,
    filled_quantity=COUNT,
    state=TEXT,
)
FINITE = st.floats(allow_infinity=False, allow_nan=False)
IMPACT = st.builds(
    messages.ImpactRecord,
    round=COUNT,
    ts_event=TIME,
    decision_id=TEXT,
    instrument_id=TEXT,
    parent_order_id=TEXT,
    quantity=COUNT,
    average_daily_volume=FLOAT,
    volatility_per_day=FLOAT,
    volume_bps=FLOAT,
    depth_bps=FLOAT,
    volatility_bps=FLOAT,
    time_of_day_bps=FLOAT,
    exec_algorithm=st.none() | TEXT,
    window_minutes=FLOAT,
    largest_order=st.none() | COUNT,
)
LEVEL = st.builds(
    execution_reports.StopLossUpdate,
    content=st.builds(
        execution_reports.StopLossContent,
        symbol=TEXT,
        layer=st.none() | COUNT,
        stop_loss=FINITE,
        previous_stop_loss=st.none() | FINITE,
        quantity=st.none() | COUNT,
        reason=TEXT,
    ),
)
LIQUIDATION = st.builds(
    execution_reports.EmergencyLiquidation,
    content=st.builds(execution_reports.LiquidationContent, symbol=st.none() | TEXT, cause=TEXT, who=TEXT, sender=TEXT),
)
REPORT = st.builds(messages.ExecutionReport, ts_event=TIME, round=COUNT, message=LEVEL | LIQUIDATION)
FAILURE = st.builds(
    messages.Failure, component=TEXT, round=COUNT, error=TEXT, traceback=st.text('ab\n\t"\\é', max_size=9)
)
COSTS = st.builds(FillCosts, fee=DECIMAL, half_spread_cost=DECIMAL, impact_cost=DECIMAL)
FINANCING = st.builds(FinancingEntry, ts=TIME, nights=COUNT, cash=DECIMAL, short_market_value=DECIMAL, amount=DECIMAL)
SWITCH = st.builds(KillSwitchState, latched=st.booleans(), cause=TEXT, who=TEXT, time=TEXT)
MONEY = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False)
LOSSES = st.builds(
    LossState,
    session_close_ns=TIME,
    day_equity=MONEY,
    week_equity=MONEY,
    recent=st.lists(MONEY, min_size=1, max_size=3).map(tuple),
    day_reached=st.booleans(),
    week_reached=st.booleans(),
)
VELOCITY = st.builds(VelocityState, ts_ns=TIME, equity=MONEY, count=TIME, weight=MONEY, usual=MONEY)
CARRIED = st.builds(
    CarriedRisk,
    memory=st.none()
    | st.builds(
        RiskMemory,
        ts_ns=TIME,
        equity=st.builds(
            EquityState,
            mark=MONEY,
            tier=st.none() | st.sampled_from(TierAction),
            losses=st.none() | LOSSES,
            velocity=st.none() | VELOCITY,
        ),
        halted=st.booleans(),
    ),
    external_flow=FLOAT,
    flows=COUNT,
)
TAKEN_BACK = st.builds(
    TakenBack,
    client_order_id=TEXT,
    instrument_id=TEXT,
    side=TEXT,
    quantity=DECIMAL,
    quantity_left=st.none() | DECIMAL,
    filled_meanwhile=st.none() | DECIMAL,
)
START = st.builds(
    Start,
    run_id=TEXT,
    host=st.sampled_from(Host),
    config=TEXT,
    config_sha256=TEXT,
    config_source=TEXT,
    catalog=TEXT,
    catalog_sha256=TEXT,
    series=st.dictionaries(TEXT, TEXT, max_size=2),
    instruments=st.just(({"id": "A.US", "price_precision": 4, "info": {}, "isin": None},)),
    initial_inputs=st.dictionaries(TEXT, FLOAT, max_size=2),
    grace_ns=COUNT,
    first_round_ns=TIME,
    versions=st.dictionaries(TEXT, TEXT, max_size=2),
    speed=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    warm_up_rounds=COUNT,
    caveats=st.lists(TEXT, max_size=2).map(tuple),
    contracts=st.just(({"id": "A120109C00090000.US", "strike_price": "90", "info": None},)),
    spots=st.dictionaries(TEXT, TEXT, max_size=2),
    carried=CARRIED,
    taken_back=st.lists(TAKEN_BACK, max_size=2).map(tuple),
)
FACTS = {
    "snapshot": SNAPSHOT,
    "signal": SIGNAL,
    "decision": decisions(),
    "command": COMMAND,
    "order": ORDER,
    "risk_alert": RISK_ALERT,
    "risk_report": RISK_REPORT,
    "gate_result": GATE,
    "parent": PARENT,
    "impact": IMPACT,
    "execution_report": REPORT,
    "connection": CONNECTION,
    "failure": FAILURE,
    "late_bar": st.builds(
        messages.LateBar, ts_event=COUNT, ts_init=COUNT, round=COUNT, instrument_id=TEXT, close=DECIMAL
    ),
    "financing": FINANCING,
    "start": START,
    "fill_costs": st.builds(FillCharge, client_order_id=TEXT, costs=COSTS),
    "kill_switch": st.builds(SwitchRead, round=COUNT, state=SWITCH),
    "resumed": st.builds(Resumed, after_record=COUNT, torn_bytes=COUNT),
    "end": st.builds(
        End,
        reason=TEXT,
        exit_status=COUNT,
        wall_seconds=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        peak_rss_mb=st.none() | COUNT,
    ),
}
"""Everything that is written with all its fields, by the name of its record."""


def bits(value: Any) -> Any:
    """What a fact is, down to the bits: kinds, decimals with their zeros, signs of zero, the shape of arrays."""
    if hasattr(value, "__dataclass_fields__"):
        return type(value), tuple((field.name, bits(getattr(value, field.name))) for field in fields(value))
    match value:
        case np.ndarray():
            content = value.dtype.str, value.shape, value.tobytes(), value.flags.writeable
        case tuple():
            content = tuple(map(bits, value))
        case dict():
            content = {name: bits(one) for name, one in value.items()}
        case float():
            content = value.hex()
        case Decimal():
            content = value.as_tuple()
        case _:
            content = value
    return type(value), content


@st.composite
def prices(draw: st.DrawFn, count: int) -> list[Price]:
    """Prices of one precision, in ascending order."""
    precision = draw(st.integers(min_value=0, max_value=9))
    units = sorted(draw(st.lists(st.integers(min_value=1, max_value=10**9), min_size=count, max_size=count)))
    return [Price.from_str(f"{Decimal(unit).scaleb(-precision):f}") for unit in units]


SIZE = st.builds(
    lambda units, precision: Quantity.from_str(f"{Decimal(units).scaleb(-precision):f}"),
    st.integers(min_value=1, max_value=10**9),
    st.integers(min_value=0, max_value=9),
)
SIDES = [AggressorSide.BUY, AggressorSide.SELL, AggressorSide.NO_AGGRESSOR]
NAME = InstrumentId.from_str("A.US")


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """Bars whose prices are in order."""
    low, open_, close, high = draw(prices(4))
    bar_type = BarType.from_str("A.US-1-MINUTE-LAST-EXTERNAL")
    return Bar(bar_type, open_, high, low, close, draw(SIZE), draw(TIME), draw(TIME))


@st.composite
def trades(draw: st.DrawFn) -> TradeTick:
    """Trades with and without an aggressor."""
    side = draw(st.sampled_from(SIDES))
    return TradeTick(NAME, draw(prices(1))[0], draw(SIZE), side, TradeId("OPEN-1"), draw(TIME), draw(TIME))


@st.composite
def quotes(draw: st.DrawFn) -> QuoteTick:
    """Quotes; both sides have the same precisions."""
    bid, ask = draw(prices(2))
    size = draw(SIZE)
    return QuoteTick(NAME, bid, ask, size, size, draw(TIME), draw(TIME))


OBSERVATIONS = st.builds(observation, TEXT, FLOAT, TEXT, TIME, TIME)
NOTICES = st.builds(notice, st.sampled_from(["event", "news"]), TEXT, TEXT, TEXT, TIME, TIME)
BEST_QUOTES = st.builds(best_quote, TEXT, FLOAT, FLOAT, FLOAT, FLOAT, TIME)
MARKET: st.SearchStrategy[Bar | TradeTick | QuoteTick | CustomData] = st.one_of(
    bars(), trades(), quotes(), OBSERVATIONS, NOTICES, BEST_QUOTES
)


def market_bits(data: Any) -> Any:
    """What a market event is, down to the decimals that it is written with."""
    if isinstance(data, CustomData):
        kind = data.data_type
        return kind.type_name, kind.metadata, kind.identifier, type(data.data), bits(data.data.to_dict())
    return type(data), data.to_dict()

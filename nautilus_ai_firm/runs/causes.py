"""What two sessions can differ in: a closed list of causes, and the one that every field of a record stands for."""

from enum import StrEnum

from nautilus_ai_firm.messages import GateResult, OrderEventKind, OrderRecord


class Cause(StrEnum):
    """The stage at which two sessions part, in the order in which a round goes through them."""

    LATE_BAR = "late_bar"
    """A bar came too late for its round in one session and not in the other, or it was another bar."""
    MARKET_DATA = "market_data"
    """A round is missing, its snapshot differs, or the price of the market at which an order was about to go out."""
    CONNECTION = "connection"
    """Orders could reach the market in one session and not in the other, or otherwise."""
    SIGNAL = "signal"
    """An agent's view or its quoting intent is missing or differs."""
    STATE = "state"
    """What the CIO saw of the firm: equity, balance, positions, current weights and the prices that mark them."""
    CALENDAR = "calendar"
    """The time at which the decision was to be executed: another exchange calendar."""
    DECISION = "decision"
    """What the CIO decided on the same signals and the same state, or who had a part in it."""
    KILL_SWITCH = "kill_switch"
    """The state of the kill switch that the risk desk obeyed in a round."""
    COMMAND = "command"
    """A command of the risk desk is missing or differs."""
    RISK = "risk"
    """What the risk desk made of the decision: weights, breaches, drawdown, the use of its limits and its alerts."""
    COMPLIANCE = "compliance"
    """What the compliance desk made of it: weights, breaches."""
    ORDER = "order"
    """An order, parent or child, is missing, is one too many, or had another fate, time, side or algorithm."""
    ORDER_SIZE = "order_size"
    """A parent, a child or an order that goes out whole has another quantity."""
    GATE = "gate"
    """The order gate said something else of the same order."""
    FILL = "fill"
    """A fill is missing, is one too many, or happened at another time."""
    FILL_SIZE = "fill_size"
    """A fill, or all that a parent got, has another quantity."""
    FILL_PRICE = "fill_price"
    """A fill has another price."""
    COMMISSION = "commission"
    """A fill cost something else, as a whole or in its parts."""
    FINANCING = "financing"
    """A booking of interest and borrow fees is missing or differs."""
    LATENCY = "latency"
    """A broker's event of an order, or what became of a parent, came later than that of a simulated venue."""
    FAILURE = "failure"
    """A component failed in one session and not in the other, or otherwise."""


LATENT = frozenset({"order", "parent"})
"""Records whose time is the broker's."""

RANK = {cause: rank for rank, cause in enumerate(Cause)}
"""Place of each cause in a round."""

NOT_COMPARED = frozenset({"start", "resumed", "history", "market", "end", "execution_report"})
"""Records of how a session was run, of what it was given, which is the same on both sides, and of what others say."""

_ID = None
"""A field by which a record finds its counterpart, or that says where and not what."""

_FATE = ("round", "decision_id", "instrument_id", "exec_algorithm", "side")
_ESTIMATE = ("estimated_impact_bps", "average_daily_volume", "volatility_per_day")

FIELDS: dict[str, dict[str, Cause | None]] = {
    "late_bar": {
        **dict.fromkeys(("ts_event", "instrument_id"), _ID),
        **dict.fromkeys(("ts_init", "round", "close"), Cause.LATE_BAR),
    },
    "snapshot": {
        "round": _ID,
        **dict.fromkeys(
            (
                "ts_event",
                "open",
                "high",
                "low",
                "close",
                "volume",
                "fresh",
                "inputs",
                "inputs_fresh",
                "quotes",
                "events",
                "chains",
            ),
            Cause.MARKET_DATA,
        ),
        **dict.fromkeys(("session_open_ns", "session_close_ns"), Cause.CALENDAR),
    },
    "signal": {
        **dict.fromkeys(("round", "agent"), _ID),
        **dict.fromkeys(("ts_event", "score", "confidence", "quoting"), Cause.SIGNAL),
    },
    "decision": {
        "round": _ID,
        **dict.fromkeys(("equity", "balance", "positions", "current", "close", "fresh"), Cause.STATE),
        "execution_ts": Cause.CALENDAR,
        **dict.fromkeys(
            ("ts_event", "decision_id", "weights", "agents", "contributions", "absences", "plans"), Cause.DECISION
        ),
    },
    "kill_switch": {"round": _ID, "state": Cause.KILL_SWITCH},
    "command": {
        **dict.fromkeys(("sender", "action", "sequence"), _ID),
        **dict.fromkeys(("ts_event", "cause", "who", "place", "price", "layer", "quantity"), Cause.COMMAND),
    },
    "risked": {"decision": _ID, **dict.fromkeys(("drawdown", "weights", "breaches"), Cause.RISK)},
    "cleared": {"risked": _ID, **dict.fromkeys(("weights", "breaches"), Cause.COMPLIANCE)},
    "risk_alert": {
        **dict.fromkeys(("round", "rule", "subject"), _ID),
        **dict.fromkeys(("ts_event", "value", "limit", "use", "action", "severity"), Cause.RISK),
    },
    "risk_report": {
        "round": _ID,
        **dict.fromkeys(("ts_event", "rules", "subjects", "value", "limit", "stress", "split", "options"), Cause.RISK),
    },
    "gate_result": {
        "client_order_id": _ID,
        "price": Cause.MARKET_DATA,
        **dict.fromkeys(("ts_event", "round", "decision_id", "instrument_id", "side"), Cause.ORDER),
        **dict.fromkeys(("is_stop", "is_limit", "is_auction"), Cause.ORDER),
        "quantity": Cause.ORDER_SIZE,
        "breach": Cause.GATE,
    },
    "order": {
        **dict.fromkeys(("client_order_id", "kind", "received_ns"), _ID),
        **dict.fromkeys((*_FATE, "ts_event", "parent_order_id", "reason", "layer"), Cause.ORDER),
        "quantity": Cause.FILL_SIZE,
        "price": Cause.FILL_PRICE,
        **dict.fromkeys(("commission", "currency"), Cause.COMMISSION),
    },
    "connection": {
        "ts_event": _ID,
        **dict.fromkeys(("trusted", "cause", "without_s", "barred", "resumed"), Cause.CONNECTION),
    },
    "parent": {
        "parent_order_id": _ID,
        **dict.fromkeys((*_FATE, *_ESTIMATE, "ts_event", "state"), Cause.ORDER),
        "quantity": Cause.ORDER_SIZE,
        "filled_quantity": Cause.FILL_SIZE,
    },
    "impact": {
        "parent_order_id": _ID,
        **dict.fromkeys(("ts_event", "round", "decision_id", "instrument_id", "exec_algorithm"), Cause.ORDER),
        **dict.fromkeys(("quantity", "window_minutes", "largest_order"), Cause.ORDER_SIZE),
        **dict.fromkeys(("average_daily_volume", "volatility_per_day"), Cause.ORDER),
        **dict.fromkeys(("volume_bps", "depth_bps", "volatility_bps", "time_of_day_bps"), Cause.ORDER),
    },
    "fill_costs": {"client_order_id": _ID, "costs": Cause.COMMISSION},
    "financing": {
        "ts": _ID,
        **dict.fromkeys(("nights", "cash", "short_market_value", "amount"), Cause.FINANCING),
    },
    "failure": {**dict.fromkeys(("component", "round", "error"), Cause.FAILURE), "traceback": _ID},
}
"""By record and field; a traceback names folders of the machine, so it is none."""

_MISSING = {
    "late_bar": Cause.LATE_BAR,
    "snapshot": Cause.MARKET_DATA,
    "signal": Cause.SIGNAL,
    "decision": Cause.DECISION,
    "command": Cause.COMMAND,
    "risked": Cause.RISK,
    "risk_alert": Cause.RISK,
    "risk_report": Cause.RISK,
    "cleared": Cause.COMPLIANCE,
    "parent": Cause.ORDER,
    "connection": Cause.CONNECTION,
    "impact": Cause.ORDER,
    "fill_costs": Cause.COMMISSION,
    "financing": Cause.FINANCING,
    "failure": Cause.FAILURE,
}


def cause_of_missing(record: str, fact: object) -> Cause:
    """Name the cause when one session has a record and the other has none that answers it."""
    if isinstance(fact, OrderRecord):
        return Cause.FILL if fact.kind is OrderEventKind.FILLED else Cause.ORDER
    if isinstance(fact, GateResult):
        return Cause.ORDER if fact.breach is None else Cause.GATE
    return _MISSING[record]


def cause_of_field(record: str, name: str, fact: object) -> Cause | None:
    """Name the cause when a field differs; None for a field that is not compared."""
    if name == "ts_event" and isinstance(fact, OrderRecord) and fact.kind is OrderEventKind.FILLED:
        return Cause.FILL
    return FIELDS[record][name]

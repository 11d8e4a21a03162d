"""Settings -> a short account of the firm that a person can check: universe, agents, limits, costs."""

from collections.abc import Sequence
from pathlib import Path

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import utc
from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.gateways.kill_switch import FileKillSwitch
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.research.risk_limits import MISSING, or_missing, risk_limit_rows
from nautilus_ai_firm.research.safety_outline import safety_rows
from nautilus_ai_firm.settings import Firm, Loaded, SignalAgent

type Rows = list[tuple[str, str]]


def outline(loaded: Loaded) -> str:
    """Describe a firm in aligned lines: who sits in it, what it may do, and what that costs."""
    firm = loaded.firm
    market, signals, cio, twap = firm.market, firm.signals, firm.cio, firm.execution.twap
    limits = limit_rows(firm)
    missing = [name for name, value in limits if value == MISSING]
    window = f"{market.start or 'first bar'} to {market.end or 'last bar'}"
    account = f"{firm.venue.starting_balance:,.0f} {firm.venue.currency}, margin, leverage {firm.venue.leverage:g}"
    slicing = f"TWAP over {twap.duration_minutes} min above {twap.above_participation:.1%} of volume"
    agents = [
        (agent.name, f"{agent.model}, weight {agent.weight:g}{_params(agent.params)}{_may_miss(agent)}")
        for agent in signals.agents
    ]
    rows: Rows = [
        ("firm", f"{firm.name}, a round is a {market.bar} bar on {market.calendar}, {window}"),
        ("account", account),
        ("inputs", ", ".join(market.inputs) or "none"),
        *_titled("agents", agents),
        ("hosting", signals.hosting),
        ("cio", f"target volatility {cio.target_volatility_per_year:.1%} a year, span {cio.volatility_span:g} rounds"),
        ("execution", f"no trade within {firm.execution.no_trade_band:.1%} of the position; {slicing}"),
        *_layers(firm),
        ("restricted", ", ".join(firm.compliance.restricted) or "none"),
        ("sessions", _sessions(firm)),
        *_titled("safety", safety_rows(firm)),
        *_titled("limits", limits),
        *_titled("costs", cost_rows(firm)),
    ]
    verdict = f"OK, but {len(missing)} of {len(limits)} limits are missing: {', '.join(missing)}" if missing else "OK"
    return "\n".join([*aligned(rows), f"{loaded.source}: {verdict}"])


def _layers(firm: Firm) -> Rows:
    """Say how positions are built, where it is in layers."""
    pyramid = firm.execution.pyramid
    if pyramid is None:
        return []
    sizes = ", ".join(f"{size:.1%}" for size in pyramid.rules().fractions)
    steps = pyramid.profit_thresholds if pyramid.confirm == "profit" else pyramid.atr_multiples
    told = [
        f"{step:.1%}" if pyramid.confirm == "profit" else f"{step:g} ATR" for step in steps[: pyramid.max_layers - 1]
    ]
    return [("layers", f"{sizes} of what is intended, at {', '.join(told)}; stops {pyramid.stop_atr:g} ATR")]


def in_catalog(loaded: Loaded, catalog: Path | None) -> str:
    """Check a firm against a catalog and say what a run would see.

    Parameters
    ----------
    loaded : Loaded
        Settings.
    catalog : Path or None
        The catalog; with None the one in `catalog/`, if there is one.

    Raises
    ------
    ConfigError, CatalogError
        As `prepare`: the catalog cannot give what the firm trades or watches.

    """
    if catalog is None and not Catalog(DEFAULT_CATALOG).names():
        return f"{DEFAULT_CATALOG}: empty, so the universe is not checked (make one with: firm catalog demo)"
    folder = catalog or DEFAULT_CATALOG
    stage = prepare(Study(loaded=loaded, catalog=folder))
    first, last = utc(stage.rounds_ns[0]), utc(stage.rounds_ns[-1])
    return "\n".join(
        [f"{folder}: holds it all, {len(stage.rounds_ns):,} rounds from {first} to {last}", *stage.caveats]
    )


def switch_line(path: Path) -> str:
    """Say in one line what a kill switch file says, and where it is."""
    state = FileKillSwitch(path).state()
    word = "LATCHED, no new risk" if state.latched else "open, the firm may trade"
    return f"kill switch {path.resolve()}: {word} ({state.who} at {state.time}: {state.cause})"


def limit_rows(firm: Firm) -> Rows:
    """List every limit with its value, `MISSING` where the configuration gives none."""
    gate, currency = firm.execution.gate, firm.venue.currency
    messages = f"{{:g}} in {gate.message_window_seconds} s"
    rows = [
        *risk_limit_rows(firm.risk),
        ("max_collar", or_missing("{:.1%} from the last close", gate.max_collar)),
        ("max_messages", or_missing(messages, gate.max_messages)),
    ]
    for instrument in firm.market.universe:
        value = or_missing(f"{{:,.0f}} {currency}", instrument.max_order_value)
        volume = or_missing("{:,.0f} units", instrument.max_order_volume)
        if MISSING in {value, volume}:
            rows += [(f"{instrument.id} max_order_value", value), (f"{instrument.id} max_order_volume", volume)]
        else:
            rows.append((f"{instrument.id} max_order", f"{value}, {volume}"))
    return rows


def cost_rows(firm: Firm) -> Rows:
    """List what the configuration says about each kind of cost."""
    costs, currency = firm.costs, firm.venue.currency
    cash, margin, borrow = costs.cash_rate_per_year, costs.margin_rate_per_year, costs.borrow_rate_per_year
    return [
        ("commission", f"{costs.commission_bps:g} bps, at least {costs.commission_minimum:g} {currency} an order"),
        ("half-spread", f"{costs.half_spread_bps:g} bps"),
        ("impact", f"square-root law, Y = {costs.impact_coefficient:g}"),
        ("financing", f"cash {cash:.2%}, margin {margin:.2%}, borrow {borrow:.2%} a year"),
    ]


def aligned(rows: Sequence[tuple[str, ...]], gap: int = 2, right: Sequence[int] = ()) -> list[str]:
    """Lay rows out as text in columns; the columns in `right` are set to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        (" " * gap)
        .join(
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in rows
    ]


def _sessions(firm: Firm) -> str:
    """Say how the firm behaves on a live node."""
    live, sandbox = firm.live, firm.live.sandbox
    pace = f"{sandbox.speed:,g} market seconds a second" if sandbox.speed else "as fast as the firm can"
    return (
        f"warm-up {firm.market.warm_up_rounds:,} rounds, grace {firm.market.grace_ms:,} ms; "
        f"at the end working orders: {live.working_orders_at_end}; sandbox: {pace}"
    )


def _titled(title: str, rows: Rows) -> Rows:
    """Put a list of rows under one title, in the second column."""
    return [("" if at else title, line) for at, line in enumerate(aligned(rows))]


def _params(params: dict[str, object]) -> str:
    return "".join(f", {name} {value}" for name, value in params.items())


def _may_miss(agent: SignalAgent) -> str:
    if not agent.may_miss:
        return ""
    return f"; may miss rounds, half-life {agent.half_life_rounds:g}, at most {agent.max_age_rounds} rounds"

"""The risk limits of a configuration -> rows of text: name and value, or that nobody stated it."""

from nautilus_ai_firm.settings import Risk, stated

MISSING = "MISSING, so orders are refused"
OFF = "off, by the configuration"

_BOUNDS = {
    "max_position": "{:.1%} of equity in one instrument",
    "max_sector": "{:.1%} of equity in one sector, worst fill",
    "max_gross": "{:.1%} of equity",
    "max_net": "{:.1%} of equity",
    "max_leverage": "{:.1%} of equity, worst fill",
    "max_concentration": "{:.3g}, Herfindahl index of a book that uses max_gross",
    "max_participation": "{:.1%} of a session's volume in one trade",
    "max_turnover": "{:.1%} of equity in a round",
    "max_agent": "{:.1%} of equity from one agent",
    "max_overnight": "{:.1%} of equity through a close",
    "max_drawdown": "{:.1%} from the high-water mark, then a halt",
}

_GREEKS = {
    "delta": "per 1 % move, shares and options",
    "gamma": "by which delta changes per 1 % move",
    "vega": "per volatility point",
    "theta": "per calendar day",
}


def risk_limit_rows(risk: Risk) -> list[tuple[str, str]]:
    """List every limit of the risk desk with its value, `MISSING` where the configuration says nothing of it."""
    rows = [(name, or_missing(form, getattr(risk, name))) for name, form in _BOUNDS.items()]
    rows += [(f"agent {name}", f"{budget:.1%} of equity") for name, budget in sorted(risk.agent_budgets.items())]
    for tier in risk.drawdown_tiers:
        back = "until a person resumes" if tier.recovery is None else f"until {tier.recovery:.1%}"
        rows.append((f"tier {tier.action}", f"at a drawdown of {tier.drawdown:.1%}, {back}"))
    for make in (_value_at_risk, _stress, _losses, _velocity, _correlation, _greeks):
        rows += make(risk)
    return rows


def or_missing(form: str, limit: float | None) -> str:
    """Write a limit, or that it is missing."""
    return MISSING if limit is None else form.format(limit)


def _value_at_risk(risk: Risk) -> list[tuple[str, str]]:
    table = stated(risk.value_at_risk)
    if table is None:
        return [("value_at_risk", MISSING if risk.value_at_risk is None else OFF)]
    how = f"at {table.confidence:.4g} over {table.horizon_rounds} rounds, {', '.join(table.methods)}"
    return [
        ("max_var", or_missing(f"{{:.1%}} of equity {how}", table.max_var)),
        ("max_es", or_missing("{:.1%} of equity, the mean beyond that", table.max_es)),
    ]


def _stress(risk: Risk) -> list[tuple[str, str]]:
    table = stated(risk.stress)
    if table is None:
        return [("stress", MISSING if risk.stress is None else OFF)]
    worst = f"{{:.1%}} of equity in the worst of {len(table.scenarios)} scenarios"
    return [("max_stress_loss", or_missing(worst, table.max_loss))]


def _losses(risk: Risk) -> list[tuple[str, str]]:
    table = stated(risk.losses)
    if table is None:
        return [("losses", MISSING if risk.losses is None else OFF)]
    return [
        ("max_daily_loss", or_missing("{:.1%} since the session before", table.max_daily)),
        ("max_weekly_loss", or_missing("{:.1%} since the week before", table.max_weekly)),
        ("max_rolling_loss", or_missing(f"{{:.1%}} in {table.rolling_rounds} rounds", table.max_rolling)),
    ]


def _velocity(risk: Risk) -> list[tuple[str, str]]:
    table = stated(risk.velocity)
    if table is None:
        return [("velocity", MISSING if risk.velocity is None else OFF)]
    return [("loss_velocity", f"{table.fast:g} times the usual is fast, {table.crash:g} times a crash, then a halt")]


def _correlation(risk: Risk) -> list[tuple[str, str]]:
    table = stated(risk.correlation)
    if table is None:
        return [("correlation", MISSING if risk.correlation is None else OFF)]
    return [
        ("max_cluster", or_missing(f"{{:.1%}} of equity correlated {table.cluster_threshold:g}", table.max_cluster))
    ]


def _greeks(risk: Risk) -> list[tuple[str, str]]:
    table = stated(risk.greeks)
    if table is None:
        return [] if risk.greeks is None else [("greeks", OFF)]  # it may be absent: most firms hold no options
    rows = [(f"held {one.contract}", f"{one.quantity:+,} contracts, beside the firm") for one in table.held]
    for rule, sizes, of in (("max_position", table.position, "an underlying"), ("max", table.portfolio, "all of them")):
        for greek, form in _GREEKS.items():
            size = getattr(sizes, f"max_{greek}")
            text = OFF if size == "off" else or_missing(f"{{:.4g}} of equity {form}, in {of}", size)
            rows.append((f"{rule}_{greek}", text))
    return rows

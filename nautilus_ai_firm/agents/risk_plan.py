"""The settings of a firm -> what its risk review is made of; called by the firm's seating."""

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.models.risk.bounds import UNSTATED
from nautilus_ai_firm.models.risk.equity_watch import EquityWatch
from nautilus_ai_firm.models.risk.held_options import HeldContract
from nautilus_ai_firm.models.risk.linkage import Linkage
from nautilus_ai_firm.models.risk.memory import FRESH, CarriedRisk
from nautilus_ai_firm.models.risk.option_risk import OptionRisk
from nautilus_ai_firm.models.risk.period_losses import PeriodLosses
from nautilus_ai_firm.models.risk.plan import Plan, StressBound
from nautilus_ai_firm.models.risk.tail_limits import Exit, TailBounds, TailLimits
from nautilus_ai_firm.models.risk.value_at_risk import ValueAtRiskModel
from nautilus_ai_firm.settings import Firm, Risk, stated
from nautilus_ai_firm.settings.drawdown_tiers import tiers_of

SESSIONS_PER_YEAR = 252
BPS = 10_000.0


def risk_plan(firm: Firm, universe: Universe, carried: CarriedRisk = FRESH) -> Plan:
    """Make the plan of a risk review.

    A table that is switched off, and one that nobody stated, gives no model; for the latter the plan says that it is
    missing, so that nothing is added.

    Parameters
    ----------
    firm : Firm
        Settings.
    universe : Universe
        What the firm trades.
    carried : CarriedRisk, optional
        What it goes on from; anew when absent.

    """
    risk, names = firm.risk, universe.names
    sectors = tuple(instrument.sector for instrument in firm.market.universe)
    return Plan(
        instrument_ids=names,
        sectors=sectors,
        bounds=risk.bounds,
        missing=risk.missing,
        agent_budgets=risk.agent_budgets,
        warn_share=risk.warn_share,
        volume_span=firm.execution.volume_span,
        rounds_per_session=universe.bars_per_year / SESSIONS_PER_YEAR,
        equity=_equity(risk, carried),
        tail=_tail(risk, firm.costs.half_spread_bps, len(names)),
        stress=_stress(risk, names, sectors),
        linkage=_linkage(risk, len(names)),
        options=_options(risk, universe),
    )


def _equity(risk: Risk, carried: CarriedRisk) -> EquityWatch:
    losses, velocity = stated(risk.losses), stated(risk.velocity)
    watch = EquityWatch(
        risk.max_drawdown,
        tiers_of(risk.drawdown_tiers) if risk.drawdown_tiers else None,
        None if losses is None else PeriodLosses(losses.limits),
        None if velocity is None else velocity.limits,
    )
    if carried.memory is not None:
        watch.go_on(carried.memory.equity, carried.external_flow)
    return watch


def _tail(risk: Risk, half_spread_bps: float, n: int) -> TailLimits | None:
    table = stated(risk.value_at_risk)
    if table is None:
        return None
    bounds = TailBounds(
        max_var=table.max_var or UNSTATED,
        max_es=table.max_es or UNSTATED,
    )
    leaving = Exit(
        participation=table.liquidation_participation,
        half_spread=half_spread_bps / BPS,
        horizon_rounds=table.horizon_rounds,
        in_limits=table.liquidity_adjusted,
    )
    return TailLimits(ValueAtRiskModel(n, **table.model_parameters()), bounds, leaving, n)


def _stress(risk: Risk, names: tuple[str, ...], sectors: tuple[str | None, ...]) -> StressBound | None:
    table = stated(risk.stress)
    if table is None:
        return None
    return StressBound(stress=table.model(names, sectors), max_loss=table.max_loss or UNSTATED)


def _linkage(risk: Risk, n: int) -> Linkage | None:
    table = stated(risk.correlation)
    if table is None:
        return None
    return Linkage(table.manager(n), table.max_cluster or UNSTATED, table.alert_z, n)


def _options(risk: Risk, universe: Universe) -> OptionRisk | None:
    table = stated(risk.greeks)
    if table is None:
        return None
    places = {name: (chain, row) for chain, terms in enumerate(universe.chains) for row, name in enumerate(terms.names)}
    held = [_held(universe, *places[one.contract], one.quantity) for one in table.held]
    return OptionRisk(held, table.reading, table.position.limits, table.portfolio.limits, universe.names)


def _held(universe: Universe, chain: int, row: int, quantity: int) -> HeldContract:
    terms = universe.chains[chain]
    return HeldContract(
        name=terms.names[row],
        chain=chain,
        underlying=universe.names.index(terms.underlying),
        strike=float(terms.strike[row]),
        expiry_ns=int(terms.expiry_ns[row]),
        is_call=bool(terms.is_call[row]),
        multiplier=float(terms.multiplier[row]),
        quantity=quantity,
    )

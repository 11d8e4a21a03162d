"""A firm and an account -> what the risk desk goes on from there, in words too, and cash flows that persons note."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.gateways.cash_flows import CashFlow
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, read_endpoint, shortened
from nautilus_ai_firm.gateways.risk_file import RiskFile
from nautilus_ai_firm.models.risk.memory import CarriedRisk
from nautilus_ai_firm.settings import ConfigError, Loaded


def risk_file(loaded: Loaded, endpoint: Endpoint) -> RiskFile:
    """Find what a firm remembers at an account."""
    return RiskFile.beside(loaded.kill_switch_path, loaded.firm.name, endpoint.account)


def refuse_flow(carried: CarriedRisk, equity: Decimal) -> None:
    """Refuse cash flows that the equity of the account cannot have had.

    Raises
    ------
    GatewayError
        Without the flows there would be no equity.

    """
    if carried.external_flow and float(equity) - carried.external_flow <= 0:
        raise GatewayError(
            f"cash flows of {carried.external_flow:,.2f} were noted since the last session, and the account is worth "
            f"{equity:,.2f} (allowed: less than that; is the cash there yet? a wrong note is undone by a note of the "
            "opposite amount)"
        )


def carried_line(carried: CarriedRisk) -> str:
    """Say in one line what the risk desk goes on from."""
    memory = carried.memory
    if memory is None:
        return "risk begins anew: no session before is remembered"
    time = datetime.fromtimestamp(memory.ts_ns / SECOND_NS, UTC)
    tier = f", in the tier {memory.equity.tier.replace('_', ' ')}" if memory.equity.tier is not None else ""
    halted = ", halted" if memory.halted else ""
    flow = f"; cash flows since then {carried.external_flow:+,.2f}" if carried.external_flow else ""
    return f"risk goes on from {time:%Y-%m-%d %H:%M} UTC: high-water mark {memory.equity.mark:,.2f}{tier}{halted}{flow}"


def note_flow(loaded: Loaded, environment: Mapping[str, str], flow: CashFlow) -> str:
    """Note cash that was paid into the account of the environment or out of it, and say so in one line.

    Raises
    ------
    ConfigError
        The firm trades at no broker.
    GatewayError
        The environment names no account, or the notes cannot be read.

    """
    settings = loaded.firm.live.ib
    if settings is None:
        raise ConfigError(f"{loaded.source}: there is no table live.ib (needed: cash flows are those of an account)")
    endpoint = read_endpoint(settings, environment, real_money=settings.mode == "live")
    count = risk_file(loaded, endpoint).flows.add(flow)
    return (
        f"{loaded.firm.name} at {shortened(endpoint.account)}: {flow.amount:+,.2f} {loaded.firm.venue.currency}, "
        f"cash flow {count} ({flow.who}: {flow.why}); the next session allows for it"
    )

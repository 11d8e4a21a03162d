"""A broker's account -> what a session begins with: read, refused where the firm may not trade it, and cleared.

What an earlier session left working is taken back before anything else, and the account is read when it is gone.
"""

import asyncio
from collections.abc import Mapping

from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_account import AccountReading, read_account
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_orders import TakenBack, take_back
from nautilus_ai_firm.hosts.broker_plan import BrokerPlan
from nautilus_ai_firm.hosts.carried_risk import refuse_flow
from nautilus_ai_firm.hosts.earlier_orders import (
    OpenOrders,
    open_orders,
    refuse_others,
    refuse_returning,
    taken_back_line,
)
from nautilus_ai_firm.models.risk.memory import CarriedRisk
from nautilus_ai_firm.settings import Loaded

MOST_LOOKS = 2  # at what an earlier session left: what fills while it is taken back may leave an exit of nothing


def opened_account(
    plan: BrokerPlan,
    endpoint: Endpoint,
    contracts: Mapping[str, InstrumentId],
    carried: CarriedRisk,
    *,
    takes_back: bool,
) -> tuple[AccountReading, tuple[TakenBack, ...]]:
    """Read the account, and once more when what an earlier session left working in it is gone.

    Parameters
    ----------
    plan : BrokerPlan
        Configuration, and who is told what is taken back.
    endpoint : Endpoint
        Where the gateway is, and which account.
    contracts : mapping of str to InstrumentId
        What the broker calls every instrument.
    carried : CarriedRisk
        What is remembered of sessions before; noted cash flows have to fit to the account.
    takes_back : bool
        Whether anything is canceled; what would be is told otherwise.

    Returns
    -------
    tuple of AccountReading and tuple of TakenBack
        The account as the session begins with it, and what was canceled before.

    Raises
    ------
    GatewayError
        The account cannot be read or may not be traded, somebody else's orders work in it, or an order of an earlier
        session does not end.

    """
    answer_s, cancels = plan.settings.answer_seconds, plan.settings.earlier_orders == "cancel"
    taken: list[TakenBack] = []

    def tell(one: TakenBack) -> None:
        taken.append(one)
        plan.say(taken_back_line(one, max(map(len, contracts))))  # at once: what follows may refuse the session

    def read() -> tuple[AccountReading, OpenOrders]:
        reading = asyncio.run(read_account(endpoint, answer_s))
        _refuse_account(reading, contracts, plan.loaded)
        orders = open_orders(reading, contracts, plan.loaded.firm, cancels=cancels)
        refuse_others(orders)
        return reading, orders

    reading, orders = read()
    refuse_flow(carried, reading.net_liquidation)
    if orders.earlier and not takes_back:
        plan.say(f"orders of an earlier session, canceled when a session begins: {', '.join(sorted(orders.earlier))}")
        return reading, ()
    for _ in range(MOST_LOOKS):
        if orders.earlier:
            take_back(endpoint, orders.earlier, answer_s, tell)
            reading, orders = read()
    refuse_returning(orders)
    return reading, tuple(taken)


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

"""The open orders of an account -> which the desks take over, which are taken back at once, and which refuse a session.

Stops and take profits of what is held protect until the firm's first round, and are taken over there. What else an
earlier session left would go on to trade on a decision that is over, so it is canceled before anything is decided, and
the account is read again: the firm then decides on what is really held.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_account import AccountReading
from nautilus_ai_firm.gateways.ib_orders import TakenBack
from nautilus_ai_firm.messages.orders import CONTINUED, STOP, TAKE_PROFIT
from nautilus_ai_firm.settings import Firm

KINDS = f"RKX{CONTINUED}{STOP}{TAKE_PROFIT}"
"""What decision ids begin with: of a round, a halt, a command to close, what went on, a stop, a take profit."""
EXIT_KINDS, RESTING_KINDS = frozenset({STOP, TAKE_PROFIT}), frozenset({"STP", "LMT"})
EARLIER = re.compile(
    r"(?P<side>BUY|SELL) \S+ (?P<symbol>.+) (?P<type>\S+) \(of an earlier session, client [0-9]+, "
    rf"(?P<id>[0-9]{{12}}-(?P<kind>[{KINDS}])[0-9]{{6}}-(?P<name>\S+?)(?:-E[0-9]+)?)\)"
)
"""An order of any session of a firm, in the words of a reading: its id is tag, decision, instrument, and child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrders:
    """The open orders of an account, as a session finds them.

    Attributes
    ----------
    exits : tuple of str
        Stops and take profits that the execution desk takes over, in the words of the reading.
    earlier : dict of str to str
        What is to be taken back: by the id of each order the name of its instrument.
    others : tuple of str
        Of what no session of the firm may begin with, in the words of the reading.

    """

    exits: tuple[str, ...]
    earlier: dict[str, str]
    others: tuple[str, ...]


def open_orders(
    reading: AccountReading, contracts: Mapping[str, InstrumentId], firm: Firm, *, cancels: bool
) -> OpenOrders:
    """Sort the open orders of an account.

    Parameters
    ----------
    reading : AccountReading
        The account.
    contracts : mapping of str to InstrumentId
        What the broker calls every instrument.
    firm : Firm
        What is traded, and whether positions have stops.
    cancels : bool
        Whether orders of earlier sessions are taken back; others of the account otherwise.

    """
    exits: list[str] = []
    earlier: dict[str, str] = {}
    others: list[str] = []
    symbols = {name: str(contracts[name].symbol) for name in firm.instrument_ids}
    held = {holding.symbol: holding.quantity for holding in reading.holdings}
    for order in reading.open_orders:
        said = EARLIER.fullmatch(order)
        if said is None or symbols.get(said["name"]) != said["symbol"].replace(" ", "-"):
            others.append(order)
        elif _protects(said, held.get(symbols[said["name"]], Decimal(0))) or (_is_exit(said) and not cancels):
            (others if firm.risk.stops is None else exits).append(order)  # nobody would look after it
        elif cancels:
            earlier[said["id"]] = said["name"]
        else:
            others.append(order)
    return OpenOrders(exits=tuple(exits), earlier=earlier, others=tuple(others))


def _is_exit(said: re.Match[str]) -> bool:
    return said["kind"] in EXIT_KINDS and said["type"] in RESTING_KINDS


def _protects(said: re.Match[str], held: Decimal) -> bool:
    """Whether an order is an exit of what is held; one of an entry that did not fill would open a position."""
    return _is_exit(said) and (held > 0 if said["side"] == "SELL" else held < 0)


def refuse_others(orders: OpenOrders) -> None:
    """Refuse an account in which somebody else's orders work.

    Raises
    ------
    GatewayError
        There is one: names them all.

    """
    if orders.others:
        raise GatewayError(
            f"the account has open orders: {'; '.join(orders.others)} (allowed: none when a session begins; "
            "cancel them among the orders of TWS or of the broker's web page, whoever sent them)"
        )


def refuse_returning(orders: OpenOrders) -> None:
    """Refuse an account in which orders of an earlier session come again, however often they are taken back.

    Raises
    ------
    GatewayError
        There is one: names them all.

    """
    if orders.earlier:
        raise GatewayError(
            "an earlier session has open orders again after they were taken back: "
            f"{', '.join(sorted(orders.earlier))} (allowed: none; is another program of the firm at work there?)"
        )


def taken_back_line(one: TakenBack, name_width: int) -> str:
    """Say in one line what became of an order that was taken back; `name_width` is that of the longest instrument."""
    if one.quantity_left is None or one.filled_meanwhile is None:
        became = "ended by itself"
    else:
        became = f"{one.quantity_left:>7,} canceled, {one.filled_meanwhile:>7,} filled meanwhile"
    order = f"{one.side:<4} {one.quantity:>7,} {one.instrument_id:<{name_width}}"
    return f"taken back: {order} {became:<42}  {one.client_order_id}"

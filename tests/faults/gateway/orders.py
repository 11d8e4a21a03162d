"""One order as the broker holds it, and the rule by which it fills against the last quote and trade."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.faults.gateway.books import ZERO
from tests.faults.gateway.tape import Quote, Stock, Trade

OPEN = {"PreSubmitted", "Submitted"}
KINDS = {"MKT", "LMT", "STP", "MOC"}
UNSET = 1.7e308  # a client's way to say that a number is not there: the largest double


def price_field(order: Any, name: str) -> Decimal | None:
    """Read a price of an order's message, exactly as it was written."""
    value = getattr(order, name)
    return Decimal(repr(value)) if order.HasField(name) and value < UNSET else None


@dataclass(slots=True, eq=False)
class Order:
    """What a client placed, and what became of it."""

    client_id: int
    order_id: int
    perm_id: int
    account: str
    stock: Stock
    message: Any
    status: str = "PreSubmitted"
    filled: Decimal = ZERO
    value: Decimal = ZERO
    commission: Decimal = ZERO
    last_price: Decimal = ZERO
    triggered: bool = False
    completed_time: str = ""

    @property
    def quantity(self) -> Decimal:
        return Decimal(self.message.totalQuantity)

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def buys(self) -> bool:
        return self.message.action == "BUY"

    @property
    def average_price(self) -> Decimal:
        return self.value / self.filled if self.filled else ZERO

    @property
    def opens_with_the_market(self) -> bool:
        return self.message.tif == "OPG"

    @property
    def waits_for_auction(self) -> bool:
        return self.opens_with_the_market or self.message.orderType == "MOC"

    def fill_price(self, quote: Quote | None, trade: Trade | None) -> Decimal | None:
        """Find the price at which the order fills now, None where it does not.

        A market order takes the other side of the quote, a limit order too where that is no worse than its limit.
        A stop is triggered by the last trade or the other side of the quote at or through its price, and is a market
        order then.
        """
        if quote is None:
            return None
        price = quote.ask if self.buys else quote.bid
        if self.message.orderType == "STP" and not self.triggered:
            self.triggered = self._reaches_stop(price) or (trade is not None and self._reaches_stop(trade.price))
            if not self.triggered:
                return None
        return price if self._within_limit(price) else None

    def auction_price(self, price: Decimal) -> Decimal | None:
        """Find the price at which the order takes part in an auction, None where its limit forbids."""
        return price if self._within_limit(price) else None

    def _within_limit(self, price: Decimal) -> bool:
        limit = price_field(self.message, "lmtPrice")
        if self.message.orderType != "LMT" or limit is None:
            return True
        return price <= limit if self.buys else price >= limit

    def _reaches_stop(self, price: Decimal) -> bool:
        stop = price_field(self.message, "auxPrice")
        return stop is not None and (price >= stop if self.buys else price <= stop)

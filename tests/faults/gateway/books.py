"""Cash and positions of one account, in Decimal, as the broker keeps them: average cost includes commissions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from tests.faults.gateway.tape import CENT, Stock

PER_SHARE, LEAST, MOST_OF_VALUE = Decimal("0.005"), Decimal(1), Decimal("0.01")
ZERO = Decimal(0)
INITIAL_MARGIN, MAINTENANCE_MARGIN = Decimal("0.5"), Decimal("0.25")  # of a position's value, Regulation T

type Prices = Callable[[str], Decimal | None]


def commission_of(shares: Decimal, value: Decimal) -> Decimal:
    """Compute what an order costs so far: half a cent a share, at least a dollar, at most 1 % of its value."""
    return min(max(shares * PER_SHARE, LEAST), value * MOST_OF_VALUE).quantize(CENT)


@dataclass(slots=True)
class Position:
    """Shares, negative when short, and what one cost on average."""

    stock: Stock
    shares: Decimal = ZERO
    average_cost: Decimal = ZERO
    realised: Decimal = ZERO


@dataclass(slots=True)
class Books:
    """One account."""

    account: str
    cash: Decimal
    currency: str = "USD"
    positions: dict[str, Position] = field(default_factory=dict[str, Position])

    def book(self, stock: Stock, shares: Decimal, price: Decimal, commission: Decimal) -> Decimal | None:
        """Book a fill, negative when sold; return the realised profit after commission, None where it only opens."""
        position = self.positions.setdefault(stock.symbol, Position(stock))
        self.cash -= shares * price + commission
        closed = min(abs(shares), abs(position.shares)) if position.shares * shares < 0 else ZERO
        cost = price + commission / shares  # of one share, commission included, whichever way it went
        realised = (cost - position.average_cost) * (closed if position.shares > 0 else -closed)
        before, position.shares = position.shares, position.shares + shares
        if not position.shares:
            position.average_cost = ZERO
        elif before * position.shares < 0:
            position.average_cost = cost
        elif not closed:
            position.average_cost = (position.average_cost * before + cost * shares) / position.shares
        position.realised += realised
        return realised if closed else None

    def values(self, prices: Prices) -> dict[str, Decimal]:
        """Compute the figures of the account by their tags."""
        worth = {symbol: one.shares * self.price(one, prices) for symbol, one in self.positions.items()}
        gross, stocks = sum(map(abs, worth.values()), ZERO), sum(worth.values(), ZERO)
        net, initial, maintenance = self.cash + stocks, gross * INITIAL_MARGIN, gross * MAINTENANCE_MARGIN
        return {
            "NetLiquidation": net, "TotalCashValue": self.cash, "SettledCash": self.cash, "AccruedCash": ZERO,
            "CashBalance": self.cash, "TotalCashBalance": self.cash, "StockMarketValue": stocks,
            "NetLiquidationByCurrency": net, "EquityWithLoanValue": net, "GrossPositionValue": gross,
            "InitMarginReq": initial, "MaintMarginReq": maintenance, "FullInitMarginReq": initial,
            "FullMaintMarginReq": maintenance, "AvailableFunds": net - initial, "ExcessLiquidity": net - maintenance,
            "FullAvailableFunds": net - initial, "FullExcessLiquidity": net - maintenance,
            "BuyingPower": (net - initial) / INITIAL_MARGIN, "Cushion": (net - maintenance) / net if net else ZERO,
            "RealizedPnL": self.realised, "UnrealizedPnL": self.unrealised(prices),
        }  # fmt: skip

    @property
    def realised(self) -> Decimal:
        return sum((one.realised for one in self.positions.values()), ZERO)

    def unrealised(self, prices: Prices) -> Decimal:
        each = ((self.price(one, prices) - one.average_cost) * one.shares for one in self.positions.values())
        return sum(each, ZERO)

    @staticmethod
    def price(position: Position, prices: Prices) -> Decimal:
        """Find the price of a position: the market's, or its cost where the market has none."""
        price = prices(position.stock.symbol)
        return position.average_cost if price is None else price

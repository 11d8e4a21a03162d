"""The closing auction of the simulated venue: an order for it is filled whole at the last price, the bar's close.

Left to itself the engine fills a quarter of the last bar's volume there, and the rest one increment away.
"""

from typing import Any, Self

from nautilus_trader.execution import FillModel
from nautilus_trader.model import BookOrder, BookType, OrderBook, OrderSide, Price, Quantity

from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE
from nautilus_ai_firm.messages.orders import CLOSING_AUCTION
from nautilus_ai_firm.settings import Firm


class ClosingAuctionFills(FillModel):
    """Gives orders for the closing auction the room that an opening tick has; all others fill as without it."""

    def __new__(cls) -> Self:
        """Take no parameters of the engine."""
        return super().__new__(cls)

    def is_limit_filled(self) -> bool:
        """Fill a limit that is touched, as the engine does by default."""
        return True

    def is_slipped(self) -> bool:
        """Let no order slip."""
        return False

    def fill_limit_inside_spread(self) -> bool:
        """Fill no limit that is not touched."""
        return False

    def get_orderbook_for_fill_simulation(
        self, instrument: Any, order: Any, best_bid: Price | None = None, best_ask: Price | None = None
    ) -> OrderBook | None:
        """Return the book of the auction for an order that is tagged so, and None for others."""
        if CLOSING_AUCTION not in (order.tags or ()) or best_bid is None or best_ask is None:
            return None
        book, size = OrderBook(instrument.id, BookType.L2_MBP), Quantity.from_int(OPENING_TICK_SIZE)
        for number, (side, price) in enumerate(((OrderSide.BUY, best_bid), (OrderSide.SELL, best_ask)), 1):
            book.add(BookOrder(side, price, size, number), 0, number, 0)
        return book


def closing_fills(firm: Firm) -> ClosingAuctionFills | None:
    """Make it for a firm that trades in closing auctions; None for others."""
    algorithm = firm.execution.algorithm
    return ClosingAuctionFills() if algorithm is not None and algorithm.cutoff_minutes else None

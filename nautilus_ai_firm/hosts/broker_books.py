"""The account as it was read, and every fill since -> the firm's own cash, to be held against the broker's."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from nautilus_trader.model import Position

from nautilus_ai_firm.gateways.ib_account import AccountReading
from nautilus_ai_firm.messages import OrderEventKind, OrderRecord

CENT = Decimal("0.01")


class BrokerBooks:
    """Counts cash from fills: the account that the engine keeps is the broker's net liquidation value, minutes old.

    Parameters
    ----------
    reading : AccountReading
        The account when the session began.

    """

    def __init__(self, reading: AccountReading) -> None:
        self.cash = reading.cash
        self._fills = 0

    def fill(self, record: OrderRecord) -> None:
        """Take a fill into account."""
        if record.kind is not OrderEventKind.FILLED or record.price is None:
            return
        paid = record.quantity * record.price * (1 if record.side == "BUY" else -1)
        self._fills += 1
        self.cash -= paid + (record.commission or Decimal(0))

    def balance(self, positions: Iterable[Position]) -> Decimal:
        """Cash, and what was paid for the open positions: with their open profit it makes the equity."""
        cost = sum(
            (round(position.signed_qty) * Decimal(repr(position.avg_px_open)) for position in positions), Decimal(0)
        )
        return (self.cash + cost).quantize(CENT)

    def difference(self, reading: AccountReading, held: Mapping[str, int]) -> str:
        """Say what the broker has otherwise; nothing where cash agrees to a cent a fill and positions to the share.

        Parameters
        ----------
        reading : AccountReading
            The account as the broker has it.
        held : mapping of str to int
            Own positions by the broker's symbol, signed.

        """
        theirs = {holding.symbol: holding.quantity for holding in reading.holdings}
        for symbol in sorted({*theirs, *(name for name, quantity in held.items() if quantity)}):
            own, other = held.get(symbol, 0), theirs.get(symbol, Decimal(0))
            if own != other:
                return f"{symbol}: {own:,} held here, {other:,} at the broker"
        if abs(self.cash - reading.cash) > CENT * (1 + self._fills):
            return f"cash: {self.cash:,.2f} counted here, {reading.cash:,.2f} at the broker"
        return ""

"""Clients of a node that are no broker's: one hands over what is played to it, one books interest and borrow fees."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, override

from nautilus_trader.live.clients import DataClientFactory, ExecutionClient, ExecutionClientFactory, MarketDataClient
from nautilus_trader.model import AccountBalance, Money

type Play = Callable[[Callable[[Any], None]], Any]


class Replay(MarketDataClient):
    """Hands over instruments, then everything that is played; whoever subscribes gets it."""

    def __init__(self, instruments: Iterable[Any], play: Play, **context: Any) -> None:
        super().__init__(**context)
        self._instruments = list(instruments)
        self._play = play

    @override
    async def _connect(self) -> None:
        for instrument in self._instruments:
            self._handle_instrument(instrument)
        self.create_task(self._play(self._handle_data), "play")

    @override
    async def _disconnect(self) -> None:
        pass

    @override
    async def _subscribe(self, command: Any) -> None:
        pass

    @override
    async def _subscribe_bars(self, command: Any) -> None:
        pass

    @override
    async def _subscribe_quotes(self, command: Any) -> None:
        pass

    @override
    async def _unsubscribe_quotes(self, command: Any) -> None:
        pass

    @override
    async def _subscribe_trades(self, command: Any) -> None:
        pass

    @override
    async def _unsubscribe(self, command: Any) -> None:
        pass

    @override
    async def _unsubscribe_bars(self, command: Any) -> None:
        pass

    @override
    async def _unsubscribe_trades(self, command: Any) -> None:
        pass


class Cashier(ExecutionClient):
    """Books interest and borrow fees into the account of the simulated venue; takes no orders."""

    @override
    async def _connect(self) -> None:
        pass

    @override
    async def _disconnect(self) -> None:
        pass

    def book(self, amount: Money, ts_ns: int) -> None:
        """Add an amount to the balance.

        Raises
        ------
        LookupError
            The venue has no account yet.

        """
        account = self.cache.account(self.account_id)
        if account is None:
            raise LookupError(f"no account {self.account_id}")
        total = account.balance_total(amount.currency) + amount
        nothing = Money.from_decimal(Decimal(0), amount.currency)
        balance = AccountBalance(total, nothing, total)
        self.generate_account_state([balance], [], reported=False, ts_event=ts_ns)


class DataFactory(DataClientFactory):
    """Makes the one client that it was made for."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def create(self, **context: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - the node calls an instance
        """Make it."""
        return self._make(**context)


class ExecutionFactory(ExecutionClientFactory):
    """Makes the one client that it was made for."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def create(self, **context: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - as above
        """Make it."""
        return self._make(**context)

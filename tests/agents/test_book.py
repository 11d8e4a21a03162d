"""The book reads whole positions and closes to the cent although the engine hands out floats."""

from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from nautilus_trader.model import BarType, Currency, InstrumentId, Money, Price, Quantity, Venue

from nautilus_ai_firm.agents.book import Book, Universe, nearest_float
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger

USD = Currency.from_str("USD")
NAMES = ("A.US", "B.US")
TRUNCATED = next(n for n in range(3_000, 100_000) if int(Quantity.from_int(n).as_double()) != n)


def universe() -> Universe:
    return Universe(
        instrument_ids=tuple(InstrumentId.from_str(name) for name in NAMES),
        names=NAMES,
        bar_types=tuple(BarType.from_str(f"{name}-1-DAY-LAST-EXTERNAL") for name in NAMES),
        lot_sizes=np.ones(2, dtype=np.int64),
        inputs=(),
        input_bar_types={},
        venue=Venue("US"),
        currency=USD,
        bar_minutes=390,
        bars_per_year=252.0,
    )


class Cache:
    """Answers as the engine's cache does."""

    def __init__(self, balance: str, positions: dict[str, tuple[float, float]]) -> None:
        self._account = SimpleNamespace(balance_total=lambda _currency: Money.from_str(f"{balance} USD"))
        self._positions = [
            SimpleNamespace(instrument_id=InstrumentId.from_str(name), signed_qty=quantity, avg_px_open=price)
            for name, (quantity, price) in positions.items()
        ]

    def account_for_venue(self, _venue: Venue) -> object:
        return self._account

    def purge_account_events(self, _ts_now: int) -> None:
        pass

    def positions_open(self) -> list[object]:
        return list(self._positions)


def test_a_position_is_whole_although_its_float_is_not():
    quantity = Quantity.from_int(TRUNCATED).as_double()
    cache = Cache("1000.00", {"A.US": (-quantity, 10.0), "B.US": (quantity, 10.0)})
    holdings = Book(universe(), WorkingLedger(2)).holdings(cache, np.array([10.0, 10.0]))  # pyright: ignore[reportArgumentType] - answers alike
    assert holdings.positions.tolist() == [-TRUNCATED, TRUNCATED]


def test_equity_is_the_balance_and_open_profit_and_what_works_is_projected():
    ledger = WorkingLedger(2)
    ledger.hold(Parent(parent_id="P", place=1, quantity=-7, round=1, decision_id="R", execution_ns=1))
    cache = Cache("1000.25", {"A.US": (3.0, 10.0), "B.US": (-2.0, 20.0)})
    holdings = Book(universe(), ledger).holdings(cache, np.array([11.115, 21.0]))  # pyright: ignore[reportArgumentType] - answers alike
    assert holdings.equity == Decimal("1001.60")  # 1000.25 + 3 x 1.115 - 2 x 1 = 1001.595, half to even
    assert holdings.balance == Decimal("1000.25")
    assert holdings.projected.tolist() == [3, -9]


def test_half_a_cent_survives_a_float_average_price():
    cache = Cache("0.00", {"A.US": (1.0, 0.1 + 0.2)})  # 0.30000000000000004
    holdings = Book(universe(), WorkingLedger(2)).holdings(cache, np.array([0.315, 1.0]))  # pyright: ignore[reportArgumentType] - answers alike
    assert holdings.equity == Decimal("0.02")


def test_no_account_is_an_error_and_not_an_empty_book():
    cache = SimpleNamespace(account_for_venue=lambda _venue: None, positions_open=list)
    with pytest.raises(LookupError, match="no account at venue US"):
        Book(universe(), WorkingLedger(2)).holdings(cache, np.ones(2))  # pyright: ignore[reportArgumentType] - answers alike


@pytest.mark.parametrize("text", ["56.1374", "0.0001", "3879.0190", "123456.7891"])
def test_a_price_becomes_the_nearest_float(text):
    assert nearest_float(Price.from_str(text)) == float(text)

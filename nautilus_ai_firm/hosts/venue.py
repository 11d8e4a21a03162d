"""The simulated venue's charges: what each fill costs, and what holding overnight costs, as `[costs]` states.

Fills happen at market prices; half-spread and impact are charged as money beside the commission, so that each can be
told apart afterwards. Average volume and volatility come from the bars that the venue has processed so far.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Any, Protocol

import numpy as np
from nautilus_trader.backtest import SimulationModule
from nautilus_trader.execution import FeeModel
from nautilus_trader.model import Bar, Currency, InstrumentId, Money, OrderSide, Price, Quantity

from nautilus_ai_firm.agents.book import nearest_float
from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility
from nautilus_ai_firm.models.execution.costs import commission, financing, half_spread, square_root_impact
from nautilus_ai_firm.runs.charges import FillCosts, FinancingEntry
from nautilus_ai_firm.settings import Costs

CENT = Decimal("0.01")
IMPACT_DIGITS = Decimal("1e-8")


class ChargeRecorder(Protocol):
    """Who writes charges down as they are made."""

    def fill_costs(self, client_order_id: str, costs: FillCosts) -> None:
        """Hear what the next fill of an order costs."""
        ...

    def financing(self, entry: FinancingEntry) -> None:
        """Hear of a booking of interest and borrow fees."""
        ...


class Charges:
    """What the venue charges the firm.

    Parameters
    ----------
    costs : Costs
        Rates.
    instrument_ids : tuple of InstrumentId
        What can be traded.
    starting_balance : Decimal
        Cash at the start.
    volume_span : float
        Span of average volume and volatility, bars.
    currency : Currency
        Currency of the account.

    """

    def __init__(
        self,
        costs: Costs,
        instrument_ids: tuple[InstrumentId, ...],
        starting_balance: Decimal,
        volume_span: float,
        currency: Currency,
    ) -> None:
        self.failures: Failures | None = None
        self.recorder: ChargeRecorder | None = None
        self.fills: defaultdict[str, list[FillCosts]] = defaultdict(list)  # by client order id
        self.financing: list[FinancingEntry] = []
        self._costs = costs
        self._currency = currency
        self._place = {instrument_id: place for place, instrument_id in enumerate(instrument_ids)}
        n = len(instrument_ids)
        self._average_volume = Ewma(volume_span, n)
        self._bar_volatility = EwmaVolatility(volume_span, n, warm_up=1)
        self._volume = np.full(n, np.nan)
        self._volatility = np.full(n, np.nan)
        self._close = np.full(n, np.nan)
        self._bar_volume = np.full(n, np.nan)
        self._fresh = np.zeros(n, dtype=np.bool_)
        self._any_fresh = False
        self._rates = (
            _exact(costs.commission_bps),
            _exact(costs.commission_minimum),
            _exact(costs.half_spread_bps),
        )
        self._bars_ns = 0
        self._now_ns = 0
        self._next_day_ns = 0
        self._positions = [0] * n
        self._cash = starting_balance
        self._charged: defaultdict[str, tuple[Decimal, Decimal]] = defaultdict(lambda: (Decimal(0), Decimal(0)))
        self._due: list[FinancingEntry] = []

    def learn(self, history: Iterable[Any]) -> None:
        """Take market data from before the first round: it tells volume and volatility, and nothing is held yet."""
        for data in history:
            self._take(data)

    def see(self, data: Any) -> None:
        """Take market data before the venue matches against it."""
        ts = data.ts_init
        if ts >= self._next_day_ns:
            if self._now_ns:
                self._accrue(ts, int(ts // DAY_NS - self._now_ns // DAY_NS))
            self._next_day_ns = (ts // DAY_NS + 1) * DAY_NS
        self._now_ns = ts
        self._take(data)

    def _take(self, data: Any) -> None:
        ts = data.ts_init
        if self._any_fresh and ts > self._bars_ns:
            self._close_bars()
        if isinstance(data, Bar) and (place := self._place.get(data.bar_type.instrument_id)) is not None:
            self._bars_ns = ts
            self._close[place] = nearest_float(data.close)
            self._bar_volume[place] = nearest_float(data.volume)
            self._fresh[place] = self._any_fresh = True

    def charge(self, order: Any, quantity: Decimal, price: Decimal) -> Decimal:
        """Return the sum of a fill's costs in cents, and keep its parts."""
        place = self._place[order.instrument_id]
        costs, order_id = self._costs, str(order.client_order_id)
        notional = quantity * price
        commission_bps, commission_minimum, half_spread_bps = self._rates
        already, cumulative = self._charged[order_id]
        fee = commission(notional, commission_bps, commission_minimum, already, cumulative)
        volume, volatility = float(self._volume[place]), float(self._volatility[place])
        if not (isfinite(volume) and isfinite(volatility)):
            raise ValueError(f"{order.instrument_id}: a fill before two closes, so its impact cannot be stated")
        impact_fraction = square_root_impact(float(quantity), volume, volatility, costs.impact_coefficient)
        parts = FillCosts(
            fee=fee,
            half_spread_cost=half_spread(notional, half_spread_bps),
            impact_cost=(notional * _exact(impact_fraction)).quantize(IMPACT_DIGITS, ROUND_HALF_EVEN),
        )
        self.fills[order_id].append(parts)
        if self.recorder is not None:
            self.recorder.fill_costs(order_id, parts)
        self._charged[order_id] = (already + fee, cumulative + notional)
        total = (parts.fee + parts.half_spread_cost + parts.impact_cost).quantize(CENT, ROUND_HALF_EVEN)
        signed = int(quantity) if order.side == OrderSide.BUY else -int(quantity)
        self._positions[place] += signed
        self._cash -= signed * price + total
        return total

    def due(self) -> list[FinancingEntry]:
        """Return what is to be booked now, once."""
        due, self._due = self._due, []
        self.financing += due
        if self.recorder is not None:
            for entry in due:
                self.recorder.financing(entry)
        return due

    def money(self, amount: Decimal) -> Money:
        """Make an amount of the account's currency."""
        return Money.from_decimal(amount, self._currency)

    def fail(self, error: Exception) -> None:
        """Fail the run; the engine would only log the exception and lose the fill."""
        if self.failures is None:
            raise error
        self.failures.record("venue", error)

    def _close_bars(self) -> None:
        self._volume = self._average_volume.update(np.where(self._fresh, self._bar_volume, np.nan))
        self._volatility = self._bar_volatility.update(self._close, self._fresh)
        self._fresh[:] = self._any_fresh = False

    def _accrue(self, ts: int, nights: int) -> None:
        short = sum(
            (-quantity * _exact(float(close)) for quantity, close in zip(self._positions, self._close, strict=True)
             if quantity < 0),
            Decimal(0),
        )  # fmt: skip
        costs = self._costs
        amount = financing(
            self._cash,
            short,
            nights,
            _exact(costs.cash_rate_per_year),
            _exact(costs.margin_rate_per_year),
            _exact(costs.borrow_rate_per_year),
        ).quantize(CENT, ROUND_HALF_EVEN)
        if amount:
            entry = FinancingEntry(ts=ts, nights=nights, cash=self._cash, short_market_value=short, amount=amount)
            self._due.append(entry)
            self._cash += amount


class FillCharges(FeeModel):
    """Charges each fill."""

    def __init__(self, charges: Charges) -> None:
        self._charges = charges

    def get_commission(self, order: Any, fill_quantity: Quantity, fill_px: Price, _instrument: Any) -> Money:
        """Return what the venue books for a fill."""
        try:
            total = self._charges.charge(order, fill_quantity.as_decimal(), fill_px.as_decimal())
        except Exception as error:  # noqa: BLE001 - recorded, and the run fails with it
            self._charges.fail(error)
            total = Decimal(0)
        return self._charges.money(total)


class OvernightFinancing(SimulationModule):
    """Books interest and borrow fees with the first market data of the next day (UTC)."""

    def __init__(self, charges: Charges) -> None:
        self._charges = charges

    def pre_process(self, data: Any) -> None:
        """Take market data before it is matched against."""
        try:
            self._charges.see(data)
        except Exception as error:  # noqa: BLE001 - recorded, and the run fails with it
            self._charges.fail(error)

    def process(self, _ts_now: int, _context: Any) -> list[Money]:
        """Book what is due."""
        try:
            return [self._charges.money(entry.amount) for entry in self._charges.due()]
        except Exception as error:  # noqa: BLE001 - recorded, and the run fails with it
            self._charges.fail(error)
            return []

    def acknowledge(self, outcomes: Any) -> None:
        """Fail the run when a booking was not applied."""
        for outcome in outcomes or ():
            if not outcome.applied:
                self._charges.fail(RuntimeError(f"financing was not booked: {outcome.error}"))

    def log_diagnostics(self) -> None:
        """Say nothing: bookings are in the records."""

    def reset(self) -> None:
        """Refuse: a venue serves one run."""
        raise RuntimeError("a simulated venue serves one run; make a new one")


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))

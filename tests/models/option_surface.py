"""A synthetic market of American options: a smile that is known, a chain quoted from it, and QuantLib to judge both."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import QuantLib as ql

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import OptionChain
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options

DAYS = (7, 14, 21, 28, 35, 63, 91, 126, 182)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Volatility by time and moneyness: σ(T, k) = level(T) + skew k / √T + curve k² / T, with k = ln(K / F).

    level(T) = short + (long - short)(1 - exp(-4 T)); rate and dividend yield per year, continuously compounded.
    """

    short: float = 0.22
    long: float = 0.26
    skew: float = -0.06
    curve: float = 0.05
    rate: float = 0.03
    dividend: float = 0.015

    @property
    def carry(self):
        return self.rate - self.dividend

    def level(self, years):
        return self.short + (self.long - self.short) * (1 - np.exp(-4 * years))

    def volatility(self, years, moneyness):
        scaled = moneyness / np.sqrt(years)
        return np.maximum(self.level(years) + self.skew * scaled + self.curve * scaled**2, 0.03)


def approximate(options, volatility):
    """Price contracts as the models do."""
    return american_value(options, volatility).price


def true(options, volatility):
    """Price contracts by the method of Andersen, Lake and Offengenden (2016), which is exact to far more digits."""
    return np.array([one.NPV() for one in quantlib(options, volatility)])


def without_contracts(underlying):
    """Make the chain of an underlying on which nothing is listed."""
    return OptionChain(
        underlying=underlying,
        spot=100.0,
        strike=np.empty(0),
        expiry_ns=np.empty(0, dtype=np.int64),
        is_call=np.empty(0, dtype=bool),
        bid=np.empty(0),
        ask=np.empty(0),
    )


def in_units(contracts, scale):
    """Count the prices of contracts in another unit."""
    return replace(contracts, spot=contracts.spot * scale, strike=contracts.strike * scale)


def chain_of(surface, ts_ns, spot=100.0, strikes=None, days=DAYS, half_spread=0.002, price=approximate):
    """Quote calls and puts on every strike and expiry; `half_spread` is a fraction of the price.

    `price` values contracts given their volatilities.
    """
    strikes = spot * np.arange(0.7, 1.31, 0.01) if strikes is None else strikes
    expiry, strike, is_call = (one.ravel() for one in np.meshgrid(days, strikes, [True, False], indexing="ij"))
    years = expiry / 365
    volatility = surface.volatility(years, np.log(strike / spot) - surface.carry * years)
    options = Options(
        spot=np.full(len(strike), spot),
        strike=strike,
        years=years,
        rate=surface.rate,
        carry=np.full(len(strike), surface.carry),
        is_call=is_call.astype(bool),
    )
    mid = price(options, volatility)
    return OptionChain(
        underlying="A",
        spot=spot,
        strike=strike.astype(float),
        expiry_ns=ts_ns + expiry * DAY_NS,
        is_call=is_call.astype(bool),
        bid=mid * (1 - half_spread),
        ask=mid * (1 + half_spread),
    )


def quantlib(options, volatility, engine: Callable[[Any], ql.PricingEngine] = ql.QdFpAmericanEngine):
    """Return a priced QuantLib option for each contract; times to expiry must be whole days of a year of 365."""
    today = ql.Date(6, 6, 2014)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    made = []
    for i in range(len(options.spot)):
        flat = ql.FlatForward(today, float(options.rate), count)
        dividends = ql.FlatForward(today, float(options.rate - options.carry[i]), count)
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(float(options.spot[i]))),
            ql.YieldTermStructureHandle(dividends),
            ql.YieldTermStructureHandle(flat),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), float(volatility[i]), count)),
        )
        side = ql.Option.Call if options.is_call[i] else ql.Option.Put
        exercise = ql.AmericanExercise(today, today + round(options.years[i] * 365))
        option = ql.VanillaOption(ql.PlainVanillaPayoff(side, float(options.strike[i])), exercise)
        option.setPricingEngine(engine(process))
        made.append(option)
    return made

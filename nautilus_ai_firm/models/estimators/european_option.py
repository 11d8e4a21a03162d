"""Contracts and volatilities become values of European options."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, log, pi, sqrt
from typing import NamedTuple

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats

_ROOT_OF_2, _ROOT_OF_2_PI = sqrt(2), sqrt(2 * pi)


class Contract(NamedTuple):
    """One option, its prices in units of its strike.

    Attributes
    ----------
    moneyness : float
        Price of the underlying, above 0.
    years : float
        Time to expiry, above 0.
    rate, carry : float
        As those of `Options`.
    sign : float
        1 for a call and -1 for a put.

    """

    moneyness: float
    years: float
    rate: float
    carry: float
    sign: float


class Worth(NamedTuple):
    """What one option is worth, in units of its strike; the fields are those of `Value`."""

    price: float
    premium: float
    delta: float
    gamma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Option contracts and the market that they are valued in, each array of shape (n_contracts,).

    Attributes
    ----------
    spot, strike : ndarray
        Prices in one unit, above 0.
    years : ndarray
        Time to expiry, above 0.
    rate : float
        Interest rate, continuously compounded, per year, at least 0.
    carry : ndarray
        Cost of carry b, per year: the forward is spot exp(b years), and rate less carry is the dividend yield.
    is_call : ndarray
        Calls; the others are puts.

    """

    spot: Floats
    strike: Floats
    years: Floats
    rate: float
    carry: Floats
    is_call: Bools

    @property
    def sign(self) -> Floats:
        """1 for calls and -1 for puts."""
        return np.where(self.is_call, 1.0, -1.0)

    def contracts(self) -> list[Contract]:
        """Return them one by one."""
        columns = (self.spot / self.strike, self.years, self.carry, self.sign)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [Contract(moneyness, years, self.rate, carry, sign) for moneyness, years, carry, sign in rows]

    def both_sides(self) -> "Options":
        """Return the put and the call of each contract: first all puts, then all calls."""
        spot, strike, years, carry = (np.tile(one, 2) for one in (self.spot, self.strike, self.years, self.carry))
        is_call = np.repeat([False, True], len(self.spot))
        return Options(spot=spot, strike=strike, years=years, rate=self.rate, carry=carry, is_call=is_call)

    def of(self, which: Bools) -> "Options":
        """Return some of the contracts."""
        return Options(
            spot=self.spot[which],
            strike=self.strike[which],
            years=self.years[which],
            rate=self.rate,
            carry=self.carry[which],
            is_call=self.is_call[which],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What options are worth, each array of shape (n_contracts,).

    Attributes
    ----------
    price : ndarray
        In the unit of the spot.
    premium : ndarray
        The part of the price that is for the right to exercise early, in the unit of the spot.
    delta : ndarray
        Change of the price per change of the spot.
    gamma : ndarray
        Change of delta per change of the spot, one over the unit of the spot.

    """

    price: Floats
    premium: Floats
    delta: Floats
    gamma: Floats


def value_of(worths: Sequence[Worth], strike: Floats) -> Value:
    """Put together what options are worth, strikes of shape (n_contracts,)."""
    price, premium, delta, gamma = np.array(worths, dtype=np.float64).reshape(-1, 4).T
    return Value(price=price * strike, premium=premium * strike, delta=delta, gamma=gamma / strike)


def european_value(options: Options, volatility: Floats) -> Value:
    """Value European options by the formula of Black and Scholes (1973) with cost of carry (Merton 1973).

    With φ = 1 for calls and -1 for puts, value = φ (S exp((b - r) T) N(φ d₁) - K exp(-r T) N(φ d₂)),
    d₁ = (ln(S / K) + b T) / (σ √T) + σ √T / 2 and d₂ = d₁ - σ √T.

    Parameters
    ----------
    options : Options
        The contracts.
    volatility : ndarray of shape (n_contracts,)
        σ per year, above 0; NaN gives NaN.

    """
    return value_of(list(map(european_worth, options.contracts(), volatility.tolist())), options.strike)


def european_worth(contract: Contract, volatility: float) -> Worth:
    """Value one European option at a volatility, per year, above 0; NaN gives NaN."""
    value, delta, density = Terms.of(contract, volatility).value(contract.moneyness)
    return Worth(value, 0.0, delta, density / contract.moneyness)


class Terms(NamedTuple):
    """What the European formula needs of a contract and a volatility, whatever the price of the underlying is.

    One contract at a time: the few that are next to a tenor take less time so than the calls that arrays of them need.

    Attributes
    ----------
    sign : float
        1 for a call and -1 for a put.
    deviation, drift : float
        σ √T, and b T + σ² T / 2.
    growth, discount : float
        exp((b - r) T) and exp(-r T), times the sign.

    """

    sign: float
    deviation: float
    drift: float
    growth: float
    discount: float

    @classmethod
    def of(cls, contract: Contract, volatility: float) -> "Terms":
        """Take the terms of a contract, volatility per year."""
        _, years, rate, carry, sign = contract
        deviation, carried, discount = volatility * sqrt(years), carry * years, sign * exp(-rate * years)
        return cls(sign, deviation, carried + deviation * deviation / 2, discount * exp(carried), discount)

    def value(self, moneyness: float) -> tuple[float, float, float]:
        """Return value, delta, and gamma times the price of the underlying, at a price in units of the strike."""
        sign, deviation, drift, growth, discount = self
        d1 = (log(moneyness) + drift) / deviation
        delta = growth * normal_cdf(sign * d1)
        density = sign * growth * exp(d1 * d1 / -2) / (_ROOT_OF_2_PI * deviation)
        return moneyness * delta - discount * normal_cdf(sign * (d1 - deviation)), delta, density


def normal_cdf(x: float) -> float:
    """Return the standard normal distribution function; NaN of NaN."""
    return erfc(x / -_ROOT_OF_2) / 2

"""Contracts and volatilities become values of European options."""

from dataclasses import dataclass
from math import erfc, pi, sqrt

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats

_ROOT_OF_2, _ROOT_OF_2_PI = sqrt(2), sqrt(2 * pi)


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
    value, delta, density = Terms.of(options, volatility).value(options.spot / options.strike)
    return Value(price=value * options.strike, premium=np.zeros(len(value)), delta=delta, gamma=density / options.spot)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the European formula needs of contracts and volatilities, whatever the price of the underlying is.

    Attributes
    ----------
    sign : ndarray of shape (n_contracts,)
        1 for calls and -1 for puts.
    deviation, drift : ndarray of shape (n_contracts,)
        σ √T, and b T + σ² T / 2.
    growth, discount : ndarray of shape (n_contracts,)
        exp((b - r) T) and exp(-r T), times the sign.

    """

    sign: Floats
    deviation: Floats
    drift: Floats
    growth: Floats
    discount: Floats

    @classmethod
    def of(cls, options: Options, volatility: Floats) -> "Terms":
        """Take the terms of contracts, volatilities per year."""
        sign, deviation = options.sign, volatility * np.sqrt(options.years)
        carried = options.carry * options.years
        discount = sign * np.exp(-options.rate * options.years)
        return cls(sign, deviation, carried + deviation**2 / 2, discount * np.exp(carried), discount)

    def value(self, moneyness: Floats) -> tuple[Floats, Floats, Floats]:
        """Return value, delta, and gamma times the price of the underlying, at prices in units of the strike."""
        d1 = (np.log(moneyness) + self.drift) / self.deviation
        both = normal_cdf(np.concatenate([self.sign * d1, self.sign * (d1 - self.deviation)]))
        delta = self.growth * both[: len(d1)]
        density = self.sign * self.growth * np.exp(d1 * d1 / -2) / (_ROOT_OF_2_PI * self.deviation)
        return moneyness * delta - self.discount * both[len(d1) :], delta, density


def normal_cdf(x: Floats) -> Floats:
    """Return the standard normal distribution function, shape (n,); NaN where x is NaN."""
    return np.fromiter(map(erfc, (x / -_ROOT_OF_2).tolist()), np.float64, len(x)) / 2

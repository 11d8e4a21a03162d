"""Pairs of a call and a put become the forward prices that they imply, with early exercise taken out."""

from dataclasses import dataclass
from math import isfinite
from statistics import median

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options, european_worth
from nautilus_ai_firm.models.estimators.implied_volatility import implied_volatility
from nautilus_ai_firm.models.estimators.option_quotes import OptionQuotes, Places

_PAIRS = 3
"""Strikes next to the spot that are asked: their median stands one bad quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwards:
    """What the pairs of some expiries imply, each array of shape (n_expiries,); NaN where they imply nothing.

    Attributes
    ----------
    years : ndarray
        Time to expiry, ascending.
    price : ndarray
        Forward price, unit of the spot.
    carry : ndarray
        Cost of carry per year: the forward is spot exp(carry years).
    deviation : ndarray
        Rough standard deviation of the log price at expiry.

    """

    years: Floats
    price: Floats
    carry: Floats
    deviation: Floats


def implied_forwards(quotes: OptionQuotes, years: Floats, rate: float) -> Forwards:
    """Find the forward prices of some expiries by put-call parity (Stoll 1969).

    F = median of K + exp(r T) ((C - c) - (P - p)) over the three strikes next to the spot, where C and P are mids and c
    and p what early exercise is worth in them: without it parity holds as for European options. c and p are those
    of `american_value` at the volatility of the leg that is out of the money, with the carry of a first F without them.

    Parameters
    ----------
    quotes : OptionQuotes
        The quotes that can be used.
    years : ndarray of shape (n_expiries,)
        Times to expiry, ascending.
    rate : float
        r, continuously compounded, per year.

    """
    puts, calls, group = _nearest_pairs(quotes, years)
    strike, years_of, growth = quotes.strike[puts], years[group], np.exp(rate * years[group])
    put, call = quotes.mid[puts], quotes.mid[calls]
    first = _medians(strike + growth * (call - put), group, len(years))
    carry = np.log(np.where(first > 0, first, np.nan) / quotes.spot) / years
    pairs = Options(
        spot=np.full(len(puts), quotes.spot),
        strike=strike,
        years=years_of,
        rate=rate,
        carry=carry[group],
        is_call=strike > first[group],
    )
    volatility = implied_volatility(pairs, np.where(pairs.is_call, call, put), european_worth)
    early = american_value(pairs.both_sides(), np.tile(volatility, 2)).premium
    parity = strike + growth * ((call - early[len(puts) :]) - (put - early[: len(puts)]))
    price = _medians(np.where(np.isfinite(volatility), parity, np.nan), group, len(years))
    price = np.where(price > 0, price, np.nan)
    return Forwards(
        years=years,
        price=price,
        carry=np.log(price / quotes.spot) / years,
        deviation=_medians(volatility, group, len(years)) * np.sqrt(years),
    )


def _nearest_pairs(quotes: OptionQuotes, years: Floats) -> tuple[Places, Places, Places]:
    # Places of puts and calls at the strikes next to the spot, and which expiry each pair is of.
    puts, calls = quotes.pairs()
    distance = np.abs(quotes.strike[puts] - quotes.spot)
    chosen = [
        pairs[np.argsort(distance[pairs], kind="stable")[:_PAIRS]]
        for pairs in (np.flatnonzero(quotes.years[puts] == one) for one in years.tolist())
    ]
    group = np.repeat(np.arange(len(years)), [len(pairs) for pairs in chosen])
    places = np.concatenate([*chosen, np.empty(0, dtype=np.int64)])
    return puts[places], calls[places], group


def _medians(values: Floats, group: Places, n: int) -> Floats:
    # Median of the values of each group that are known; NaN where none is.
    groups: list[list[float]] = [list[float]() for _ in range(n)]
    for one, value in zip(group.tolist(), values.tolist(), strict=True):
        if isfinite(value):
            groups[int(one)].append(value)
    return np.array([median(known) if known else np.nan for known in groups], dtype=np.float64)

"""Quotes of an option chain become at-the-money volatility and 25-delta risk reversal of the expiries around tenors."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.estimators.implied_forward import Forwards, implied_forwards
from nautilus_ai_firm.models.estimators.implied_volatility import implied_volatility
from nautilus_ai_firm.models.estimators.option_quotes import OptionQuotes, Places

_WIDTH = 1.5
"""Options up to so many standard deviations from the forward are looked at; a delta of 25 % stands at about 0.7."""

_DELTA = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Smiles:
    """What the quotes of some expiries say, each array of shape (n_expiries,); NaN where they do not.

    Attributes
    ----------
    years : ndarray
        Time to expiry, ascending.
    volatility : ndarray
        Implied volatility at the forward, per year.
    risk_reversal : ndarray
        Implied volatility of the call with delta 0.25 less that of the put with delta -0.25, per year; below 0 where
        puts are dear; NaN also for expiries that are not next to the tenor of which it is asked.

    """

    years: Floats
    volatility: Floats
    risk_reversal: Floats


def smiles(quotes: OptionQuotes, rate: float, tenor_years: float, long_tenor_years: float) -> Smiles:
    """Read the expiries next to two tenors: of each tenor the last one up to it and the first one after it.

    Only options out of the money are looked at: they are the ones that trade, and early exercise is worth little in
    them. Volatility at the forward is interpolated linearly in ln(K / F) between the nearest put and the nearest call,
    volatility at a delta linearly in delta; neither is extrapolated. Next to the long tenor alone nothing but those two
    options is looked at.

    Parameters
    ----------
    quotes : OptionQuotes
        The quotes that can be used.
    rate : float
        Interest rate, continuously compounded, per year.
    tenor_years, long_tenor_years : float
        Tenors, years.

    """
    winged = _next_to(quotes, tenor_years)
    forwards = implied_forwards(quotes, np.union1d(winged, _next_to(quotes, long_tenor_years)), rate)
    places, group, moneyness = _out_of_the_money(quotes, forwards, winged)
    options = Options(
        spot=np.full(len(places), quotes.spot),
        strike=quotes.strike[places],
        years=quotes.years[places],
        rate=rate,
        carry=forwards.carry[group],
        is_call=quotes.is_call[places],
    )
    volatility = implied_volatility(options, quotes.mid[places])
    delta = american_value(options, volatility).delta
    read = [
        _read(*(values[(group == one) & np.isfinite(volatility)] for values in (moneyness, volatility, delta)))
        for one in range(len(forwards.years))
    ]
    level, reversal = np.array(read, dtype=np.float64).reshape(-1, 2).T
    return Smiles(years=forwards.years, volatility=level, risk_reversal=reversal)


def _next_to(quotes: OptionQuotes, tenor_years: float) -> Floats:
    puts, _ = quotes.pairs()
    listed = np.unique(quotes.years[puts])
    after = int(np.searchsorted(listed, tenor_years, side="right"))
    return listed[max(after - 1, 0) : after + 1]


def _out_of_the_money(quotes: OptionQuotes, forwards: Forwards, winged: Floats) -> tuple[Places, Places, Floats]:
    # Places of the options that are looked at by strike, the expiry that each is of, and ln(K / F).
    chosen, group, moneyness = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], [np.empty(0)]
    for one, years in enumerate(forwards.years.tolist()):
        places = np.flatnonzero(quotes.years == years)
        distance = np.log(quotes.strike[places] / forwards.price[one])
        looked_at = (np.abs(distance) <= _WIDTH * forwards.deviation[one]) & (quotes.is_call[places] == (distance > 0))
        if years not in winged:
            puts = int((looked_at & (distance <= 0)).sum())
            looked_at = np.flatnonzero(looked_at)[max(puts - 1, 0) : puts + 1]
        chosen.append(places[looked_at])
        moneyness.append(distance[looked_at])
        group.append(np.full(len(chosen[-1]), one))
    return np.concatenate(chosen), np.concatenate(group), np.concatenate(moneyness)


def _read(moneyness: Floats, volatility: Floats, delta: Floats) -> tuple[float, float]:
    # Volatility at the forward and risk reversal of one expiry, options by strike.
    level = _at(0.0, moneyness, volatility)
    puts, calls = delta < 0, delta > 0
    put, call = _at(-_DELTA, delta[puts], volatility[puts]), _at(_DELTA, delta[calls], volatility[calls])
    return level, call - put


def _at(x: float, known: Floats, values: Floats) -> float:
    # Linear interpolation; NaN outside of what is known.
    order = np.argsort(known, kind="stable")
    return float(np.interp(x, known[order], values[order], np.nan, np.nan)) if len(known) else np.nan

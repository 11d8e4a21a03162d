"""Price, volatility and volume of a day -> the numbers of Almgren and Chriss, in money a share and days."""

from math import isfinite

TEMPORARY_SHARE, PERMANENT_SHARE = 0.01, 0.1
"""Shares of a day's volume: trading the first at once moves a price by the spread for a while, the second for good."""


def daily_terms(price: float, volatility: float, volume: float, spread_bps: float) -> dict[str, float]:
    """Return volatility, temporary and permanent impact by the rule of thumb of the paper's own example.

    In the numerical example of Almgren and Chriss 2001 each hundredth of a day's volume that is traded costs one spread
    for the time being, η = S / (0.01 V), and a tenth of it moves the price by one for good, γ = S / (0.1 V): with
    S = 1/8 and V = 5 million η is 2.5e-6 and γ 2.5e-7.

    Parameters
    ----------
    price : float
        Account currency, above 0.
    volatility : float
        Of a day's log return, a fraction; NaN, before it is known, counts as none: the schedule is then even.
    volume : float
        Of a day, instrument units, above 0.
    spread_bps : float
        Bid-ask spread, basis points of the price, above 0.

    Raises
    ------
    ValueError
        A price, volume or spread that is not above 0.

    """
    if not (price > 0 and volume > 0 and spread_bps > 0):
        raise ValueError(f"price {price}, volume {volume}, spread_bps {spread_bps}: each has to be above 0")
    spread = price * spread_bps / 10_000
    return {
        "volatility": price * volatility if isfinite(volatility) else 0.0,
        "temporary_impact": spread / (TEMPORARY_SHARE * volume),
        "permanent_impact": spread / (PERMANENT_SHARE * volume),
    }

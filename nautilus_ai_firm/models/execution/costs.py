"""Quantities, notionals and balances become what trading and holding cost."""

from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

_EXACT = Context(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
"""Sixty digits hold every product of a notional and a rate; a result that would be rounded raises instead."""

_RATIO = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow])
_BPS_DIGITS = -4
_DAYS_PER_YEAR = Decimal(360)


def commission(
    notional: Decimal, rate_bps: Decimal, minimum: Decimal, already_charged: Decimal, cumulative_notional: Decimal
) -> Decimal:
    """Return the commission of a fill when a minimum holds for the whole order.

    The order owes max(minimum, rate x notional so far, this fill included); a fill pays what is not charged yet. So
    partial fills pay the minimum once, and their sum does not depend on how the order was split.

    Parameters
    ----------
    notional : Decimal
        Value of this fill, account currency, at least 0.
    rate_bps : Decimal
        Rate, basis points of notional, at least 0.
    minimum : Decimal
        Minimum per order, account currency, at least 0.
    already_charged : Decimal
        Commission of the order's fills before this one.
    cumulative_notional : Decimal
        Notional of the order's fills before this one.

    Returns
    -------
    Decimal
        Commission, account currency, exact and unrounded, at least 0.

    Raises
    ------
    ValueError
        A negative argument.

    """
    if not (notional >= 0 and rate_bps >= 0 and minimum >= 0 and already_charged >= 0 and cumulative_notional >= 0):
        _refuse_negative(
            notional=notional,
            rate_bps=rate_bps,
            minimum=minimum,
            already_charged=already_charged,
            cumulative_notional=cumulative_notional,
        )
    owed = max(minimum, _of_bps(_EXACT.add(cumulative_notional, notional), rate_bps))
    return max(Decimal(0), _EXACT.subtract(owed, already_charged))


def half_spread(notional: Decimal, half_spread_bps: Decimal) -> Decimal:
    """Return the cost of crossing half the spread: exact, unrounded, and linear in both arguments.

    Parameters
    ----------
    notional : Decimal
        Value of the fill, account currency, at least 0.
    half_spread_bps : Decimal
        Half the spread, basis points of the mid price, at least 0.

    Raises
    ------
    ValueError
        A negative argument.

    """
    if not (notional >= 0 and half_spread_bps >= 0):
        _refuse_negative(notional=notional, half_spread_bps=half_spread_bps)
    return _of_bps(notional, half_spread_bps)


def square_root_impact(
    quantity: float, average_volume: float, volatility: float, coefficient: float, exponent: float = 0.5
) -> float:
    """Return the price impact of an order, I = Y s (Q / V)^d.

    The square-root law: Y is of order one, d = 0.489 ± 0.071 on the Tokyo exchange (Sato and Kanazawa 2024, arXiv
    2411.13965); Almgren et al. (2005) find 3/5. V and s must belong to the same length of time. With d = 1/2 that
    length does not matter, as V grows with it and s with its root: bars of any size give the same impact.

    Parameters
    ----------
    quantity : float
        Order size Q, instrument units; its sign is ignored.
    average_volume : float
        Average volume V per bar, instrument units, above 0.
    volatility : float
        Volatility s of returns per bar, a fraction, at least 0.
    coefficient : float
        Y, dimensionless, at least 0.
    exponent : float
        d, in (0, 1].

    Returns
    -------
    float
        Impact as a fraction of price, at least 0.

    Raises
    ------
    ValueError
        An argument out of range.

    """
    if not average_volume > 0:
        raise ValueError(f"average_volume is {average_volume}, allowed is a number above 0")
    if not (volatility >= 0 and coefficient >= 0):
        raise ValueError(f"volatility is {volatility} and coefficient {coefficient}, allowed are numbers from 0")
    if not 0 < exponent <= 1:
        raise ValueError(f"exponent is {exponent}, allowed is (0, 1]")
    return float(coefficient * volatility * (abs(quantity) / average_volume) ** exponent)


def financing(
    cash: Decimal,
    short_market_value: Decimal,
    nights: int,
    cash_rate_per_year: Decimal,
    margin_rate_per_year: Decimal,
    borrow_rate_per_year: Decimal,
) -> Decimal:
    """Return what the account earns (positive) or pays (negative) for holding overnight, actual days over 360.

    Positive cash earns the cash rate, negative cash pays the margin rate, and the value of short positions pays the
    borrow rate.

    Parameters
    ----------
    cash : Decimal
        Cash, account currency, signed; proceeds of short sales count if the broker pays interest on them.
    short_market_value : Decimal
        Value of all short positions as a positive amount, account currency.
    nights : int
        Nights held, weekends and holidays included.
    cash_rate_per_year, margin_rate_per_year, borrow_rate_per_year : Decimal
        Rates as fractions; only the cash rate may be negative.

    Returns
    -------
    Decimal
        Amount to book, account currency, to 28 digits.

    Raises
    ------
    ValueError
        A negative argument other than cash and its rate.

    """
    _refuse_negative(
        short_market_value=short_market_value,
        nights=Decimal(nights),
        margin_rate_per_year=margin_rate_per_year,
        borrow_rate_per_year=borrow_rate_per_year,
    )
    rate = cash_rate_per_year if cash > 0 else margin_rate_per_year
    per_year = _EXACT.subtract(_EXACT.multiply(cash, rate), _EXACT.multiply(short_market_value, borrow_rate_per_year))
    return _RATIO.divide(_EXACT.multiply(per_year, Decimal(nights)), _DAYS_PER_YEAR)


def _of_bps(notional: Decimal, rate_bps: Decimal) -> Decimal:
    return _EXACT.scaleb(_EXACT.multiply(notional, rate_bps), Decimal(_BPS_DIGITS))


def _refuse_negative(**amounts: Decimal) -> None:
    for name, amount in amounts.items():
        if not amount >= 0:
            raise ValueError(f"{name} is {amount}, allowed are numbers from 0")

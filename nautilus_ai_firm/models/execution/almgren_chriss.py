"""Risk aversion, volatility and impact become the holdings of an order that is best spread over time.

Almgren and Chriss, "Optimal Execution of Portfolio Transactions", Journal of Risk 3 (2001): a quantity X is traded in N
intervals of length τ. With n_k traded in interval k and x_k left after it, a linear permanent impact γ and a linear
temporary impact η beside a fixed cost ε give

    E = ½ γ X² + ε Σ |n_k| + (η̃ / τ) Σ n_k²,   V = σ² τ Σ x_k²,   η̃ = η - ½ γ τ         (linear impact functions)

and the holdings that make E + λ V least are

    x_k = X sinh(κ (T - k τ)) / sinh(κ T),   2 (cosh(κ τ) - 1) / τ² = λ σ² / η̃            (explicit construction).

Units: time in one unit of the caller's choice, volatility σ in money a share over the root of it, γ in money a share
for each share, η in money a share for each share per unit of time, ε in money a share, λ in one over money.
"""

from math import acosh, expm1, inf, isfinite

import numpy as np

from nautilus_ai_firm.messages import Floats


def urgency(
    interval: float, *, risk_aversion: float, volatility: float, temporary_impact: float, permanent_impact: float
) -> float:
    """Return κ, the rate at which the holdings fall, one over the unit of time; its inverse is the half-life.

    Parameters
    ----------
    interval : float
        τ, above 0.
    risk_aversion, volatility : float
        λ and σ, at least 0; where either is 0, κ is 0 and the holdings fall evenly.
    temporary_impact, permanent_impact : float
        η, and γ of at least 0; η has to be above ½ γ τ.

    Raises
    ------
    ValueError
        An argument out of range.

    """
    if not (risk_aversion >= 0 and volatility >= 0 and isfinite(risk_aversion * volatility**2)):
        raise ValueError(f"risk_aversion is {risk_aversion} and volatility {volatility}, allowed are numbers from 0")
    tilde = _net_temporary(interval, temporary_impact, permanent_impact)
    x = risk_aversion * volatility**2 / tilde * interval**2 / 2
    # acosh loses the small numbers of short intervals: acosh(1 + x) = 2 asinh(√(x / 2)), and numpy's asinh keeps them
    return (acosh(1 + x) if x > 1 else 2 * float(np.arcsinh((x / 2) ** 0.5))) / interval


def half_life(
    interval: float, *, risk_aversion: float, volatility: float, temporary_impact: float, permanent_impact: float
) -> float:
    """Return 1 / κ, the time in which holdings fall by the factor e where there is time enough; infinite for κ = 0."""
    kappa = urgency(
        interval,
        risk_aversion=risk_aversion,
        volatility=volatility,
        temporary_impact=temporary_impact,
        permanent_impact=permanent_impact,
    )
    return 1 / kappa if kappa > 0 else inf


def holdings(
    quantity: float,
    n_intervals: int,
    interval: float,
    *,
    risk_aversion: float,
    volatility: float,
    temporary_impact: float,
    permanent_impact: float,
) -> Floats:
    """Return what is left to trade at the start and after each interval.

    Parameters
    ----------
    quantity : float
        X, signed, finite.
    n_intervals : int
        N, above 0.
    interval, risk_aversion, volatility, temporary_impact, permanent_impact : float
        As in `urgency`.

    Returns
    -------
    ndarray of shape (n_intervals + 1,)
        X first, 0 last, never growing in size.

    Raises
    ------
    ValueError
        An argument out of range.

    """
    if n_intervals < 1 or not isfinite(quantity):
        raise ValueError(f"{quantity} in {n_intervals} intervals, allowed is a finite quantity in at least 1")
    kappa = urgency(
        interval,
        risk_aversion=risk_aversion,
        volatility=volatility,
        temporary_impact=temporary_impact,
        permanent_impact=permanent_impact,
    )
    left: Floats = np.arange(n_intervals, -1, -1, dtype=np.float64) * interval
    horizon = n_intervals * interval
    if kappa * horizon < 1e-6:  # noqa: PLR2004 - sinh is its argument, to the last digit
        share: Floats = left / horizon
    else:  # sinh(a) / sinh(b) without what overflows in both
        share = np.exp(kappa * (left - horizon)) * np.expm1(-2 * kappa * left) / expm1(-2 * kappa * horizon)
    share[-1] = 0.0
    return quantity * share


def expected_cost(
    left: Floats, interval: float, *, temporary_impact: float, permanent_impact: float, fixed_cost: float
) -> float:
    """Return E of a schedule, money; `left` as `holdings` gives it, fixed_cost is ε."""
    tilde = _net_temporary(interval, temporary_impact, permanent_impact)
    traded = -np.diff(left)
    return float(
        permanent_impact * left[0] ** 2 / 2
        + fixed_cost * np.abs(traded).sum()
        + tilde / interval * np.square(traded).sum()
    )


def cost_deviation(left: Floats, interval: float, *, volatility: float) -> float:
    """Return √V of a schedule, money; `left` as `holdings` gives it."""
    return float(volatility * np.sqrt(interval * np.square(left[1:]).sum()))


def _net_temporary(interval: float, temporary_impact: float, permanent_impact: float) -> float:
    if not (interval > 0 and isfinite(interval)):
        raise ValueError(f"interval is {interval}, allowed is a finite number above 0")
    tilde = temporary_impact - permanent_impact * interval / 2
    if not (permanent_impact >= 0 and tilde > 0 and isfinite(tilde)):
        raise ValueError(
            f"temporary_impact is {temporary_impact} and permanent_impact {permanent_impact}, "
            f"allowed is permanent_impact from 0 and temporary_impact above {permanent_impact * interval / 2}"
        )
    return tilde

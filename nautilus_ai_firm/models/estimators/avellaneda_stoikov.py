"""A market's volatility and the patience of its orders become the quotes of a dealer who shuns inventory."""

from math import log1p

from nautilus_ai_firm.messages import Floats


def inventory_offset(risk_aversion: float, volatility: Floats, horizon: float) -> Floats:
    """Return by how much one unit of inventory lowers the price at which a dealer would rather hold nothing.

    γ σ² (T - t), so that the reservation price is r = s - q γ σ² (T - t) (Avellaneda and Stoikov 2008,
    section 2.2; q is the inventory).

    Parameters
    ----------
    risk_aversion : float
        γ, per unit of price and of inventory, above 0.
    volatility : ndarray of shape (n,)
        σ, unit of price per square root of the unit of time.
    horizon : float
        T - t, time until which the inventory is held, at least 0.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of price, per unit of inventory. With prices in units of the mid it is a fraction of the mid; then γ
        and κ are those of prices times the mid, and σ is a relative volatility.

    """
    return risk_aversion * volatility**2 * horizon


def optimal_spread(risk_aversion: float, volatility: Floats, decay: float, horizon: float) -> Floats:
    """Return the distance between the two quotes, which lie evenly around the reservation price.

    δ_a + δ_b = γ σ² (T - t) + (2 / γ) ln(1 + γ / κ) (Avellaneda and Stoikov 2008, section 3.2), where orders reach a
    quote at the distance δ from the mid with the intensity A exp(-κ δ).

    Parameters
    ----------
    risk_aversion, volatility, horizon
        As for `inventory_offset`.
    decay : float
        κ, per unit of price, above 0.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of price, above 0.

    """
    return inventory_offset(risk_aversion, volatility, horizon) + 2 / risk_aversion * log1p(risk_aversion / decay)

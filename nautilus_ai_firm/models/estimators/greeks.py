"""Option contracts, volatilities and positions become sensitivities, for hedging and for risk."""

from dataclasses import dataclass, replace

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.american_option import american_value
from nautilus_ai_firm.models.estimators.european_option import Options

_STEP = 1e-4
"""Relative change of volatility and of time over which differences are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeks:
    """Sensitivities of American options, each array of shape (n_contracts,).

    Attributes
    ----------
    delta : ndarray
        Change of the price per change of the spot.
    gamma : ndarray
        Change of delta per change of the spot, one over the unit of the spot.
    vega : ndarray
        Change of the price per change of volatility by 1 (100 points), unit of the spot.
    theta : ndarray
        Change of the price per year that passes, all else equal, unit of the spot; mostly negative.

    """

    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def greeks(options: Options, volatility: Floats) -> Greeks:
    """Return the sensitivities of American options under `american_value`.

    Delta and gamma are its derivatives; vega and theta are differences over a ten-thousandth of volatility and of time.
    Where exercise is due delta is 1 or -1 and the others are 0.

    Parameters
    ----------
    options : Options
        The contracts.
    volatility : ndarray of shape (n_contracts,)
        Per year, above 0; NaN gives NaN.

    """
    worth = american_value(options, volatility)
    riskier = american_value(options, volatility * (1 + _STEP)).price
    later = american_value(replace(options, years=options.years * (1 - _STEP)), volatility).price
    return Greeks(
        delta=worth.delta,
        gamma=worth.gamma,
        vega=(riskier - worth.price) / (_STEP * volatility),
        theta=(later - worth.price) / (_STEP * options.years),
    )

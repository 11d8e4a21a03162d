"""A risk figure becomes the parts that instruments have in it."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.risk.tail import Measure, TailRisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """Marginal and component figures, each of shape (n,).

    Attributes
    ----------
    total : TailRisk
        The figures of the whole portfolio, fractions of equity.
    marginal_value_at_risk, marginal_expected_shortfall : ndarray
        Derivative by the weight: loss per unit of weight added.
    component_value_at_risk, component_expected_shortfall : ndarray
        Weight times derivative, fractions of equity; below 0 for what hedges. They sum to the total.

    """

    total: TailRisk
    marginal_value_at_risk: Floats
    marginal_expected_shortfall: Floats
    component_value_at_risk: Floats
    component_expected_shortfall: Floats


def decompose(measure: Measure, weights: Floats) -> Decomposition:
    """Split the risk of weights by Euler's theorem: figures of degree 1 are Σ w_i ∂/∂w_i (Tasche 2000; Litterman 1996).

    Parameters
    ----------
    measure : Measure
        Any method.
    weights : ndarray of shape (n,)
        Fractions of equity, signed.

    Returns
    -------
    Decomposition
        NaN where the measure has no figure; an instrument that is not known and not held has a component of 0.

    """
    at_risk, shortfall = measure.marginals(weights)
    total = measure.risk(weights)
    return Decomposition(
        total=total,
        marginal_value_at_risk=at_risk,
        marginal_expected_shortfall=shortfall,
        component_value_at_risk=_component(weights, at_risk, total),
        component_expected_shortfall=_component(weights, shortfall, total),
    )


def _component(weights: Floats, marginal: Floats, total: TailRisk) -> Floats:
    held = (weights != 0) | np.isnan(total.value_at_risk)
    return np.where(held, weights * marginal, 0.0)

"""Measures of every kind over one market of four instruments, and portfolios of them."""

from collections.abc import Callable

import numpy as np
import pytest

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.risk.parametric_risk import ParametricRisk, tail_multiples
from nautilus_ai_firm.models.risk.scenario_risk import ScenarioRisk
from nautilus_ai_firm.models.risk.scenarios import Scenarios
from nautilus_ai_firm.models.risk.tail import Measure

N = 4
KINDS = ("normal", "student_t", "historical", "filtered", "drawn")
EXACT = KINDS[:4]  # which do not depend on which instrument has which random numbers


@pytest.fixture(scope="session")
def market() -> Floats:
    """Return 300 rounds of fat-tailed returns with correlations of both signs."""
    rng = np.random.default_rng(11)
    shocks = rng.standard_t(4, (300, N)) * [0.01, 0.02, 0.005, 0.03]
    shocks[:, 1] += 1.5 * shocks[:, 0]
    shocks[:, 2] -= 0.4 * shocks[:, 0]
    return shocks


@pytest.fixture(scope="session")
def measure_of(market) -> Callable[..., Measure]:
    """Make a measure of a kind, of the market with its instruments in a given order."""

    def make(kind, order=tuple(range(N)), confidence=0.95, horizon_rounds=1, mean=None) -> Measure:
        returns = np.ascontiguousarray(market[:, list(order)])
        n = returns.shape[1]
        mean = np.zeros(n) if mean is None else np.asarray(mean)[list(order)]
        covariance = np.cov(returns.T)
        volatility = np.sqrt(np.diagonal(covariance))
        if kind in {"normal", "student_t"}:
            multiples = tail_multiples(confidence, 5.0 if kind == "student_t" else None)
            return ParametricRisk(covariance=covariance, mean=mean, multiples=multiples, horizon_rounds=horizon_rounds)
        if kind == "drawn":
            drawn = Scenarios(n, count=4000, degrees_of_freedom=5.0, seed=3, redraw_threshold=0.0)
            return ScenarioRisk(
                shocks=drawn.shocks,
                known=np.ones(n, dtype=bool),
                scale=volatility,
                mean=mean,
                confidence=confidence,
                horizon_rounds=horizon_rounds,
                factor=drawn.update(covariance / np.outer(volatility, volatility)),
                mirrored=True,
            )
        scale = np.ones(n) if kind == "historical" else 1.5 * volatility
        return ScenarioRisk(
            shocks=returns if kind == "historical" else returns / volatility,
            known=np.ones(n, dtype=bool),
            scale=scale,
            mean=mean,
            confidence=confidence,
            horizon_rounds=horizon_rounds,
        )

    return make


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    """Each kind of measure."""
    return request.param

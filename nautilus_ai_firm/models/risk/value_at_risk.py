"""Closes become value at risk and expected shortfall of any portfolio, by the methods that are configured."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.estimators.covariance import EwmaCovariance
from nautilus_ai_firm.models.risk.parametric_risk import ParametricRisk, tail_multiples
from nautilus_ai_firm.models.risk.return_window import ReturnWindow
from nautilus_ai_firm.models.risk.scenario_risk import ScenarioRisk
from nautilus_ai_firm.models.risk.scenarios import Scenarios
from nautilus_ai_firm.models.risk.tail import UNKNOWN, Measure, TailRisk, check_confidence

METHODS = ("normal", "student_t", "historical", "filtered_historical", "monte_carlo")


class ValueAtRiskModel:
    """Ways to measure portfolios, which learn from the closes of each round.

    - `normal`, `student_t`: exponentially weighted covariance (`ParametricRisk`).
    - `historical`: the returns of the last `window_rounds` rounds, equally likely.
    - `filtered_historical`: the same over the volatility known before each, times today's (Hull and White 1998, Journal
      of Risk 1, 1; Barone-Adesi, Giannopoulos and Vosper 1999).
    - `monte_carlo`: fat-tailed shocks with the covariance above (`Scenarios`).

    Parameters
    ----------
    n : int
        Number of instruments.
    methods : sequence of str
        Of `METHODS`.
    confidence : float
        In [0.5, 1).
    horizon_rounds : int
        At least 1; one round is stretched by its square root, which holds for independent returns.
    window_rounds : int
        Rounds of the historical methods: enough to have a loss beyond the quantile, window (1 - confidence) >= 1.
    covariance_span : float
        Span of volatilities and correlations, rounds, at least 1.
    degrees_of_freedom : float
        Of Student's t in `student_t` and `monte_carlo`, above 2.
    scenarios, seed, redraw_threshold
        Of `monte_carlo`: see `Scenarios`.
    mean : str
        What the model-based methods expect of a round: "zero", or the mean of the "window".

    Raises
    ------
    ValueError
        A parameter out of range.

    Notes
    -----
    Figures are those of the rounds so far, for the next ones. An instrument has figures after 20 returns, in the
    historical methods, and with the mean of the window, after `window_rounds` of them (filtered: 20 more); a portfolio
    that holds one without has none.

    """

    def __init__(
        self,
        n: int,
        *,
        methods: Sequence[str],
        confidence: float,
        horizon_rounds: int,
        window_rounds: int,
        covariance_span: float,
        degrees_of_freedom: float,
        scenarios: int,
        seed: int,
        redraw_threshold: float,
        mean: str,
    ) -> None:
        check_confidence(confidence)
        unknown = [name for name in methods if name not in METHODS]
        if unknown or mean not in {"zero", "window"}:
            raise ValueError(f"methods are {list(methods)} and mean {mean!r}, allowed are {METHODS}, 'zero', 'window'")
        self._methods = tuple(methods)
        self._confidence, self._horizon_rounds = confidence, horizon_rounds
        self._zero: Floats = np.zeros(n)
        self._mean_of_window = mean == "window"
        self._covariance = EwmaCovariance(covariance_span, n)
        self._window = ReturnWindow(window_rounds, n)
        self._multiples = {
            name: tail_multiples(confidence, dof)
            for name, dof in (("normal", None), ("student_t", degrees_of_freedom))
            if name in methods
        }
        self._scenarios = (
            Scenarios(
                n,
                count=scenarios,
                degrees_of_freedom=degrees_of_freedom,
                seed=seed,
                redraw_threshold=redraw_threshold,
            )
            if "monte_carlo" in methods
            else None
        )

    def update(self, close: Floats, fresh: Bools) -> None:
        """Take the closes of a round, shape (n,)."""
        returns = self._window.update(close, fresh, self._covariance.volatility)
        self._covariance.update(returns)
        if self._scenarios is not None:  # in every round, so that figures do not depend on who asked before
            self._scenarios.update(self._covariance.correlation)

    @property
    def covariance(self) -> EwmaCovariance:
        """Volatilities and correlations of simple returns, to look at or to stress."""
        return self._covariance

    def measures(self) -> dict[str, Measure]:
        """Return the measures of this moment, by method in the order of the configuration."""
        return {name: self._measure(name) for name in self._methods}

    def _measure(self, name: str) -> Measure:
        if name in self._multiples:
            return ParametricRisk(
                covariance=self._covariance.matrix,
                mean=self._mean,
                multiples=self._multiples[name],
                horizon_rounds=self._horizon_rounds,
            )
        if name == "historical":
            return self._over(self._window.returns, np.ones_like(self._zero))
        if name == "filtered_historical":
            return self._over(self._window.standardised, self._covariance.volatility)
        assert self._scenarios is not None  # made for this method
        return ScenarioRisk(
            shocks=self._scenarios.shocks,
            known=np.ones(len(self._zero), dtype=np.bool_),
            scale=self._covariance.volatility,
            mean=self._mean,
            confidence=self._confidence,
            horizon_rounds=self._horizon_rounds,
            factor=self._scenarios.factor,
            mirrored=True,
        )

    def _over(self, window: Floats, scale: Floats) -> ScenarioRisk:
        known = np.isfinite(window).all(axis=0)
        return ScenarioRisk(
            shocks=np.where(known, window, 0.0),
            known=known,
            scale=scale,
            mean=self._zero,
            confidence=self._confidence,
            horizon_rounds=self._horizon_rounds,
        )

    @property
    def _mean(self) -> Floats:
        return self._window.returns.mean(axis=0) if self._mean_of_window else self._zero


def worst_of(measures: Mapping[str, Measure], weights: Floats) -> TailRisk:
    """Return the largest figures over several methods; UNKNOWN where one has none."""
    found = [measure.risk(weights) for measure in measures.values()]
    if not all(isfinite(value) for risk in found for value in risk):
        return UNKNOWN
    return TailRisk(max(risk.value_at_risk for risk in found), max(risk.expected_shortfall for risk in found))

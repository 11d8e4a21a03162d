"""A seed becomes fat-tailed shocks, drawn once and given today's correlations."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.cholesky import cholesky


class Scenarios:
    """Shocks of a multivariate Student t distribution with variance 1, for Monte-Carlo simulation.

    z √((d - 2) / χ²_d), z independent standard normal and χ² one number for all instruments of a scenario, so that they
    have their worst days together. Each scenario also stands for its mirror image, so shocks have mean 0 exactly
    (antithetic variates, Hammersley and Morton 1956), and half of them are kept. They are drawn once; correlations come
    in by a triangular factor, which is made anew when a correlation has moved by more than the threshold, and
    volatilities by scaling, which is always today's.

    Parameters
    ----------
    n : int
        Number of instruments.
    count : int
        Scenarios, mirror images included: even, at least 2.
    degrees_of_freedom : float or None
        d, above 2; None is normal.
    seed : int
        From 0; equal seeds give equal scenarios.
    redraw_threshold : float
        Largest change of a correlation, since the factor was made, that it survives, from 0.

    Attributes
    ----------
    shocks : ndarray of shape (count / 2, n)
        Uncorrelated shocks.
    factor : ndarray of shape (n, n)
        Triangular factor of the correlations, the identity at first.
    redraws : int
        Factors made so far.

    Raises
    ------
    ValueError
        A parameter out of range.

    """

    def __init__(
        self, n: int, *, count: int, degrees_of_freedom: float | None, seed: int, redraw_threshold: float
    ) -> None:
        if count < 2 or count % 2:  # noqa: PLR2004 - a scenario and its mirror image
            raise ValueError(f"count is {count}, allowed are even numbers from 2")
        if degrees_of_freedom is not None and not degrees_of_freedom > 2:  # noqa: PLR2004 - the variance is infinite
            raise ValueError(f"degrees_of_freedom is {degrees_of_freedom}, allowed is a number above 2")
        if not redraw_threshold >= 0:
            raise ValueError(f"redraw_threshold is {redraw_threshold}, allowed is a number from 0")
        generator = np.random.Generator(np.random.Philox(seed))
        shocks = generator.standard_normal((count // 2, n))
        if degrees_of_freedom is not None:
            mixing = generator.chisquare(degrees_of_freedom, count // 2)
            shocks = shocks * np.sqrt((degrees_of_freedom - 2) / mixing)[:, np.newaxis]
        self.shocks: Floats = shocks
        self.redraws = 0
        self._threshold = redraw_threshold
        self._correlation: Floats = np.eye(n)
        self.factor: Floats = np.eye(n)

    def update(self, correlation: Floats) -> Floats:
        """Take the correlations of a round, shape (n, n), and return the factor, which may be that of earlier ones."""
        if correlation.size and float(np.abs(correlation - self._correlation).max()) > self._threshold:
            self.factor = cholesky(correlation)
            self._correlation = correlation
            self.redraws += 1
        return self.factor

"""Indicators that add up past returns become their deviations on a random walk, where there is nothing to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

MEAN_SIZE = sqrt(2 / pi)
"""Mean size of a standard normal variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An indicator y_t = Σ_j c_j r_{t-j} of the returns r, with c_j = Σ_k weight_k pole_k^j.

    Attributes
    ----------
    poles : tuple of float
        Decays per bar, each above -1 and below 1.
    weights : tuple of float
        Weight of each decay.

    """

    poles: tuple[float, ...]
    weights: tuple[float, ...]

    def covariance(self, other: "Response") -> float:
        """Return E[y z] for returns that are independent with variance 1: Σ_kl a_k b_l / (1 - p_k q_l)."""
        return sum(
            a * b / (1 - p * q)
            for a, p in zip(self.weights, self.poles, strict=True)
            for b, q in zip(other.weights, other.poles, strict=True)
        )

    @property
    def deviation(self) -> float:
        """Standard deviation on a random walk without drift, in units of that of a return."""
        return sqrt(self.covariance(self))


def weighted_sum(responses: Sequence[Response], weights: Sequence[float]) -> Response:
    """Return the response of a weighted sum of indicators."""
    pairs = list(zip(responses, weights, strict=True))
    return Response(
        poles=tuple(pole for response, _ in pairs for pole in response.poles),
        weights=tuple(weight * own for response, weight in pairs for own in response.weights),
    )

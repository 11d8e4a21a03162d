"""What the risk desk tells of its figures."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages.arrays import Floats, ReadOnlyArrays


@dataclass(frozen=True, slots=True, kw_only=True)
class StressResult(ReadOnlyArrays):
    """What a portfolio would lose in each scenario.

    Attributes
    ----------
    scenarios : tuple of str
        Names, at least one.
    losses : ndarray of shape (n_scenarios,)
        Fractions of equity; positive is a loss.

    """

    scenarios: tuple[str, ...]
    losses: Floats

    @property
    def worst(self) -> int:
        """Place of the largest loss; the first of equal ones."""
        return int(np.argmax(self.losses))

    @property
    def worst_scenario(self) -> str:
        """Name of the scenario with the largest loss."""
        return self.scenarios[self.worst]

    @property
    def worst_loss(self) -> float:
        """The largest loss, a fraction of equity; negative where every scenario is a gain."""
        return float(self.losses[self.worst])

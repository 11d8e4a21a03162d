"""What each agent contributed to the decided weights of a run."""

import numpy as np

from nautilus_ai_firm.messages import DecisionEvent


class Contributions:
    """Sums absolute contributions by agent."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, np.ndarray] = {}

    def add(self, decision: DecisionEvent) -> None:
        """Count one decision."""
        for agent, part in zip(decision.agents, decision.contributions, strict=True):
            self._sums[agent] = self._sums.get(agent, 0.0) + np.abs(part)

    def shares(self) -> dict[str, float]:
        """Return each agent's share of the sum of absolute contributions to decided weights."""
        sums = {agent: float(part.sum()) for agent, part in sorted(self._sums.items())}
        total = sum(sums.values())
        return {agent: value / total if total else 0.0 for agent, value in sums.items()}

"""A stream of z-scores becomes one of two regimes that is not left as easily as it is entered."""


class StressRegime:
    """Stress from a z-score at or above one level until one at or below a lower level.

    Two levels, not one, so that a reading that trembles about a level does not change the regime in each round.

    Parameters
    ----------
    begins_z, ends_z : float
        Levels at which stress begins and ends, `ends_z` < `begins_z`.

    Attributes
    ----------
    stress : bool
        Whether the regime is stress; it starts calm.

    """

    def __init__(self, begins_z: float, ends_z: float) -> None:
        self._begins, self._ends = begins_z, ends_z
        self.stress = False

    def update(self, z: float) -> bool:
        """Take a z-score and return whether the regime is stress; NaN changes nothing."""
        if z >= self._begins:
            self.stress = True
        elif z <= self._ends:
            self.stress = False
        return self.stress

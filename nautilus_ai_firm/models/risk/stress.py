"""Scenarios and the weights of a portfolio become what it would lose in each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np

from nautilus_ai_firm.messages import Floats, StressResult
from nautilus_ai_firm.models.risk.greek_exposures import GreekExposures


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """What happens to an instrument in a scenario.

    Attributes
    ----------
    move : float
        Return over the scenario's horizon, a fraction, at least -1.
    half_spread : float
        What selling the position or buying it back costs at the end, a fraction of its value before, at least 0.
    volatility_points : float
        Change of the implied volatility of options on it, in points (hundredths a year).

    Raises
    ------
    ValueError
        A number out of range.

    """

    move: float
    half_spread: float = 0.0
    volatility_points: float = 0.0

    def __post_init__(self) -> None:
        """Refuse shocks that cannot be."""
        numbers = (self.move, self.half_spread, self.volatility_points)
        if not all(map(isfinite, numbers)) or self.move < -1 or self.half_spread < 0:
            raise ValueError(f"{self} (allowed: finite, move from -1, half_spread from 0)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Shocks by name: the first that is found of an instrument's id, its symbol, its sector, and everything else's.

    Attributes
    ----------
    name : str
        Name of the scenario.
    everything : Shock
        What happens where nothing else is said.
    instruments, sectors : mapping of str to Shock
        Shocks of single instruments, by id (`AAPL.US`) or by symbol on whatever venue (`AAPL`), and of sectors. Names
        that no instrument has are of no effect.

    """

    name: str
    everything: Shock
    instruments: Mapping[str, Shock] = field(default_factory=dict[str, Shock])
    sectors: Mapping[str, Shock] = field(default_factory=dict[str, Shock])

    def shock_of(self, instrument_id: str, sector: str | None) -> Shock:
        """Return the shock of one instrument."""
        for name in (instrument_id, instrument_id.rpartition(".")[0]):
            if name in self.instruments:
                return self.instruments[name]
        return self.everything if sector is None else self.sectors.get(sector, self.everything)


class Stress:
    """Losses of portfolios of one universe in the same scenarios.

    With weight w, move m and half-spread h of each instrument, a scenario's loss is Σ (-w m + |w| h): every position is
    held through the move and then closed. It is convex in the weights and proportional to their scale; what moves with
    options adds Σ -(Δ x + Γ x² / 2 + V v), the expansion of Taylor in the move x in percent and the volatility points v
    (Hull, Options, Futures, and Other Derivatives, chapter "The Greek letters").

    Parameters
    ----------
    scenarios : sequence of Scenario
        At least one, of different names.
    instrument_ids : sequence of str
        The universe, n of them.
    sectors : sequence of str or None
        Sector of each; None is in none.

    Raises
    ------
    ValueError
        No scenario, two of one name, or not one sector per instrument.

    """

    __slots__ = ("_costs", "_moves", "_points", "names")

    def __init__(
        self, scenarios: Sequence[Scenario], instrument_ids: Sequence[str], sectors: Sequence[str | None]
    ) -> None:
        self.names = tuple(scenario.name for scenario in scenarios)
        if not scenarios or len(set(self.names)) < len(scenarios):
            raise ValueError(f"scenarios are {', '.join(self.names) or 'none'}: allowed is one or more, each name once")
        if len(instrument_ids) != len(sectors):
            raise ValueError(f"{len(instrument_ids)} instruments and {len(sectors)} sectors: allowed is one for each")
        pairs = list(zip(instrument_ids, sectors, strict=True))
        shocks = [[scenario.shock_of(*pair) for pair in pairs] for scenario in scenarios]
        self._moves = np.array([[one.move for one in row] for row in shocks], dtype=np.float64)
        self._costs = np.array([[one.half_spread for one in row] for row in shocks], dtype=np.float64)
        self._points = np.array([[one.volatility_points for one in row] for row in shocks], dtype=np.float64)

    def losses(self, weights: Floats, options: GreekExposures | None = None) -> Floats:
        """Return what a portfolio loses, shape (n_scenarios,), fractions of equity; positive is a loss.

        Parameters
        ----------
        weights : ndarray of shape (n,)
            Weights of what moves one for one with its price, fractions of equity, signed; NaN gives NaN.
        options : GreekExposures, optional
            Exposures of option positions, summed by underlying, in the order of the universe.

        """
        lost = np.add.reduce(np.abs(weights) * self._costs - weights * self._moves, axis=1)
        if options is None:
            return lost
        percent = 100.0 * self._moves
        gains = options.delta * percent + options.gamma * percent**2 / 2 + options.vega * self._points
        return lost - np.add.reduce(gains, axis=1)

    def worst_loss(self, weights: Floats, options: GreekExposures | None = None) -> float:
        """Return the largest loss of any scenario, a fraction of equity, at least 0: a measure to limit and search."""
        worst = np.max(self.losses(weights, options))
        return float(np.maximum(worst, 0.0))  # an unknown loss stays unknown: max() makes it 0

    def result(self, weights: Floats, options: GreekExposures | None = None) -> StressResult:
        """Return the losses with the names of their scenarios."""
        return StressResult(scenarios=self.names, losses=self.losses(weights, options))

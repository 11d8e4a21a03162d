"""Closed bars become what confirms a layer, or ends them all: extremes, volume, trend strength and volatility."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats, MarketSnapshot
from nautilus_ai_firm.models.estimators.average_true_range import AverageTrueRange
from nautilus_ai_firm.models.estimators.directional import DirectionalIndex
from nautilus_ai_firm.models.estimators.window import RollingWindow, total
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules


@dataclass(frozen=True, slots=True, kw_only=True)
class PyramidMeasures:
    """What one closed round measures; every array of shape (n_instruments,), NaN where it is not known.

    Attributes
    ----------
    atr : ndarray
        Average true ranges, price units.
    atr_ratio : ndarray
        The same over their average of the rounds before.
    adx : ndarray
        Average directional indices, 0 to 100.
    highest, lowest : ndarray
        Extremes of the rounds before, over as many as a breakout looks at.
    exit_highest, exit_lowest : ndarray
        Extremes of the rounds before, over as many as an exit looks at.
    volume_ratio : ndarray
        Volume over its average of the rounds before.

    """

    atr: Floats
    atr_ratio: Floats
    adx: Floats
    highest: Floats
    lowest: Floats
    exit_highest: Floats
    exit_lowest: Floats
    volume_ratio: Floats


class PyramidMarket:
    """Measures of rounds; those that no rule needs are not made.

    Parameters
    ----------
    rules : PyramidRules
        What applies.
    n : int
        Number of instruments.

    Notes
    -----
    An instrument without a bar in a round measures nothing in it but its average true range, which stays.

    """

    def __init__(self, rules: PyramidRules, n: int) -> None:
        self._nothing: Floats = np.full(n, np.nan)
        self._true_range = AverageTrueRange(rules.atr_rounds, n)
        self._ranges = None if rules.max_atr_ratio is None else RollingWindow(rules.atr_average_rounds, n)
        self._index = None if rules.min_adx is None and rules.exit_adx is None else DirectionalIndex(n)
        self._breakout = None if rules.breakout_rounds is None else RollingWindow(rules.breakout_rounds, (2, n))
        self._exit = None if rules.exit_rounds is None else RollingWindow(rules.exit_rounds, (2, n))
        self._volumes = None if rules.volume_factor is None else RollingWindow(rules.volume_rounds, n)

    def update(self, snapshot: MarketSnapshot) -> PyramidMeasures:
        """Take a closed round."""
        bar = np.where(snapshot.fresh, np.stack([snapshot.high, snapshot.low, snapshot.close]), np.nan)
        atr = self._true_range.update(snapshot.high, snapshot.low, snapshot.close, snapshot.fresh)
        highest, lowest = _extremes(self._breakout, bar)
        exit_highest, exit_lowest = _extremes(self._exit, bar)
        return PyramidMeasures(
            atr=atr,
            atr_ratio=_ratio(self._ranges, np.where(snapshot.fresh, atr, np.nan)),
            adx=self._nothing if self._index is None else self._index.update(bar),
            highest=highest,
            lowest=lowest,
            exit_highest=exit_highest,
            exit_lowest=exit_lowest,
            volume_ratio=_ratio(self._volumes, np.where(snapshot.fresh, snapshot.volume, np.nan)),
        )


def _extremes(window: RollingWindow | None, bar: Floats) -> tuple[Floats, Floats]:
    """Return the highest high and the lowest low before this bar."""
    if window is None:
        return np.full(bar.shape[1], np.nan), np.full(bar.shape[1], np.nan)
    before = window.values
    window.update(bar[:2])
    return before[:, 0].max(axis=0), before[:, 1].min(axis=0)


def _ratio(window: RollingWindow | None, values: Floats) -> Floats:
    """Return values over their average before."""
    if window is None:
        return np.full(len(values), np.nan)
    before = window.values
    window.update(values)
    mean = total(before) / len(before)
    return values / np.where(mean > 0, mean, np.nan)

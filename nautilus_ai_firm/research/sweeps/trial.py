"""What one trial is given, and what it gives back: all that passes between a sweep and its workers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Settings and a window: enough to run the firm anywhere that has the catalog.

    Attributes
    ----------
    number : int
        Place in the sweep, from 0.
    parameters : mapping of str to object
        The values that are tried, by dotted path.
    config : str
        The base settings, TOML; the trial's have `parameters` in them.
    source : str
        File of the base settings, for errors and for its kill switch.
    catalog : str
        Folder of the market data.
    catalog_sha256 : str
        What the catalog held when the sweep began.
    start, end : date or None
        First and last day, UTC; the settings' when None.

    """

    number: int
    parameters: Mapping[str, Any]
    config: str
    source: str
    catalog: str
    catalog_sha256: str
    start: date | None
    end: date | None


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one trial; one that raised has an error and no figures.

    Attributes
    ----------
    number : int
        Its place.
    config_sha256 : str
        What its settings say; empty where they could not be used.
    result_sha256 : str
        That of the run folder which the same backtest would leave; empty where it failed.
    figures : dict of str to float or None
        Those of `summary.json`.
    days : bytes
        Last round of each day, nanoseconds UTC, little-endian int64.
    returns : bytes
        Simple return of each day, a fraction, little-endian float64.
    gross_at_end : float
        Size of the positions at the last close, a fraction of equity.
    error : str
        What it raised, one line.
    seconds, engine_seconds : float
        How long all of it took, and the engine with the firm alone; no part of the result.

    """

    number: int
    config_sha256: str = ""
    result_sha256: str = ""
    figures: dict[str, float | None] = {}
    days: bytes = b""
    returns: bytes = b""
    gross_at_end: float = 0.0
    error: str = ""
    seconds: float = 0.0
    engine_seconds: float = 0.0

    @property
    def ends_ns(self) -> NDArray[np.int64]:
        """Last round of each day, nanoseconds UTC, shape (n_days,)."""
        return np.frombuffer(self.days, "<i8")

    @property
    def daily_returns(self) -> NDArray[np.float64]:
        """Simple return of each day, a fraction, shape (n_days,)."""
        return np.frombuffer(self.returns, "<f8")

    def score(self, objective: str) -> float | None:
        """Return the figure that the sweep looks for; None where there is none."""
        return self.figures.get(objective)

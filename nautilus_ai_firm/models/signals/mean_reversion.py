"""Closes become scores against the deviation of the log price from its moving average."""

from math import ceil
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from nautilus_ai_firm.messages import Floats, MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.significance import confidence
from nautilus_ai_firm.models.estimators.volatility import log_of_positive
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore


class Params(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far from which average is far.

    Attributes
    ----------
    mean_span : float
        Span of the moving average of the log price, bars.
    scale_span : float
        Span over which the usual deviation is measured, bars; at least `mean_span`.
    full_z : float
        z-score at which the score reaches its full size of 1.
    stop_z : float
        z-score beyond which there is no view: such a move is taken for news, not noise. Above `full_z`.

    """

    mean_span: Annotated[float, Meta(ge=2, le=1000)] = 20.0
    scale_span: Annotated[float, Meta(ge=2, le=5000)] = 100.0
    full_z: Annotated[float, Meta(gt=0, le=10)] = 2.0
    stop_z: Annotated[float, Meta(gt=0, le=20)] = 4.0

    def __post_init__(self) -> None:
        """Refuse bands that contradict each other."""
        if self.stop_z <= self.full_z:
            raise ValueError(f"stop_z {self.stop_z} must be above full_z {self.full_z}")
        if self.scale_span < self.mean_span:
            raise ValueError(f"scale_span {self.scale_span} must be at least mean_span {self.mean_span}")


class Model:
    """z-score of the log price against its exponentially weighted moving average, traded against.

    z = (ln p - EWMA(ln p)) / usual deviation, see `EwmaZScore`. Score = -clip(z / full_z, -1, 1): a price above its
    average is a short. Confidence is 2 Φ(|z|) - 1: the share of normal deviations that are smaller.

    Parameters
    ----------
    params : Params
        Spans and bands.
    watched : Watched
        What the firm looks at, by name.

    Notes
    -----
    Horizon: about `mean_span` bars; half-life of a view: 0.35 `mean_span` bars, in which the average catches up with
    half of a distance.

    No view (NaN) for a stale instrument, beyond `stop_z`, before `scale_span` closes, and where the price never moved.
    A move beyond `stop_z` enters the usual deviation all the same, so views return as the market calms down.

    """

    def __init__(self, params: Params, watched: Watched) -> None:
        self._params = params
        self._z_score = EwmaZScore(
            params.mean_span, params.scale_span, len(watched.instruments), ceil(params.scale_span)
        )

    @property
    def horizon_rounds(self) -> int:
        """Rounds over which a view is meant to come true: the memory of the average that prices return to."""
        return ceil(self._params.mean_span)

    def update(self, market: MarketSnapshot) -> tuple[Floats, Floats]:
        """Take a round and return score in [-1, 1] and confidence in [0, 1], shape (n_instruments,); NaN is no view."""
        z = self._z_score.update(log_of_positive(market.close, market.fresh))
        z = np.where(np.abs(z) <= self._params.stop_z, z, np.nan)
        return np.clip(-z / self._params.full_z, -1.0, 1.0), confidence(z)

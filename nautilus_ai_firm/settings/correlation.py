"""The shape of `[risk.correlation]`: how correlations are watched, and how much may stand in one cluster."""

from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.correlation import CorrelationManager

type Rounds = Annotated[float, Meta(ge=2, le=5000)]


class Correlation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Correlations of returns, clusters of instruments that move as one, and an alert when correlations break."""

    max_cluster: Annotated[float, Meta(gt=0, le=1e15)] | None = None  # of equity; absent refuses what adds risk
    cluster_threshold: Annotated[float, Meta(gt=0, le=1)]  # size of a correlation from which two are one bet
    span: Rounds  # rounds of the exponentially weighted correlation
    window_rounds: Annotated[int, Meta(ge=2, le=10_000)]  # of the rolling correlation
    history_span: Rounds  # rounds that the average correlation is compared with, longer than span
    alert_z: Annotated[float, Meta(gt=0, le=100)]  # deviations at which a break is told

    def __post_init__(self) -> None:
        """Refuse a history that is shorter than what is compared with it."""
        if self.history_span <= self.span:
            raise ValueError(f"history_span {self.history_span} is not above span {self.span}")

    def manager(self, n: int) -> CorrelationManager:
        """Make the model for n instruments."""
        return CorrelationManager(
            n,
            span=self.span,
            window_rounds=self.window_rounds,
            history_span=self.history_span,
            alert_z=self.alert_z,
            cluster_threshold=self.cluster_threshold,
        )

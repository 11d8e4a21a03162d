"""The shape of `[risk.value_at_risk]`: how a portfolio's tail is measured, and how much of it is allowed.

How a desk uses it, with n instruments (`nautilus_ai_firm.models.risk.value_at_risk`):

    model = ValueAtRiskModel(n, **settings.model_parameters())
    model.update(snapshot.close, snapshot.fresh)                        # once a round, the warm-up rounds included
    measures = model.measures()                                         # of this moment, by method
    at_risk, shortfall = worst_of(measures, weights)                    # NaN: no figure; fractions of equity
    parts = decompose(measures["student_t"], weights)                   # marginal and component figures
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

type Loss = Annotated[float, Meta(gt=0, le=1)]  # fraction of equity
type Method = Literal["normal", "student_t", "historical", "filtered_historical", "monte_carlo"]

_LIMITS = ("max_var", "max_es", "liquidation_participation", "liquidity_adjusted")


class ValueAtRisk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Value at risk and expected shortfall; a limit that is absent refuses every order that adds risk."""

    max_var: Loss | None = None
    max_es: Loss | None = None
    # the largest counts: a window of 250 rounds alone has half as many exceptions again as it states on stock indices
    methods: Annotated[tuple[Method, ...], Meta(min_length=1)] = ("student_t", "filtered_historical")
    confidence: Annotated[float, Meta(ge=0.5, lt=1)] = 0.99
    horizon_rounds: Annotated[int, Meta(ge=1, le=1000)] = 1
    window_rounds: Annotated[int, Meta(ge=2, le=10_000)] = 250
    covariance_span: Annotated[float, Meta(ge=2, le=5000)] = 75.0  # rounds
    degrees_of_freedom: Annotated[float, Meta(gt=2, le=1000)] = 5.0  # of Student's t; fewer have fatter tails
    scenarios: Annotated[int, Meta(ge=100, le=1_000_000)] = 10_000  # even: each has its mirror image
    seed: Annotated[int, Meta(ge=0)] = 1
    redraw_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.02  # change of a correlation
    mean: Literal["zero", "window"] = "zero"  # what the model-based methods expect of a round
    liquidation_participation: Annotated[float, Meta(gt=0, le=1)] = 0.1  # of average volume, in getting out
    liquidity_adjusted: bool = False  # whether the limits hold for the figures with the time and cost of getting out

    def __post_init__(self) -> None:
        """Refuse what one field alone cannot show."""
        if len(set(self.methods)) < len(self.methods):
            raise ValueError(f"methods are {list(self.methods)}, allowed is each once")
        if self.scenarios % 2:
            raise ValueError(f"scenarios is {self.scenarios}, allowed are even numbers")
        beyond = self.window_rounds * (1 - self.confidence)
        if beyond < 1 - 1e-9 and {"historical", "filtered_historical"} & set(self.methods):
            raise ValueError(
                f"window_rounds is {self.window_rounds}, allowed is at least 1 / (1 - confidence) = "
                f"{1 / (1 - self.confidence):.0f}: fewer rounds have no loss beyond the quantile"
            )

    def model_parameters(self) -> dict[str, Any]:
        """Return the keywords of `ValueAtRiskModel`."""
        return {name: value for name, value in structs.asdict(self).items() if name not in _LIMITS}

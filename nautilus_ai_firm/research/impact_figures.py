"""The orders of a run -> the coefficient of impact that they show: in prices, and with what was charged beside them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nautilus_ai_firm.data.columns import Floats
from nautilus_ai_firm.models.execution.impact_calibration import CalibratedImpact, calibrate_impact
from nautilus_ai_firm.models.execution.impact_exponent import CalibratedExponent, calibrate_exponent
from nautilus_ai_firm.research.execution_figures import has_execution
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import Impact, load

DECIDED = "decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactFigures:
    """What the orders of a run say of impact.

    Attributes
    ----------
    orders, unknown : int
        Filled orders that count, and those whose volume or volatility was not known when they were planned.
    settings : Impact
        What they were estimated with.
    estimated_bps : float
        Mean estimate, basis points.
    prices, charged : CalibratedImpact
        From the price at release to the average price of the fills; and with the impact that was charged beside it.
    exponent_of_prices, exponent_of_charged : CalibratedExponent, optional
        None where they do not tell.
    moved : int
        Orders whose fills do not stand at the price at which they were released.

    """

    orders: int
    unknown: int
    settings: Impact
    estimated_bps: float
    prices: CalibratedImpact
    charged: CalibratedImpact
    exponent_of_prices: CalibratedExponent | None
    exponent_of_charged: CalibratedExponent | None
    moved: int


def impact_figures(run: Run) -> ImpactFigures:
    """Calibrate from the filled orders of a run's decisions, the exponent being the configured one.

    Raises
    ------
    RunError
        The run is older than the table of its parent orders, had no `[execution.impact]`, or filled nothing.

    """
    settings = load(run.folder / "config.toml").firm.execution.impact
    if not has_execution(run) or settings is None:
        raise RunError(f"{run.folder}: has no orders with estimates of their impact (allowed: [execution.impact])")
    table: Any = run.table("execution")
    filled = table[(table["origin"] == DECIDED) & (table["filled_quantity"] > 0) & table["release_price"].notna()]
    known = filled[filled["volatility_per_day"].fillna(0.0) > 0]
    if not len(known):
        raise RunError(f"{run.folder}: {len(filled)} orders were filled, none with a known volume and volatility")
    quantity, average, release = (
        known[name].astype("float64").to_numpy() for name in ("filled_quantity", "average_price", "release_price")
    )
    side = np.where(known["side"].to_numpy() == "BUY", 1.0, -1.0)
    paid = side * (average / release - 1)
    charged = paid + known["impact"].astype("float64").to_numpy() / (quantity * release)
    participation = quantity / known["average_daily_volume"].to_numpy()
    volatility = known["volatility_per_day"].to_numpy()

    def calibrated(cost: Floats) -> CalibratedImpact:
        return calibrate_impact(participation, volatility, cost, exponent=settings.exponent)

    return ImpactFigures(
        orders=len(known),
        unknown=len(filled) - len(known),
        settings=settings,
        estimated_bps=float(known["estimated_impact_bps"].mean()),
        prices=calibrated(paid),
        charged=calibrated(charged),
        exponent_of_prices=calibrate_exponent(participation, volatility, paid),
        exponent_of_charged=calibrate_exponent(participation, volatility, charged),
        moved=int(np.count_nonzero(np.abs(paid) > 1e-12)),  # noqa: PLR2004 - what rounding leaves
    )

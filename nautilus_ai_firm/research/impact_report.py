"""What the orders of a run say of impact -> a screen of aligned text, with what it does not say."""

import textwrap

from nautilus_ai_firm.models.execution.impact_calibration import CalibratedImpact, ImpactPrior
from nautilus_ai_firm.models.execution.impact_exponent import CalibratedExponent
from nautilus_ai_firm.research.impact_figures import ImpactFigures, impact_figures
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.runs.folder import Run

WIDTH = 100
HEADS = ("COEFFICIENT Y", "with belief", "95 %", "orders alone", "95 %", "noise", "belief", "exponent")
PRIOR = ImpactPrior()
MEANINGS = (
    "Y: cost = Y x daily volatility x (quantity / daily volume)^exponent, each order counts once, robust regression. "
    "in prices: from the price at release to the average price of the fills. charged: with the impact that simulations "
    f"book beside the price. with belief: orders and N({PRIOR.coefficient:g}, {PRIOR.deviation:g}²) from published "
    "work; belief is its share of the precision. noise: size of what the market did meanwhile, daily volatilities. "
    "exponent: n/a where orders do not tell it; Y goes with the configured one."
)
NO_MOVE = "PRICES SHOW NO IMPACT: every order was filled at the price at which it was released, as in a simulation."
NOT_CLEAR = "PRICES SHOW NO IMPACT that stands out from noise: the bounds of the orders alone hold 0."
TOO_FEW = "TOO FEW ORDERS to tell: what is believed counts."
CLEAR = "PRICES SHOW IMPACT: the bounds of the orders alone lie above 0."
WRONG = "PRICES SHOW NO IMPACT: orders were filled better than at release, and the bounds lie below 0."


def impact_report(run: Run) -> str:
    """Write up what a run's orders say of impact.

    Raises
    ------
    RunError
        As `impact_figures`.

    """
    found = impact_figures(run)
    rows = [
        HEADS,
        _row("in prices", found.prices, found.exponent_of_prices),
        _row("charged", found.charged, found.exponent_of_charged),
    ]
    counted = f"{found.orders:,} filled orders, {found.unknown:,} more without a known volatility"
    estimated = f"estimated with Y = {found.settings.coefficient:g}, mean {found.estimated_bps:.2f} bps"
    return "\n".join(
        [
            f"{run.summary['run_id']}: {counted}; {estimated}",
            *aligned(rows, right=range(1, len(HEADS))),
            _said(found),
            *textwrap.wrap(MEANINGS, WIDTH),
        ]
    )


def _said(found: ImpactFigures) -> str:
    prices = found.prices
    if not found.moved:
        return NO_MOVE
    if not prices.own_low <= prices.own_high:  # NaN
        return TOO_FEW
    if prices.own_high < 0:
        return WRONG
    return CLEAR if prices.own_low > 0 else NOT_CLEAR


def _row(name: str, found: CalibratedImpact, exponent: CalibratedExponent | None) -> tuple[str, ...]:
    own = found.own_low <= found.own_high
    return (
        name,
        f"{found.coefficient:.3f}",
        _bounds(found.low, found.high),
        f"{found.own_coefficient:.3f}" if own else "n/a",
        _bounds(found.own_low, found.own_high) if own else "",
        f"{found.noise:.3f}",
        f"{found.prior_share:.1%}",
        "n/a" if exponent is None else f"{exponent.exponent:.2f} {_bounds(exponent.low, exponent.high)}",
    )


def _bounds(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]"

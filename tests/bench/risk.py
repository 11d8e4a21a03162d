"""Time of the risk figures by size of the universe: a round's learning, a portfolio by each method, its parts; a table.

All methods at once, 10,000 scenarios and a window of 250 rounds. What is repriced in a search for a factor is one
portfolio; a redraw is a new factor of the correlations, and the draw itself happens once, at the start.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from nautilus_ai_firm.models.estimators.cholesky import cholesky
from nautilus_ai_firm.models.risk.scenarios import Scenarios
from nautilus_ai_firm.models.risk.value_at_risk import METHODS, ValueAtRiskModel
from nautilus_ai_firm.settings.stress import StressLimit
from nautilus_ai_firm.settings.stress_files import load_scenarios
from nautilus_ai_firm.settings.value_at_risk import ValueAtRisk
from tests.firm_runs import ROOT

SIZES, ROUNDS, TURNS = (10, 50, 500), 300, 9
WANTED_MS = 50.0
"""For one portfolio of 500 instruments over 10,000 drawn scenarios."""


def milliseconds(work: Callable[[], object], turns: int = TURNS) -> float:
    """Return the median time of some work."""
    times: list[float] = []
    for _ in range(turns):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e3


def measure(n: int) -> dict[str, float]:
    """Time everything on a universe of this size, milliseconds."""
    settings = ValueAtRisk(methods=METHODS)
    model = ValueAtRiskModel(n, **settings.model_parameters())
    generator = np.random.default_rng(1)
    closes = iter(50 * np.exp(generator.normal(0, 0.01, (ROUNDS + TURNS, n)).cumsum(axis=0)))
    fresh = np.ones(n, dtype=np.bool_)
    for _ in range(ROUNDS):
        model.update(next(closes), fresh)
    found = {"update, a round": milliseconds(lambda: model.update(next(closes), fresh))}
    weights = generator.normal(0, 1 / n, n)
    for name, one in model.measures().items():
        found[f"{name}, a portfolio"] = milliseconds(lambda one=one: one.risk(weights))
    for name, one in model.measures().items():
        found[f"{name}, its parts"] = milliseconds(lambda one=one: one.marginals(weights))
    scenarios = load_scenarios(ROOT / "configs" / "stress")
    stress = StressLimit(scenarios=scenarios).model([f"I{i}.X" for i in range(n)], [None] * n)
    found[f"stress, {len(scenarios)} scenarios"] = milliseconds(lambda: stress.worst_loss(weights))
    found["monte_carlo, a redraw"] = milliseconds(lambda: cholesky(model.covariance.correlation))
    found["monte_carlo, the draw"] = milliseconds(
        lambda: Scenarios(
            n,
            count=settings.scenarios,
            degrees_of_freedom=settings.degrees_of_freedom,
            seed=settings.seed,
            redraw_threshold=settings.redraw_threshold,
        ),
        turns=3,
    )
    return found


def main() -> None:
    """Measure all sizes and print them."""
    with Console(stderr=True).status("measuring risk"):
        found = {size: measure(size) for size in SIZES}
    table = Table(title=f"risk figures, milliseconds by instruments, median of {TURNS}")
    table.add_column("work", no_wrap=True)
    for size in SIZES:
        table.add_column(f"{size}", justify="right", no_wrap=True)
    for name in found[SIZES[0]]:
        table.add_row(name, *(f"{found[size][name]:,.2f}" for size in SIZES))
    console = Console()
    console.print(table)
    took = found[max(SIZES)]["monte_carlo, a portfolio"]
    verdict = "within" if took < WANTED_MS else "ABOVE"
    verdict = f"{took:.1f} ms, {verdict} the {WANTED_MS:.0f} that are wanted"
    console.print(f"{max(SIZES)} instruments x 10,000 scenarios: {verdict}")


if __name__ == "__main__":
    main()

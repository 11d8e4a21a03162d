"""Impact calibrated from a run's own orders: none in a simulation's prices, the charged one, and a planted one."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.research.impact_figures import impact_figures
from nautilus_ai_firm.research.impact_report import CLEAR, NO_MOVE, NOT_CLEAR, TOO_FEW, WRONG, impact_report
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.folder import Run, open_run
from tests.firm_runs import run, settings, synthetic_market

AT_ONCE = {
    "market.bar": "1-HOUR",
    "execution.impact": {"coefficient": 1.0},
    "execution.volume_span": 30.0,
    "costs.impact_coefficient": 0.6,
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Forty days of hours, every order at once, impact charged beside the price with Y = 0.6."""
    folder = tmp_path_factory.mktemp("simulated")
    catalog = synthetic_market(["A", "B"], 40, "1-HOUR").write(folder / "catalog", "1-HOUR")
    return run(settings(["A", "B"], AT_ONCE, macro=False), catalog, folder / "run")


def changed(found: Run, folder: Path, change: Any) -> Run:
    """Copy a run, with other rows in the table of its orders."""
    shutil.copytree(found.folder, folder)
    change(found.table("execution")).to_parquet(folder / "execution.parquet")
    return open_run(folder)


def planted(coefficient: float, noise: float = 0.01) -> Any:
    """Move the average price of each order by the law, and by chance."""

    def change(table: Any) -> Any:
        side = np.where(table["side"] == "BUY", 1, -1)
        law = coefficient * np.sqrt(table["filled_quantity"] / table["average_daily_volume"])
        chance = noise * np.random.default_rng(1).normal(size=len(table))
        move = side * table["volatility_per_day"] * (law + chance)
        table["average_price"] = table["release_price"].astype(float) * (1 + move)
        return table

    return change


def test_prices_of_a_simulation_show_no_impact_and_charges_the_configured_one(simulated: Run) -> None:
    found = impact_figures(simulated)
    assert found.orders > 100
    assert found.moved == 0
    assert (found.prices.own_coefficient, found.prices.own_low, found.prices.own_high) == (0, 0, 0)
    assert found.prices.high < 0.2
    assert found.charged.own_coefficient == pytest.approx(0.6, abs=0.01)
    text = impact_report(simulated)
    assert NO_MOVE in text
    assert text.splitlines()[2].split()[:2] == ["in", "prices"]


@pytest.mark.parametrize(
    ("coefficient", "noise", "said"), [(0.8, 0.01, CLEAR), (0.0, 0.01, NOT_CLEAR), (-0.8, 0.01, WRONG)]
)
def test_a_planted_impact_is_found_in_prices(
    simulated: Run, tmp_path: Path, coefficient: float, noise: float, said: str
) -> None:
    """The control of the test above."""
    moved = changed(simulated, tmp_path / "run", planted(coefficient, noise))
    found = impact_figures(moved)
    assert found.prices.own_low <= coefficient <= found.prices.own_high
    assert said in impact_report(moved)


def test_few_orders_leave_it_to_what_is_believed(simulated: Run, tmp_path: Path) -> None:
    def few(table: Any) -> Any:
        return planted(0.8)(table)[table["volatility_per_day"].notna() & (table["filled_quantity"] > 0)].iloc[:5]

    told = impact_report(changed(simulated, tmp_path / "run", few))
    assert TOO_FEW in told
    assert "n/a" in told.splitlines()[2]


def test_the_command_prints_the_report(simulated: Run) -> None:
    done = CliRunner().invoke(app, ["impact", str(simulated.folder)])
    assert done.exit_code == 0, done.output
    assert done.output.rstrip("\n") == impact_report(simulated)


def test_a_run_without_estimates_is_refused(tmp_path: Path) -> None:
    catalog = synthetic_market(["A"], 60).write(tmp_path / "catalog")
    plain = run(settings(["A"], macro=False), catalog, tmp_path / "run")
    with pytest.raises(RunError, match="no orders with estimates of their impact"):
        impact_figures(plain)


def test_a_run_that_filled_nothing_is_refused(simulated: Run, tmp_path: Path) -> None:
    nothing = changed(simulated, tmp_path / "run", lambda table: table.assign(filled_quantity=0))
    with pytest.raises(RunError, match="0 orders were filled"):
        impact_figures(nothing)

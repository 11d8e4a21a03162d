"""A tiny run gives the figures that were written down: a change in any room that moves money shows here first.

To accept a change that was meant: `python -m tests.acceptance.test_golden` writes the file anew.
"""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from tests.firm_runs import fills, run, settings, synthetic_market

GOLDEN = Path(__file__).parent / "golden" / "tiny.json"
TOLERANCE = 1e-9
FIGURES = [
    "rounds",
    "bars",
    "decisions",
    "refused_decisions",
    "orders",
    "denied_orders",
    "fills",
    "ending_equity",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "turnover",
    "traded_notional",
    "fees",
    "half_spread_cost",
    "impact_cost",
    "financing",
    "slippage_bps",
    "contributions",
    "refusals",
]


def tiny(folder: Path) -> dict[str, Any]:
    """Figures, every fiftieth round's equity and the first fills of a run of a hundred days."""
    catalog = synthetic_market(["A", "B"], 100, seed=11).write(folder / "catalog")
    result = run(settings(["A", "B"]), catalog, folder / "run")
    rows = fills(result)[:5]
    return json.loads(
        json.dumps(
            {name: result.summary[name] for name in FIGURES}
            | {
                "equity": [float(value) for value in result.table("equity")["equity"][::10]],
                "first_fills": [
                    [row["ts"], row["client_order_id"], row["side"], float(row["quantity"]), float(row["price"])]
                    for row in rows
                ],
            }
        )
    )


def flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items = [(f"{path}.{key}", part) for key, part in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}[{number}]", part) for number, part in enumerate(value)]
    else:
        return {path: value}
    return {name: leaf for where, part in items for name, leaf in flat(part, where).items()}


def same(found: Any, golden: Any) -> bool:
    if isinstance(found, float) and isinstance(golden, float):
        return math.isclose(found, golden, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return found == golden


def differences(found: dict[str, Any], golden: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    ours, theirs = flat(found), flat(golden)
    return {
        name: (ours.get(name), theirs.get(name))
        for name in sorted(ours.keys() | theirs.keys())
        if not same(ours.get(name), theirs.get(name))
    }


def test_a_tiny_run_gives_the_golden_figures(tmp_path: Path) -> None:
    assert differences(tiny(tmp_path), json.loads(GOLDEN.read_text(encoding="utf-8"))) == {}


def test_a_difference_above_the_tolerance_is_found() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    changed = golden | {"fees": golden["fees"] * (1 + 2 * TOLERANCE), "fills": golden["fills"] + 1}
    assert set(differences(changed, golden)) == {".fees", ".fills"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        GOLDEN.write_text(json.dumps(tiny(Path(temporary)), indent=1) + "\n", encoding="utf-8")

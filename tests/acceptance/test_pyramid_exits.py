"""How positions in layers end in the engine, long and short: by profit, time, volatility, exhaustion, at a stop."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.models.execution.pyramid_triggers import PyramidStep
from nautilus_ai_firm.runs.folder import Run
from tests.acceptance.test_pyramid import LAYERED, plans, trending
from tests.firm_runs import audit, fills, run, settings

NO_EXIT: dict[str, Any] = {
    key: value for key, value in LAYERED["execution.pyramid"].items() if key != "exit_rounds"
} | {"stop_atr": 6.0}
FULL: dict[str, tuple[dict[str, Any], PyramidStep]] = {
    "time": ({"max_rounds": 25}, PyramidStep.TIME_OVER),
    "exhaustion": ({"exit_adx": 40.0}, PyramidStep.TREND_EXHAUSTED),
    "volatility": ({"max_atr_ratio": 1.15, "atr_average_rounds": 30, "atr_rounds": 5}, PyramidStep.TOO_VOLATILE),
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trending().write(tmp_path_factory.mktemp("trending") / "catalog")


def played(catalog: Path, out: Path, rules: dict[str, Any]) -> Run:
    return run(settings(["A", "B"], LAYERED | {"execution.pyramid": NO_EXIT | rules}), catalog, out)


def by_plan(result: Run) -> dict[str, list[dict[str, Any]]]:
    told: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for plan in plans(result):
        told[plan["plan_id"]].append(plan)
    return told


def held_at_the_end(result: Run) -> dict[str, int]:
    held: defaultdict[str, int] = defaultdict(int)
    for row in fills(result):
        held[row["instrument_id"]] += int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
    return held


@pytest.mark.parametrize("name", FULL)
def test_a_rule_closes_every_layer_of_longs_and_shorts(name: str, catalog: Path, tmp_path: Path) -> None:
    rules, step = FULL[name]
    result = played(catalog, tmp_path / "run", rules)
    ended = {plan_id: told for plan_id, told in by_plan(result).items() if any(one["cause"] == step for one in told)}
    assert {told[0]["side"] for told in ended.values()} == {1, -1}
    last = max(fact["round"] for fact in audit(result.folder, "decision"))
    for told in ended.values():
        first = next(place for place, one in enumerate(told) if one["cause"] == step)
        assert all(one["weight"] == 0 for one in told[first:])
        assert any(layer["quantity"] for layer in told[first]["layers"])
        if len(told) > first + 2:
            assert not any(layer["quantity"] for layer in told[first + 2]["layers"])
        assert told[-1]["ended"] or first + 2 >= len(told), last
    assert max(told[-1]["unlocked"] for told in ended.values()) > 1


def test_profits_are_taken_layer_by_layer_of_longs_and_shorts_and_the_rest_stays(catalog: Path, tmp_path: Path) -> None:
    """Each fill of a take profit is one layer at its own level, and what is left keeps its stops."""
    result = played(catalog, tmp_path / "run", {"take_profit": [0.06, 0.12, 0.14, 0.16]})
    told = {(plan["instrument_id"], fact["round"]): plan for fact in audit(result.folder, "decision")
            for plan in fact.get("plans", ())}  # fmt: skip
    times = {fact["round"]: fact["ts"] for fact in audit(result.folder, "decision")}
    partly: defaultdict[int, int] = defaultdict(int)
    profits = [row for row in fills(result) if row["decision_id"].startswith("T")]
    for row in profits:
        round_ = max(number for number, ts in times.items() if ts < row["ts"])
        before, after = told[row["instrument_id"], round_], told[row["instrument_id"], round_ + 1]
        (layer,) = [
            one
            for one in before["layers"]
            if one["take_profit"] and abs(one["take_profit"] - float(row["price"])) < 1e-3
        ]
        assert int(row["quantity"]) <= abs(layer["quantity"])  # less where a closing order took from it before
        assert row["side"] == ("SELL" if before["side"] == 1 else "BUY")
        assert layer["number"] not in {one["number"] for one in after["layers"]}
        held = [one for one in after["layers"] if one["quantity"]]
        assert all(one["stop"] is not None for one in held)
        partly[before["side"]] += bool(held)
    assert min(partly[1], partly[-1]) > 0


@pytest.mark.parametrize("breaks_even", [True, False])
def test_from_the_second_layer_on_no_stop_is_worse_than_the_average_entry_after_a_close_beyond_it(
    breaks_even: bool, catalog: Path, tmp_path: Path
) -> None:
    result = played(catalog, tmp_path / "run", {"break_even": breaks_even})
    commanded = {
        (one["place"], one["layer"], one["price"])
        for one in audit(result.folder, "command")
        if one["action"] == "set_stop" and one.get("layer") is not None
    }
    sides: defaultdict[int, int] = defaultdict(int)
    worse = 0
    for plan in plans(result):
        filled = [layer for layer in plan["layers"] if layer["quantity"]]
        if len(filled) < 2 or plan["weight"] == 0 or plan["side"] * (plan["close"] - plan["average_entry_price"]) <= 0:
            continue
        sides[plan["side"]] += 1
        for layer in filled:
            assert (plan["place"], layer["number"], layer["stop"]) in commanded
            worse += plan["side"] * (layer["stop"] - plan["average_entry_price"]) < 0
    assert min(sides[1], sides[-1]) > 20
    assert (worse == 0) is breaks_even

"""A firm that builds positions in layers, from the signals to the stops of each, in a backtest and in a session."""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.models.execution.pyramid_position import PyramidPosition
from nautilus_ai_firm.research.lookahead.audit import audit_lookahead
from nautilus_ai_firm.runs.folder import Run
from nautilus_ai_firm.settings import load
from tests.firm_runs import ROOT, Market, audit, decisions, fills, run, settings, synthetic_market
from tests.live_runs import assert_done_once, assert_replays, assert_sealed, desk

LAYERED: dict[str, Any] = {
    "execution.pyramid": {
        "confirm": "atr",
        "atr_multiples": [0.5, 1.0, 1.5],
        "stop_atr": 3.0,
        "exit_rounds": 30,
        "cool_down_rounds": 2,
    },
    "risk.stops": {"initial_atr": 4.0, "trailing_atr": 8.0},
    "risk.max_leverage": 1.6,
}
SESSIONS = 260


def trending(sessions: int = SESSIONS, turn: int = 90) -> Market:
    """Two stocks that go up for some sessions, then down, and again: one begins with the fall."""
    market = synthetic_market(["A", "B"], sessions)
    ways = {"A": 1.0, "B": -1.0}
    bars = {}
    for name, one in market.bars.items():
        slope = np.where(np.arange(len(one)) // turn % 2 == 0, 0.004, -0.004) * ways[name]
        path = np.exp(np.concatenate([[0.0], np.cumsum(slope)]))
        opened, closed = path[:-1], path[1:]
        prices = {"open": one.open * opened, "close": one.close * closed}
        prices["high"] = np.maximum(one.high * np.maximum(opened, closed), np.maximum(prices["open"], prices["close"]))
        prices["low"] = np.minimum(one.low * np.minimum(opened, closed), np.minimum(prices["open"], prices["close"]))
        bars[name] = replace(one, **{key: np.round(value, 4) for key, value in prices.items()})
    return replace(market, bars=bars)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trending().write(tmp_path_factory.mktemp("trending") / "catalog")


@pytest.fixture(scope="module")
def layered(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(settings(["A", "B"], LAYERED), catalog, tmp_path_factory.mktemp("layered") / "run")


def plans(result: Run) -> list[dict[str, Any]]:
    return [plan for fact in audit(result.folder, "decision") for plan in fact.get("plans", ())]


def test_positions_are_built_in_up_to_four_layers_long_and_short(layered: Run) -> None:
    unlocked: dict[str, int] = {}
    sides: dict[str, int] = {}
    for plan in plans(layered):
        unlocked[plan["plan_id"]] = plan["unlocked"]
        sides[plan["plan_id"]] = plan["side"]
    assert set(unlocked.values()) >= {1, 2, 4}
    assert {side for plan_id, side in sides.items() if unlocked[plan_id] == 4} == {1, -1}
    assert layered.summary["orders"] > 50


def test_the_layers_are_the_position_in_every_round(layered: Run) -> None:
    held: defaultdict[str, int] = defaultdict(int)
    rows, place, checked = fills(layered), 0, 0
    for fact in audit(layered.folder, "decision"):
        while place < len(rows) and rows[place]["ts"] <= fact["ts"]:
            row = rows[place]
            held[row["instrument_id"]] += int(row["quantity"]) * (1 if row["side"] == "BUY" else -1)
            place += 1
        for plan in fact.get("plans", ()):
            assert sum(layer["quantity"] for layer in plan["layers"]) == held[plan["instrument_id"]]
            checked += bool(plan["layers"])
    assert checked > 200


def test_no_decision_is_above_what_was_intended_and_no_desk_made_it_larger(layered: Run) -> None:
    told = {
        (fact["round"], plan["place"]): plan
        for fact in audit(layered.folder, "decision")
        for plan in fact.get("plans", ())
    }
    seen = 0
    for line in decisions(layered.folder):
        for place, (cio, risk, compliance) in enumerate(
            zip(line["cio"], line["risk"], line["compliance"], strict=True)
        ):
            plan = told.get((line["round"], place))
            if plan is None:
                continue
            seen += 1
            assert cio == plan["weight"]
            assert abs(cio) <= abs(plan["intended_weight"]) + 1e-12
            assert abs(compliance) <= max(abs(risk), abs(line["current"][place])) + 1e-12
    assert seen > 200


def added_to_a_loss(result: Run) -> int:
    """Count the plans that add to a position whose close is not beyond its average entry price."""
    return sum(
        abs(plan["weight"]) > sum(abs(layer["quantity"]) for layer in plan["layers"]) * plan["close"] / equity + 1e-9
        and plan["side"] * (plan["close"] - plan["average_entry_price"]) <= 0
        for equity, plan in (
            (float(fact["equity"]), plan) for fact in audit(result.folder, "decision") for plan in fact.get("plans", ())
        )
        if plan["average_entry_price"] is not None
    )


def test_nothing_is_added_to_a_loss(layered: Run) -> None:
    assert added_to_a_loss(layered) == 0


def test_the_test_above_finds_a_planted_average_down(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = PyramidPosition._weight

    def averaging(self: PyramidPosition, facts: Any) -> float:
        weight = honest(self, facts)
        losing = bool(facts.position) and self.owner.side * (facts.close - self.layers.average) < 0
        return weight * 1.3 if losing else weight

    monkeypatch.setattr(PyramidPosition, "_weight", averaging)
    assert added_to_a_loss(run(settings(["A", "B"], LAYERED), catalog, tmp_path / "run")) > 0


def test_additions_leave_by_the_algorithm_that_confirms_their_price(layered: Run) -> None:
    states = Counter((parent["exec_algorithm"], parent["state"]) for parent in audit(layered.folder, "parent"))
    assert states["PYRAMID", "filled"] > 5


def test_every_layer_has_a_stop_of_its_own_at_the_venue(layered: Run) -> None:
    commands = [fact for fact in audit(layered.folder, "command") if fact["action"] == "set_stop"]
    assert {fact.get("layer") for fact in commands} >= {1, 2, 3, 4}
    assert layered.summary["stop_fills"] > 0
    wanted = {(plan["place"], layer["number"], layer["stop"]) for plan in plans(layered) for layer in plan["layers"]}
    assert {(one["place"], one["layer"], one["price"]) for one in commands if one.get("layer") is not None} <= wanted


def test_it_is_repeated_to_the_bit(layered: Run, catalog: Path, tmp_path: Path) -> None:
    again = run(settings(["A", "B"], LAYERED), catalog, tmp_path / "run")
    assert again.summary["result_sha256"] == layered.summary["result_sha256"]
    assert plans(again) == plans(layered)


def test_the_future_changes_no_plan(catalog: Path) -> None:
    audited = audit_lookahead(settings(["A", "B"], LAYERED), catalog, dates=3, seed=4)
    assert audited.first_leak is None
    assert audited.compared[-1].fills > 20


def test_without_the_table_the_firm_enters_at_once(catalog: Path, tmp_path: Path) -> None:
    changes = {name: value for name, value in LAYERED.items() if name != "execution.pyramid"}
    all_in = run(settings(["A", "B"], changes), catalog, tmp_path / "run")
    assert plans(all_in) == []
    assert not any(parent["exec_algorithm"] for parent in audit(all_in.folder, "parent"))


def test_the_configuration_with_layers_is_the_demonstration_with_them() -> None:
    ours, theirs = load(ROOT / "configs" / "pyramid.toml").firm, load(ROOT / "configs" / "demo.toml").firm
    pyramid = ours.execution.pyramid
    assert pyramid is not None
    assert pyramid.rules().fractions == pytest.approx((0.25, 0.225, 0.1575, 0.11025))
    for name in ("market", "signals", "cio", "risk", "compliance", "venue", "costs"):
        assert getattr(ours, name) == getattr(theirs, name)


@pytest.mark.slow
def test_a_session_with_layers_replays_without_a_difference_and_is_what_a_backtest_does(tmp_path: Path) -> None:
    made = desk(tmp_path / "desk", trending(140, 60), LAYERED)
    ended = made.run(tmp_path / "run", "--venue", "sandbox")
    assert (ended.status, ended.errors) == (0, [])
    result = assert_sealed(tmp_path / "run", "normal")
    told = [plan for message in assert_done_once(tmp_path / "run").of("decision") for plan in message.plans]
    assert max(len(plan.layers) for plan in told) > 2
    assert_replays(tmp_path / "run")
    assert made.backtest(tmp_path / "backtest").summary["result_sha256"] == result.summary["result_sha256"]

"""What the desks may do to a decision: only shrink it; and what an order must have passed: the gate."""

from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.runs.folder import Run
from tests.acceptance.conftest import SLICED, Studied
from tests.firm_runs import ABSENT, audit, decisions, fills, run, settings

TIGHT: dict[str, Any] = {
    "risk.max_position": 0.08,
    "risk.max_gross": 0.15,
    "risk.max_net": 0.05,
    "risk.max_concentration": 1.0,
    "market.universe.max_order_value": 150_000.0,
    "market.universe.max_order_volume": 2_500,
    "compliance.restricted": ["C.US"],
    "execution.gate.max_collar": 0.01,
    "execution.gate.max_messages": 1,
    "execution.no_trade_band": 0.0,
}
JOINT = 1e-9


@pytest.fixture(scope="module")
def tight(daily: Studied, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run in which every limit bites."""
    return run(settings(changes=TIGHT), daily.catalog, tmp_path_factory.mktemp("tight") / "run")


def within(current: float, given: float, result: float) -> bool:
    towards_current = min(current, given) <= result <= max(current, given)
    towards_zero = min(0.0, given) <= result <= max(0.0, given)
    return (towards_current or towards_zero) and abs(result) <= max(abs(current), abs(given))


def assert_desks_only_shrink(result: Run) -> int:
    checked = 0
    for line in decisions(result.folder):
        for current, decided, risked, cleared in zip(
            line["current"], line["cio"], line["risk"], line["compliance"], strict=True
        ):
            assert within(current, decided, risked), line["decision_id"]
            assert within(current, risked, cleared), line["decision_id"]
            checked += 1
    return checked


def test_risk_and_compliance_only_shrink_every_recorded_decision(daily: Studied, minutes: Studied, tight: Run) -> None:
    assert assert_desks_only_shrink(daily.run) > 100
    assert assert_desks_only_shrink(minutes.run) > 500
    assert assert_desks_only_shrink(tight) > 300


def test_a_planted_desk_that_adds_is_found(daily: Studied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nautilus_ai_firm.models.risk import review  # noqa: PLC0415 - the module that is spoilt

    honest = review.apply_limits

    def apply_limits(*given: Any) -> Any:
        weights, breaches = honest(*given)
        return weights * 1.001, breaches

    monkeypatch.setattr(review, "apply_limits", apply_limits)
    planted = run(daily.loaded, daily.catalog, tmp_path / "run")
    with pytest.raises(AssertionError):
        assert_desks_only_shrink(planted)


def test_every_limit_bit_and_is_named(tight: Run) -> None:
    named = {(desk, rule) for desk, rule, _ in tight.summary["refusals"]}
    assert named >= {
        ("risk", "max_position"),
        ("risk", "max_net"),
        ("compliance", "restricted"),
        ("compliance", "max_order_value"),
        ("compliance", "max_order_volume"),
        ("gate", "max_collar"),
        ("gate", "max_messages"),
    }


def test_limits_hold_after_risk(tight: Run) -> None:
    for line in decisions(tight.folder):
        growing = any(abs(risked) > abs(now) for now, risked in zip(line["current"], line["risk"], strict=True))
        assert max(abs(weight) for weight in line["risk"]) <= 0.08
        if growing:
            assert sum(abs(weight) for weight in line["risk"]) <= 0.15 + JOINT
            assert abs(sum(line["risk"])) <= 0.05 + JOINT


def test_no_order_is_larger_than_allowed_and_none_is_restricted(tight: Run) -> None:
    rows = fills(tight)
    assert len(rows) > 20
    assert all(row["quantity"] <= 2_500 and row["quantity"] * row["price"] <= 150_000 for row in rows)
    assert "C.US" not in {row["instrument_id"] for row in rows}


def is_order_event(fact: dict[str, Any]) -> bool:
    return "client_order_id" in fact and fact["kind"] != "gate"


@pytest.mark.parametrize("name", ["daily", "minutes", "tight"])
def test_every_order_has_a_gate_result_that_let_it_pass_before_it_was_sent(
    name: str, request: pytest.FixtureRequest
) -> None:
    studied = request.getfixturevalue(name)
    result: Run = studied if isinstance(studied, Run) else studied.run
    passed: set[str] = set()
    sent = 0
    for fact in audit(result.folder):
        if fact["kind"] == "gate" and fact["breach"] is None:
            passed.add(fact["client_order_id"])
        elif is_order_event(fact):
            sent += 1
            assert fact["client_order_id"] in passed
    assert sent >= result.summary["fills"] > 0


@pytest.mark.parametrize("name", ["daily", "minutes", "tight"])
def test_every_parent_order_has_a_gate_result_of_its_own(name: str, request: pytest.FixtureRequest) -> None:
    studied = request.getfixturevalue(name)
    result: Run = studied if isinstance(studied, Run) else studied.run
    asked = {fact["client_order_id"] for fact in audit(result.folder, "gate")}
    parents = {fact["parent_order_id"] for fact in audit(result.folder) if is_order_event(fact)}
    assert parents
    assert parents <= asked


LIMITS = [
    "risk.max_position",
    "risk.max_gross",
    "risk.max_net",
    "risk.max_drawdown",
    "market.universe.max_order_value",
    "market.universe.max_order_volume",
    "execution.gate.max_collar",
    "execution.gate.max_messages",
]


@pytest.mark.parametrize("limit", LIMITS)
def test_without_a_limit_nothing_is_traded_and_the_limit_is_named(daily: Studied, tmp_path: Path, limit: str) -> None:
    result = run(settings(changes={limit: ABSENT}), daily.catalog, tmp_path / "run")
    assert result.summary["fills"] == result.summary["orders"] == 0
    named = {rule for _, rule, _ in result.summary["refusals"]}
    name = limit.rpartition(".")[2]
    assert named & {f"limit_missing:{name}", f"{name}_missing"}


def test_without_any_slicing_limits_minute_bars_trade_nothing_either(minutes: Studied, tmp_path: Path) -> None:
    loaded = settings(["A", "B"], SLICED | {"execution.gate.max_collar": ABSENT}, macro=False)
    result = run(loaded, minutes.catalog, tmp_path / "run")
    assert result.summary["fills"] == 0
    assert ["gate", "limit_missing:max_collar"] in [row[:2] for row in result.summary["refusals"]]


def test_one_instrument_without_a_maximum_leaves_the_others_alone(daily: Studied, tmp_path: Path) -> None:
    universe = [
        {"id": "A.US", "max_order_value": 5e6, "max_order_volume": 1_000_000},
        {"id": "B.US", "max_order_volume": 1_000_000},
        {"id": "C.US", "max_order_value": 5e6, "max_order_volume": 1_000_000},
    ]
    result = run(settings(changes={"market.universe": universe}), daily.catalog, tmp_path / "run")
    assert {row["instrument_id"] for row in fills(result)} == {"A.US", "C.US"}

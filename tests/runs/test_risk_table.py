"""The use of limits as one table: a row for each limit, subject and round, then one for each scenario."""

from dataclasses import replace

import numpy as np

from nautilus_ai_firm.messages import OptionGreeks, RiskReport, StressResult, TailSplit
from nautilus_ai_firm.runs.risk_table import FIGURES, risk_table

NAN = float("nan")


def report(number: int, stress: StressResult | None = None) -> RiskReport:
    return RiskReport(
        round=number, ts_event=1_000 * number, rules=("max_position", "max_stress_loss"), subjects=("A.X", ""),
        value=np.array([0.1 * number, NAN]), limit=np.array([0.4, 0.3]), stress=stress,
    )  # fmt: skip


def test_rows_are_in_the_order_of_rounds_limits_and_scenarios() -> None:
    stress = StressResult(scenarios=("fall", "rise"), losses=np.array([0.2, -0.1]))
    rows = risk_table([report(1), report(2, stress)]).to_pylist()
    assert [(row["round"], row["rule"], row["subject"], row["value"], row["limit"]) for row in rows] == [
        (1, "max_position", "A.X", 0.1, 0.4),
        (1, "max_stress_loss", "", None, 0.3),
        (2, "max_position", "A.X", 0.2, 0.4),
        (2, "max_stress_loss", "", None, 0.3),
        (2, "stress", "fall", 0.2, 0.3),
        (2, "stress", "rise", -0.1, 0.3),
    ]
    assert [row["ts"].nanosecond for row in rows] == [0] * 6


def test_the_parts_of_the_value_at_risk_follow_where_they_are_told() -> None:
    split = TailSplit(
        method="normal",
        instruments=("A.X",),
        marginal=np.array([0.2]),
        component=np.array([0.02]),
        liquidity_adjusted=NAN,
    )
    rows = risk_table([report(1), replace(report(2), split=split)]).to_pylist()[4:]
    assert [(row["round"], row["rule"], row["subject"], row["value"], row["limit"]) for row in rows] == [
        (2, "marginal_var", "A.X", 0.2, None),
        (2, "component_var", "A.X", 0.02, None),
        (2, "liquidity_adjusted_var", "", None, None),
    ]


def test_options_beside_the_firm_come_last_by_greek_and_contract() -> None:
    rows_of = [np.array([0.1, -0.2]), np.array([NAN, 0.0]), np.array([1.0, 2.0]), np.array([3.0, 4.0])]
    delta, gamma, vega, theta = rows_of
    options = OptionGreeks(contracts=("C.X", "P.X"), delta=delta, gamma=gamma, vega=vega, theta=theta)
    rows = risk_table([replace(report(1), options=options)]).to_pylist()[2:]
    assert [(row["rule"], row["subject"], row["value"], row["limit"]) for row in rows] == [
        ("option_delta", "C.X", 0.1, None),
        ("option_delta", "P.X", -0.2, None),
        ("option_gamma", "C.X", None, None),
        ("option_gamma", "P.X", 0.0, None),
        ("option_vega", "C.X", 1.0, None),
        ("option_vega", "P.X", 2.0, None),
        ("option_theta", "C.X", 3.0, None),
        ("option_theta", "P.X", 4.0, None),
    ]
    assert {row["rule"] for row in rows} <= FIGURES


def test_a_run_without_rounds_has_the_columns() -> None:
    table = risk_table([])
    assert table.num_rows == 0
    assert table.column_names == ["ts", "round", "rule", "subject", "value", "limit"]

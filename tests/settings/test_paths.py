"""A dotted path finds any value of a configuration, and one that leads nowhere is refused where it goes wrong."""

from typing import Any

import pytest

from nautilus_ai_firm.settings import ConfigError
from nautilus_ai_firm.settings.paths import value_at, with_values
from tests.firm_runs import ABSENT, settings

FIRM = settings(("A", "B"), macro=False)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("execution.no_trade_band", 0.2),
        ("signals.agents.momentum.weight", 0.7),
        ("signals.agents.momentum.params.volatility_span", 25.0),
        ("signals.agents.momentum.params.rsi_weight", 0.25),  # at its default in the file
        ("market.universe.A.US.max_order_value", 1e6),  # an id with a dot
        ("execution.twap.interval_minutes", 10),
        ("risk.max_gross", 1.25),
        ("live.sandbox.speed", 10.0),
    ],
)
def test_a_value_is_found_and_replaced_and_nothing_else(path: str, value: Any) -> None:
    changed = with_values(FIRM, {path: value}, "tried")
    assert value_at(changed.firm, path) == value != value_at(FIRM.firm, path)
    back = with_values(changed, {path: value_at(FIRM.firm, path)}, "back")
    assert with_values(FIRM, {}, "same").sha256 == back.sha256 != changed.sha256


def test_an_option_that_is_held_goes_by_its_contract() -> None:
    held = [{"contract": f"A120217{side}00100000.US", "quantity": 5} for side in "CP"]
    changes = {"market.chains": [{"underlying": "A.US"}], "risk.greeks": {"rate_per_year": 0.01, "held": held}}
    firm = settings(("A", "B"), changes, macro=False)
    changed = with_values(firm, {"risk.greeks.held.A120217P00100000.US.quantity": -7}, "tried").firm
    assert value_at(changed, "risk.greeks.held.A120217P00100000.US.quantity") == -7
    assert value_at(changed, "risk.greeks.held.A120217C00100000.US.quantity") == 5


def test_a_limit_that_is_absent_can_be_given() -> None:
    without = settings(("A", "B"), {"risk.max_gross": ABSENT}, macro=False)
    assert value_at(without.firm, "risk.max_gross") is None
    assert with_values(without, {"risk.max_gross": 1.1}, "given").firm.risk.max_gross == 1.1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("signals.agents.momentm.weight", "signals.agents.momentm is not there (did you mean momentum?)"),
        ("executon.no_trade_band", "executon is not there (did you mean execution?)"),
        (
            "signals.agents.momentum.params.volatilty_span",
            "params.volatilty_span is not there (did you mean volatility_span?)",
        ),
        ("market.universe.C.US.max_order_value", "market.universe.C is not there; there are A.US, B.US"),
        ("execution.no_trade_band.low", "execution.no_trade_band is a value and has no 'low' in it"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_went_wrong(path: str, line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        with_values(FIRM, {path: 1}, "tried")
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_value_that_is_out_of_range_is_refused_as_in_a_file() -> None:
    with pytest.raises(ConfigError, match=r"tried: execution\.no_trade_band = 3"):
        with_values(FIRM, {"execution.no_trade_band": 3.0}, "tried")


def test_a_value_that_is_a_list_is_not_shared_with_who_gave_it() -> None:
    spans = [2, 4]
    changed = with_values(FIRM, {"signals.agents.momentum.params.fast_spans": spans}, "tried")
    spans.append(3)
    assert list(value_at(changed.firm, "signals.agents.momentum.params.fast_spans")) == [2, 4]

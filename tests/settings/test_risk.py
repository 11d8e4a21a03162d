"""Every limit of the risk desk is stated, switched off by a word, or missing and so refusing."""

import tomllib
from typing import Any

import pytest

from nautilus_ai_firm.research.risk_limits import MISSING, OFF, risk_limit_rows
from nautilus_ai_firm.settings import ConfigError, decode, load
from nautilus_ai_firm.settings.decoding import read_toml
from nautilus_ai_firm.settings.risk import BOUNDS, TABLES
from nautilus_ai_firm.settings.stress_files import with_scenarios
from tests.firm_runs import ABSENT, ALL_RISK, ROOT, settings


def test_a_whole_configuration_misses_nothing() -> None:
    risk = settings(changes=ALL_RISK).firm.risk
    assert risk.missing == ()
    assert not [row for row in risk_limit_rows(risk) if row[1] in {MISSING, OFF}]


@pytest.mark.parametrize("name", [*BOUNDS, "max_drawdown"])
def test_a_number_that_nobody_stated_is_missing(name: str) -> None:
    risk = settings(changes={f"risk.{name}": ABSENT}).firm.risk
    assert risk.missing == (name,)
    assert (name, MISSING) in risk_limit_rows(risk)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_is_missing_off_or_stated(name: str) -> None:
    absent, off, stated = (
        settings(changes={**ALL_RISK, f"risk.{name}": value} if value is not ABSENT else {f"risk.{name}": ABSENT}).firm
        for value in (ABSENT, "off", ALL_RISK[f"risk.{name}"])
    )
    assert name in absent.risk.missing
    assert (name, MISSING) in risk_limit_rows(absent.risk)
    assert off.risk.missing == ()
    assert (name, OFF) in risk_limit_rows(off.risk)
    assert stated.risk.missing == ()


@pytest.mark.parametrize(("table", "name"), [(table, name) for table, names in TABLES.items() for name in names])
def test_a_number_of_a_table_that_nobody_stated_is_missing(table: str, name: str) -> None:
    values = {key: value for key, value in ALL_RISK[f"risk.{table}"].items() if key != name}
    assert settings(changes={**ALL_RISK, f"risk.{table}": values}).firm.risk.missing == (f"{table}.{name}",)


CHAINS = {"market.chains": [{"underlying": "A.US"}]}
HELD: dict[str, Any] = {
    "rate_per_year": 0.01,
    "held": [{"contract": "A120217C00100000.US", "quantity": -10}],
    "position": dict.fromkeys(("max_delta", "max_gamma", "max_vega", "max_theta"), 0.01),
    "portfolio": {"max_delta": 0.02, "max_gamma": "off", "max_vega": "off", "max_theta": "off"},
}


def test_limits_on_greeks_are_needed_only_of_a_firm_that_holds_options() -> None:
    absent, off = settings(changes=ALL_RISK).firm.risk, settings(changes=ALL_RISK | {"risk.greeks": "off"}).firm.risk
    assert (absent.missing, off.missing) == ((), ())
    assert not [row for row in risk_limit_rows(absent) if "greek" in row[0]]
    assert ("greeks", OFF) in risk_limit_rows(off)
    stated = settings(changes=ALL_RISK | CHAINS | {"risk.greeks": HELD}).firm.risk
    assert stated.missing == ()
    rows = dict(risk_limit_rows(stated))
    assert rows["held A120217C00100000.US"] == "-10 contracts, beside the firm"
    assert rows["max_position_delta"].startswith("0.01 of equity per 1 % move")
    assert (rows["max_delta"][:4], rows["max_gamma"]) == ("0.02", OFF)


def test_the_example_of_the_study_of_options_can_be_used_as_it_stands() -> None:
    path = ROOT / "configs" / "studies" / "aapl_options_hourly.toml"
    text = path.read_text(encoding="utf-8")
    block = text[text.index("# [risk.greeks]") :].partition("\n\n")[0]
    table = tomllib.loads("\n".join(line.removeprefix("# ") for line in block.splitlines()))["risk"]
    raw = with_scenarios(read_toml(path), path)
    risk = decode({**raw, "risk": {**raw["risk"], **table}}, str(path)).firm.risk
    assert risk.missing == ()
    assert load(path).firm.risk.greeks is None
    rows = dict(risk_limit_rows(risk))
    assert rows["held AAPL140621C00650000.USA"] == "+100 contracts, beside the firm"


@pytest.mark.parametrize("table", ["position", "portfolio"])
@pytest.mark.parametrize("name", ["max_delta", "max_gamma", "max_vega", "max_theta"])
def test_a_limit_on_a_greek_that_nobody_stated_is_missing(table: str, name: str) -> None:
    sizes = {key: value for key, value in HELD[table].items() if key != name}
    risk = settings(changes=ALL_RISK | CHAINS | {"risk.greeks": HELD | {table: sizes}}).firm.risk
    assert risk.missing == (f"greeks.{table}.{name}",)
    assert MISSING in dict(risk_limit_rows(risk)).values()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"risk.stress": "of"}, "risk.stress = 'of'"),
        ({"risk.value_at_risk": {"max_va": 0.1}}, "risk.value_at_risk.max_va is not a known key"),
        ({"risk.agent_budgets": {"momentun": 0.5}}, "risk.agent_budgets names 'momentun' (did you mean momentum?)"),
        ({"risk.max_leverage": 3.0}, "risk.max_leverage 3.0 is above venue.leverage 2.0"),
        ({"risk.max_concentration": 1.5}, "risk.max_concentration = 1.5"),
        ({"risk.correlation": ALL_RISK["risk.correlation"] | {"history_span": 5.0}}, "history_span 5.0 is not above"),
        ({"risk.drawdown_tiers": ALL_RISK["risk.drawdown_tiers"][::-1]}, "tier "),
        ({"risk.greeks": HELD}, "market.chains is empty (allowed: options on the underlyings of market.chains"),
        ({**CHAINS, "risk.greeks": HELD | {"max_delta": 1.0}}, "risk.greeks.max_delta is not a known key"),
        ({**CHAINS, "risk.greeks": HELD | {"position": {"max_delta": -1.0}}}, "risk.greeks.position.max_delta = -1.0"),
        ({**CHAINS, "risk.greeks": {**HELD, "held": [{"contract": "A120217C00100000.US"}]}}, "quantity is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_path(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        settings(changes=changes)
    assert said in str(error.value)

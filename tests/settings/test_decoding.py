"""A configuration is taken whole or refused with file, path, value and what is allowed."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.settings import ConfigError, decode, encode, load
from nautilus_ai_firm.settings.stress_files import with_scenarios

DEMO = Path(__file__).resolve().parents[2] / "configs" / "demo.toml"


@pytest.fixture
def raw() -> dict[str, Any]:
    return dict(with_scenarios(tomllib.loads(DEMO.read_text(encoding="utf-8")), DEMO))


def changed(raw: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a dotted path; numbers index lists."""
    result = copy.deepcopy(raw)
    *parents, last = path.split(".")
    place: Any = result
    for part in parents:
        place = place[int(part)] if part.isdigit() else place[part]
    place[last] = value
    return result


@pytest.mark.parametrize(
    "config",
    sorted([*DEMO.parent.glob("*.toml"), *(DEMO.parent / "studies").glob("*.toml")]),
    ids=lambda path: path.name,
)
def test_every_config_of_the_project_is_valid_and_its_firm_may_trade(config):
    firm = load(config).firm
    assert firm.market.universe
    assert firm.risk.missing == ()


def test_what_is_written_reads_back_as_equal_settings(raw):
    firm = decode(raw, "demo").firm
    assert decode(tomllib.loads(encode(firm).decode()), "again").firm == firm


def test_an_agent_may_miss_rounds_within_bounds(raw):
    agent = raw["signals"]["agents"][0] | {"may_miss": True, "half_life_rounds": 2.5, "max_age_rounds": 10}
    agents = [agent, *raw["signals"]["agents"][1:]]
    found = decode(changed(raw, "signals.agents", agents), "late").firm.signals.agents
    assert (found[0].may_miss, found[0].half_life_rounds, found[0].max_age_rounds) == (True, 2.5, 10)
    assert not found[1].may_miss


def test_the_hash_depends_on_what_is_said_and_not_on_layout(raw, tmp_path):
    (tmp_path / "a.toml").write_bytes(encode(decode(raw, "demo").firm))
    assert load(tmp_path / "a.toml").sha256 == load(DEMO).sha256
    assert decode(changed(raw, "risk.max_gross", 1.4), "b").sha256 != load(DEMO).sha256


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("risk.max_gros", 1.0, "risk.max_gros is not a known key (did you mean max_gross?); allowed are "),
        ("risk.max_gross", -1.0, "risk.max_gross = -1.0: expected `float` > 0.0"),
        ("risk.max_gross", "two", "risk.max_gross = 'two': expected `float | null`, got `str`"),
        ("risk.max_gross", float("inf"), "risk.max_gross = inf: expected `float` <= 1000000000000000.0"),
        ("risk.max_gross", float("nan"), "risk.max_gross = nan: expected `float`"),
        ("risk.max_gross", 9.0, "risk.max_gross 9.0 is above venue.leverage 2.0"),
        ("cio.target_volatility_per_year", 15, "cio.target_volatility_per_year = 15: expected `float` <= 1.0"),
        ("live", {"ib": {"mode": "real"}}, "live.ib.mode = 'real': invalid enum value 'real'"),
        (
            "live",
            {"ib": {"host": "h"}},
            "live.ib.host is not a known key; allowed are agree_seconds, answer_seconds, contracts, ",
        ),
        ("live", {"ib": {"answer_seconds": 0}}, "live.ib.answer_seconds = 0: expected `float` > 0.0"),
        ("market.bar", "1-FORTNIGHT", "market.bar = '1-FORTNIGHT': expected `str` matching regex"),
        ("market.universe.2.max_order_volume", 0, "market.universe[2].max_order_volume = 0: expected `int` >= 1"),
        ("market.universe.2.max_order_volume", 10_000_001, "max_order_volume = 10000001: expected `int` <= 10000000"),
        ("market.universe.0.id", "aapl", "market.universe[0].id = 'aapl': expected `str` matching regex"),
        ("market.universe.1.id", "AAPL.US", "universe names AAPL.US more than once"),
        ("market.universe", [], "market.universe: Expected `array` of length >= 1"),
        ("signals.hosting", "both", "signals.hosting = 'both': invalid enum value 'both'"),
        ("signals.agents.0.model", "momentun", "signals.agents[0].model: no signal model 'momentun' (did you mean mom"),
        ("signals.agents.0.params.fast_spanz", 1, "signals.agents[0].params: fast_spanz is not a known key (did you "),
        ("signals.agents.0.params.volatility_span", 1, "signals.agents[0].params: volatility_span = 1: expected `floa"),
        ("signals.agents.2.params.oil", "brent", "signals.agents[2].params: "),
        ("signals.agents.0.may_miss", True, "signals.agents[0]: half_life_rounds is missing: an agent that may_miss"),
        ("signals.agents.0.max_age_rounds", 5, "signals.agents[0]: max_age_rounds is given, but may_miss is false"),
        ("signals.agents.0.half_life_rounds", 0, "signals.agents[0].half_life_rounds = 0: expected `float` > 0.0"),
        ("signals.agents.1.name", "momentum", "agents names momentum more than once"),
        (
            "compliance.restricted",
            ["TSLA.US"],
            "compliance.restricted names 'TSLA.US', which is not in market.universe",
        ),
        ("execution.twap.interval_minutes", 7, "duration_minutes 60 is no multiple of interval_minutes 7"),
        ("costs.half_spread_bps", True, "costs.half_spread_bps = True: expected `float`, got `bool`"),
    ],
)
def test_a_bad_value_is_refused_with_its_path(raw, path, value, said):
    with pytest.raises(ConfigError) as refused:
        decode(changed(raw, path, value), "bad.toml")
    message = str(refused.value)
    assert message.startswith("bad.toml: ")
    assert said in message
    assert "\n" not in message


def test_an_instrument_that_a_model_names_and_the_universe_lacks_is_refused_with_its_path(raw):
    agent = {"name": "pairs", "model": "statistical_arbitrage", "weight": 1.0}
    known, unknown = (agent | {"params": {"pairs": [["IBM.US", name]]}} for name in ("AAPL.US", "TSLA.US"))
    assert decode(changed(raw, "signals.agents", [known]), "good.toml").firm.signals.agents[0].name == "pairs"
    with pytest.raises(
        ConfigError, match=r"^bad.toml: signals.agents\[0\].params: TSLA.US is not in the universe \(AAPL"
    ):
        decode(changed(raw, "signals.agents", [unknown]), "bad.toml")


COSTS = sorted(tomllib.loads(DEMO.read_text(encoding="utf-8"))["costs"])


@pytest.mark.parametrize("name", COSTS)
def test_no_cost_has_a_default(raw, name):
    del raw["costs"][name]
    with pytest.raises(ConfigError, match=rf"bad.toml: costs.{name} is missing"):
        decode(raw, "bad.toml")


@pytest.mark.parametrize("name", ["max_position", "max_gross", "max_net", "max_drawdown"])
def test_an_absent_limit_stays_absent(raw, name):
    del raw["risk"][name]
    firm = decode(raw, "demo").firm
    assert getattr(firm.risk, name) is None
    assert name not in tomllib.loads(encode(firm).decode())["risk"]


def test_the_window_must_not_end_before_it_starts(raw):
    raw["market"] |= {"start": "2010-01-02", "end": "2010-01-01"}
    with pytest.raises(ConfigError, match="start 2010-01-02 lies after end 2010-01-01"):
        decode(raw, "bad.toml")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[risk", "not readable as TOML"), (b"\xff\xfe", "not readable as TOML"), (None, "no such file")],
)
def test_an_unreadable_file_is_refused_by_name(tmp_path, content, said):
    path = tmp_path / "firm.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"{path}: {said}"):
        load(path)


@given(
    table=st.sampled_from(["risk", "cio", "venue", "execution", "costs", "compliance", "signals", "market"]),
    key=st.text(min_size=1),
)
def test_no_unknown_key_passes(table, key):
    raw = dict(with_scenarios(tomllib.loads(DEMO.read_text(encoding="utf-8")), DEMO))
    if key in {"start", "end"} or key in raw[table]:
        return
    raw[table][key] = 1
    with pytest.raises(ConfigError, match=rf"^bad.toml: {table}.*is not a known key.*$"):
        decode(raw, "bad.toml")


def test_the_kill_switch_is_found_from_the_configuration_and_not_from_where_one_stands(tmp_path, monkeypatch, raw):
    raw["risk"]["kill_switch_file"] = "../state/kill_switch.json"
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "firm.toml").write_bytes(encode(decode(raw, "demo").firm))
    monkeypatch.chdir("/")
    assert (
        load(tmp_path / "configs" / "firm.toml").kill_switch_path.resolve() == tmp_path / "state" / "kill_switch.json"
    )


def test_an_unknown_calendar_is_refused_before_any_catalog_is_asked(raw):
    with pytest.raises(ConfigError, match=r"market\.calendar = 'XXXX': no such exchange calendar"):
        decode(changed(raw, "market.calendar", "XXXX"), "bad.toml")

"""Scenarios as files: what they become, and what is refused with file, path, value and what is allowed."""

import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from nautilus_ai_firm.settings import ConfigError
from nautilus_ai_firm.settings.stress import StressLimit, StressScenario
from nautilus_ai_firm.settings.stress_files import load_scenarios, with_scenarios
from tests.firm_runs import ROOT

GUESS = """
name = "guess"
kind = "hypothetical"
description = "What might happen."
horizon_sessions = 1.0
[[shocks]]
instrument = "*"
move = -0.1
half_spread = 0.01
[[shocks]]
sector = "energy"
move = -0.4
"""
PAST = """
name = "past"
kind = "historical"
description = "What happened."
horizon_sessions = 1.0
source = "somebody"
script = "backtests/stress_scenarios.py"
begin = 2020-02-19T21:00:00Z
end = 2020-03-23T20:00:00Z
price = "close"
[[shocks]]
instrument = "*"
move = -0.337
series = "SPY.USA-1-DAY-LAST-EXTERNAL"
"""


def written(folder: Path, text: str) -> Path:
    name = next(line.split('"')[1] for line in text.splitlines() if line.startswith("name"))
    (folder / f"{name}.toml").write_text(text)
    return folder


def test_the_scenarios_of_the_house_are_read_in_the_order_of_their_names():
    scenarios = load_scenarios(ROOT / "configs" / "stress")
    names = [scenario.name for scenario in scenarios]
    assert names == sorted(names)
    assert {"october_2008", "flash_crash_2010", "march_2020", "one_day_of_1987"} <= set(names)
    kinds = {scenario.name: scenario.kind for scenario in scenarios}
    assert (kinds["march_2020"], kinds["one_day_of_1987"]) == ("historical", "hypothetical")


def test_the_scenarios_of_the_house_hurt_a_book_that_is_long():
    limit = StressLimit(scenarios=load_scenarios(ROOT / "configs" / "stress"), max_loss=0.5)
    stress = limit.model(["SPY.USA", "AAPL.US", "ANY.X"], [None, "technology", "technology"])
    losses = dict(zip(stress.names, stress.losses(np.array([0.5, 0.5, 0.0])), strict=True))
    assert losses["march_2020"] == pytest.approx((0.337 + 0.307) / 2)
    assert min(loss for name, loss in losses.items() if name != "melt_up") > 0
    assert stress.result(np.array([-1.0, 0.0, 0.0])).worst_scenario == "melt_up"


def test_a_file_becomes_a_model(tmp_path):
    stress = StressLimit(scenarios=load_scenarios(written(tmp_path, GUESS))).model(["A.X", "B.X"], ["energy", None])
    assert stress.losses(np.array([1.0, 1.0])).tolist() == [pytest.approx(0.4 + 0.1 + 0.01)]


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        (PAST, ('source = "somebody"\n', ""), "past: what is historical needs source"),
        (PAST, ("begin = 2020-02-19T21:00:00Z\nend = 2020-03-23T20:00:00Z\n", ""), "needs begin, end"),
        (PAST, ("begin = 2020-02-19T21:00:00Z", "begin = 2020-04-19T21:00:00Z"), "is not before end"),
        (PAST, ("begin = 2020-02-19T21:00:00Z", "begin = 2020-02-19T21:00:00"), "begin = .*timezone"),
        (PAST, ('series = "SPY.USA-1-DAY-LAST-EXTERNAL"', ""), "measured on a series, and nothing else"),
        (PAST, ("move = -0.337", "move = -0.337\nhalf_spread = 0.1"), "measured on a series, and nothing else"),
        (GUESS, ("horizon", 'source = "me"\nhorizon'), "what is hypothetical has no source"),
        (GUESS, ("move = -0.4", 'move = -0.4\nseries = "X"'), "and no series"),
        (GUESS, ('instrument = "*"', 'instrument = "SPY"'), r"no shock of instrument '\*'"),
        (GUESS, ('sector = "energy"', 'instrument = "*"'), r"'\*' has more than one shock"),
        (GUESS, ('sector = "energy"', 'sector = "energy"\ninstrument = "A"'), "give one of the two keys"),
        (GUESS, ('sector = "energy"', ""), "give one of the two keys"),
        (GUESS, ("move = -0.4", "mov = -0.4"), r"shocks\[1\].mov is not a known key \(did you mean move\?\)"),
        (GUESS, ("move = -0.4", "move = -1.4"), r"shocks\[1\].move = -1.4: expected `float` >= -1"),
        (GUESS, ("hypothetical", "imagined"), "kind = 'imagined'"),
        (GUESS, ("horizon_sessions = 1.0", ""), "horizon_sessions is missing"),
        (GUESS, ("kind =", "kind"), "not readable as TOML"),
    ],
)
def test_what_is_no_scenario_is_refused_in_one_line(tmp_path, text, change, message):
    assert change[0] in text
    with pytest.raises(ConfigError, match=message) as refused:
        load_scenarios(written(tmp_path, text.replace(*change)))
    assert str(refused.value).startswith(str(tmp_path))
    assert "\n" not in str(refused.value)
    assert len(load_scenarios(written(tmp_path, text))) == 1  # the control: unchanged it is one


def test_a_name_is_its_files(tmp_path):
    written(tmp_path, GUESS).joinpath("guess.toml").rename(tmp_path / "other.toml")
    with pytest.raises(ConfigError, match=r"other\.toml: name = 'guess': allowed is the name of its file, 'other'"):
        load_scenarios(tmp_path)


def test_a_folder_without_scenarios_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no scenario"):
        load_scenarios(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        load_scenarios(tmp_path / "nowhere")


def test_two_scenarios_of_one_name_are_refused():
    one = msgspec.convert(tomllib.loads(GUESS), StressScenario)
    with pytest.raises(ValueError, match="more than one is named guess"):
        StressLimit(scenarios=(one, one))


def test_a_configuration_says_its_scenarios_by_itself(tmp_path):
    """So a run folder holds them, whatever becomes of the files."""
    written(tmp_path, PAST)
    raw = {"name": "firm", "risk": {"max_gross": 1.0, "stress": {"folder": ".", "max_loss": 0.3}}}
    whole = with_scenarios(raw, tmp_path / "firm.toml")
    assert whole["risk"]["max_gross"] == 1.0
    assert set(whole["risk"]["stress"]) == {"max_loss", "scenarios"}
    limit = msgspec.convert(whole["risk"]["stress"], StressLimit, strict=True)
    assert limit.scenarios == load_scenarios(tmp_path)
    assert msgspec.convert(msgspec.to_builtins(limit), StressLimit, strict=True) == limit
    assert "folder" in raw["risk"]["stress"]  # what was read is not changed


@pytest.mark.parametrize("raw", [{}, {"risk": 1}, {"risk": {}}, {"risk": {"stress": {"max_loss": 0.1}}}])
def test_a_configuration_without_a_folder_stays_as_it_is(raw, tmp_path):
    assert with_scenarios(raw, tmp_path / "firm.toml") is raw


@pytest.mark.parametrize("stress", [{"folder": 3}, {"folder": "x", "scenarios": []}])
def test_a_folder_that_is_none_is_refused(stress, tmp_path):
    with pytest.raises(ConfigError, match=r"risk\.stress\.folder = .*: allowed is a name"):
        with_scenarios({"risk": {"stress": stress}}, tmp_path / "firm.toml")

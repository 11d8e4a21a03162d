"""A sweep is read once and refused in one line: what it may say, and what its values are."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w

from nautilus_ai_firm.settings import ConfigError
from nautilus_ai_firm.settings.sweep import Dimension, load_sweep
from tests.firm_runs import ROOT, raw_firm

BAND = "execution.no_trade_band"
SPAN = "signals.agents.momentum.params.volatility_span"


def write(folder: Path, changes: dict[str, Any]) -> Path:
    (folder / "firm.toml").write_text(tomli_w.dumps(raw_firm(("A",), macro=False)), encoding="utf-8")
    sweep = {
        "name": "tested",
        "config": "firm.toml",
        "sampler": "grid",
        "seed": 1,
        "objective": "sharpe",
        "space": {BAND: {"values": [0.1, 0.2]}},
    }
    path = folder / "sweep.toml"
    kept = {key: value for key, value in (sweep | changes).items() if value is not None}
    path.write_text(tomli_w.dumps(kept), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("dimension", "steps"),
    [
        ({"values": [3, 1, 2]}, (3, 1, 2)),
        ({"low": 20, "high": 60, "step": 20}, (20, 40, 60)),
        ({"low": 0.1, "high": 0.3, "step": 0.1}, (0.1, 0.2, 0.3)),
        ({"low": 0.0, "high": 1.0, "step": 0.4}, (0.0, 0.4, 0.8)),
        ({"low": 0.1, "high": 0.3}, None),
    ],
)
def test_values_of_a_dimension(dimension: dict[str, Any], steps: tuple[Any, ...] | None) -> None:
    found = msgspec.convert(dimension, Dimension).steps
    assert found == steps
    assert [type(value) for value in found or ()] == [type(value) for value in steps or ()]


def test_dotted_keys_and_tables_are_one(tmp_path: Path) -> None:
    nested = {"execution": {"no_trade_band": {"values": [0.1, 0.2]}}}
    assert load_sweep(write(tmp_path, {"space": nested})).sha256 == load_sweep(write(tmp_path, {})).sha256


def test_what_is_fixed_is_in_the_firm_that_the_sweep_begins_with(tmp_path: Path) -> None:
    loaded = load_sweep(write(tmp_path, {"fixed": {SPAN: 44.0}}))
    assert loaded.base.firm.signals.agents[0].params["volatility_span"] == 44.0
    assert loaded.sha256 != load_sweep(write(tmp_path, {})).sha256


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"smapler": "grid"}, "smapler is not a known key (did you mean sampler?)"),
        ({"sampler": "random"}, "trials is missing: random needs a number of them"),
        ({"trials": 5}, "a grid has as many as it has"),
        ({"space": {}}, "space: Expected `object` of length >= 1"),
        ({"space": {BAND: {"values": []}}}, f"space: {BAND}: values: Expected `array` of length >= 1"),
        ({"space": {BAND: {"low": 0.1, "high": 0.3}}}, "a grid needs values, or low, high and step"),
        ({"space": {BAND: {"low": 0.1, "hgh": 0.3}}}, f"space: {BAND}: hgh is not a known key (did you mean high?)"),
        ({"space": {BAND: {"low": 0.3, "high": 0.1}}}, "low 0.3 must lie below high 0.1"),
        ({"space": {BAND: {"low": 0.3}}}, "needs values = [...], or low and high"),
        ({"space": {BAND: {"values": [0.1], "low": 0.1}}}, "values stand alone"),
        ({"space": {BAND: {"values": [0.1, 0.1]}}}, "values names one value more than once"),
        ({"space": {"execution.no_trade_bnd": {"values": [0.1]}}}, "(did you mean no_trade_band?)"),
        ({"fixed": {"execution.no_trade_bnd": 0.1}}, "fixed: execution.no_trade_bnd"),
        ({"fixed": {BAND: 0.1}}, f"{BAND} is both fixed and in the space"),
        ({"fixed": {"risk.max_gross": -1.0}}, "fixed: risk.max_gross = -1.0"),
        ({"config": "none.toml"}, "none.toml: no such file"),
        ({"walk_forward": {"train_days": 100}}, "walk_forward.test_days is missing"),
        ({"space": {SPAN: {"low": 1, "high": 200_000, "step": 1}}}, "the grid has 200,000 trials"),
    ],
)
def test_a_sweep_that_cannot_be_used_is_one_line(tmp_path: Path, changes: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_sweep(write(tmp_path, changes))
    assert line in str(refused.value)
    assert "sweep.toml" in str(refused.value) or "none.toml" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "sweep").glob("*.toml")), ids=lambda path: path.stem)
def test_the_sweeps_of_the_house_can_be_read(path: Path) -> None:
    assert load_sweep(path).sweep.name == path.stem

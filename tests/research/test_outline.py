"""The account of a firm: everything that matters is in it, and a missing limit cannot be overlooked."""

from pathlib import Path

import pytest

from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.research.outline import MISSING, aligned, in_catalog, limit_rows, outline, switch_line
from nautilus_ai_firm.settings import load
from tests.firm_runs import ABSENT, FIRM, ROOT, settings

LIMITS = {
    "risk.max_position": "max_position",
    "risk.max_gross": "max_gross",
    "risk.max_net": "max_net",
    "risk.max_drawdown": "max_drawdown",
    "execution.gate.max_collar": "max_collar",
    "execution.gate.max_messages": "max_messages",
    "market.universe.max_order_value": "A.US max_order_value",
    "market.universe.max_order_volume": "C.US max_order_volume",
}


def test_a_whole_firm_is_ok() -> None:
    text = outline(settings())
    assert text.endswith("test: OK")
    assert MISSING not in text
    for said in (
        "10,000,000 USD",
        "SPX.INDEX, wti, credit_spread",
        "momentum, weight 0.5",
        "40.0% of equity",
        "A.US max_order",
        "5,000,000 USD, 1,000,000 units",
        "cash 1.00%, margin 5.00%, borrow 1.00%",
    ):
        assert said in text


def test_an_agent_that_may_miss_rounds_is_told_apart() -> None:
    bounds = {"may_miss": True, "half_life_rounds": 2.5, "max_age_rounds": 10}
    agents = [agent | (bounds if agent["name"] == "macro" else {}) for agent in FIRM["signals"]["agents"]]
    lines = [line for line in outline(settings(changes={"signals.agents": agents})).splitlines() if "may miss" in line]
    assert len(lines) == 1
    assert "macro, weight 0.3" in lines[0]
    assert lines[0].endswith("; may miss rounds, half-life 2.5, at most 10 rounds")


@pytest.mark.parametrize(("path", "name"), LIMITS.items())
def test_a_missing_limit_is_named(path: str, name: str) -> None:
    loaded = settings(changes={path: ABSENT})
    assert (name, MISSING) in limit_rows(loaded.firm)
    last = outline(loaded).splitlines()[-1]
    assert last.startswith("test: OK, but ")
    assert name in last


@pytest.mark.parametrize("name", ["demo", "spy_hourly"])
def test_the_firms_of_the_house_are_whole(name: str) -> None:
    assert outline(load(ROOT / "configs" / f"{name}.toml")).endswith(": OK")


def test_against_a_catalog(small_market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "holds it all, 160 rounds from 2012-01-03T21:00:00Z" in in_catalog(settings(), small_market)
    with pytest.raises(CatalogError, match=r"unknown series D\.US-1-DAY"):
        in_catalog(settings(["D"]), small_market)
    monkeypatch.chdir(tmp_path)
    assert "not checked" in in_catalog(settings(), None)
    with pytest.raises(CatalogError, match="empty"):
        in_catalog(settings(), tmp_path)


def test_a_switch_that_nobody_touched_is_open(tmp_path: Path) -> None:
    assert "open, the firm may trade" in switch_line(tmp_path / "switch.json")


def test_columns_are_aligned() -> None:
    assert aligned([("a", "10"), ("long", "5")], right=(1,)) == ["a     10", "long   5"]
    assert aligned([]) == []

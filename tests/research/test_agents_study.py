"""Studies of agents together and alone: on a synthetic market in which all ten have what they look at."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from nautilus_ai_firm.research.agent_coverage import agent_coverage
from nautilus_ai_firm.research.agents_study import TOGETHER, agents_study, alone
from nautilus_ai_firm.runs.folder import open_run
from nautilus_ai_firm.settings import load, watched_by
from tests.firm_runs import INDEX, ROOT, raw_firm
from tests.watched_market import SYMBOLS, WATCHES, watched_market

COMMANDS = ("firm catalog add lean DIR --symbols A,B", "firm catalog add events fomc.csv")
CONFIGS = ("firm", *(f"studies/{name}" for name in ("daily", "es_minute", "quotes_minute", "aapl_options_hourly")))
SCRIPTS = ("agents_firm", "agents_daily", "agents_es_minute", "agents_quotes_minute", "agents_options_hourly")
ALL_TEN = (
    "momentum",
    "mean_reversion",
    "statistical_arbitrage",
    "index_spread",
    "ttm_squeeze",
    "macro",
    "session_effects",
    "event_driven",
    "market_making",
    "options_volatility",
)
QUICK: dict[str, dict[str, Any]] = {
    "momentum": {"fast_spans": [2, 4], "volatility_span": 10},
    "mean_reversion": {"window": 30, "entry_p": 0.9, "exit_p": 0.95, "max_half_life": 50},
    "statistical_arbitrage": {"screen": ["A.US", "B.US"], "window": 60},
    "index_spread": {"benchmark": "A.US", "indices": ["B.US"], "beta_span": 10, "mean_span": 5, "scale_span": 10},
    "ttm_squeeze": {"length": 5},
    "macro": {"index": INDEX, "volatility_span": 5, "long_volatility_span": 10},
    "session_effects": {"volatility_span": 10, "min_sessions": 5, "range_minutes": 60, "bin_minutes": 60},
    "event_driven": {"kinds": ["fomc"], "volatility_span": 10, "gap_span": 10},
    "market_making": {"volatility_span": 5, "relation_span": 10},
    "options_volatility": {"rate_per_year": 0.01, "history_span": 10, "rank_rounds": 10},
}
"""Parameters with which the models are warm within the eight sessions of the market, as far as their ranges allow."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return watched_market().write(tmp_path_factory.mktemp("market") / "catalog")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    raw = raw_firm(SYMBOLS, WATCHES)
    raw["signals"]["agents"] = [
        {"name": name, "model": name, "weight": 0.1, "params": params} for name, params in QUICK.items()
    ]
    path = tmp_path / "firm.toml"
    path.write_text(tomli_w.dumps(raw), encoding="utf-8")
    return path


def study(config: Path, catalog: Path, out: Path) -> int:
    arguments = ["--config", str(config), "--catalog", str(catalog), "--out", str(out)]
    return agents_study("Tested.", config="unused.toml", catalog_commands=COMMANDS, arguments=arguments)


def test_all_ten_run_together_and_each_alone_and_say_the_same(
    config: Path, catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(config, catalog, tmp_path / "run") == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0].startswith("tested: 2012-01-04 to 2012-01-")
    assert [line.split()[0] for line in lines[2:12]] == list(ALL_TEN)
    assert {path.name for path in (tmp_path / "run").iterdir()} == {TOGETHER, *ALL_TEN}
    together = open_run(tmp_path / "run" / TOGETHER).table("signals")
    views = {one.agent: one.views for one in agent_coverage(together)}
    speaking = {name for name, count in views.items() if count}
    assert {"momentum", "index_spread", "ttm_squeeze", "macro", "session_effects", "market_making"} <= speaking
    for name in ALL_TEN:
        own = open_run(tmp_path / "run" / name)
        heard = together[together["agent"] == name].reset_index(drop=True)
        assert own.table("signals").equals(heard), name
    assert open_run(tmp_path / "run" / TOGETHER).summary["fills"] > 0
    assert open_run(tmp_path / "run" / "momentum").summary["fills"] > 0


def test_an_agent_alone_looks_at_options_only_where_it_needs_them(config: Path) -> None:
    loaded = load(config)
    chained = [bool(watched_by(alone(loaded, place).firm).chains) for place in range(len(ALL_TEN))]
    assert chained == [name == "options_volatility" for name in ALL_TEN]


def test_without_its_data_a_study_exits_2_and_says_what_is_missing_and_where_it_is(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(config, tmp_path / "empty", tmp_path / "run") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    for text in ("A.US-1-HOUR", "fomc", "and 5 more", *COMMANDS, "github.com/QuantConnect/Lean"):
        assert text in said.err
    assert not (tmp_path / "run").exists()


def test_quotes_and_options_that_are_missing_are_named(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = watched_market()
    market.sides.clear()
    assert study(config, market.write(tmp_path / "catalog"), tmp_path / "run") == 2
    assert "holds no quotes of A.US, quotes of B.US, options on A.US (make" in capsys.readouterr().err


@pytest.mark.parametrize("name", CONFIGS)
def test_the_configurations_of_the_studies_decode(name: str) -> None:
    firm = load(ROOT / "configs" / f"{name}.toml").firm
    assert firm.name == Path(name).name
    assert {agent.name for agent in firm.signals.agents} <= set(ALL_TEN)
    limits = {one.max_order_value for one in firm.market.universe}
    assert limits == ({None} if name == "studies/es_minute" else {2_000_000.0})


def test_the_firm_seats_all_ten() -> None:
    firm = load(ROOT / "configs" / "firm.toml").firm
    assert tuple(agent.model for agent in firm.signals.agents) == ALL_TEN
    assert sum(agent.weight for agent in firm.signals.agents) == pytest.approx(1.0)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_are_short(script: str) -> None:
    assert len((ROOT / "backtests" / f"{script}.py").read_text(encoding="utf-8").splitlines()) < 60


PROCESSES = [SCRIPTS[0], *(pytest.param(script, marks=pytest.mark.slow) for script in SCRIPTS[1:])]


@pytest.mark.parametrize("script", PROCESSES)
def test_the_scripts_say_what_they_need(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "backtests" / f"{script}.py"),
            "--catalog",
            str(tmp_path),
            "--out",
            str(tmp_path / "run"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "firm catalog add lean DIR --symbols" in done.stderr

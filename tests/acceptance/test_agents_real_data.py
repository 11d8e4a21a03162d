"""The studies of the agents on real prices: who speaks, and who has nothing to say (docs/agents-studies.md)."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nautilus_ai_firm.data.add_commands import DEFAULT_DEFINITIONS
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.dated_commands import events
from nautilus_ai_firm.data.definitions import load_definitions
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.research.agent_coverage import agent_coverage
from nautilus_ai_firm.research.agents_study import TOGETHER
from nautilus_ai_firm.runs.folder import open_run
from tests.firm_runs import ROOT

pytestmark = [pytest.mark.shared_data, pytest.mark.slow]

SYMBOLS = ("SPY", "QQQ", "IWM", "AAPL", "IBM", "BAC", "AIG", "USO", "ES")
CHAIN = Path("option/usa/hour/aapl_2014_quote_american.zip")
EXPIRIES = ("20140621", "20140719", "20141018")


def is_near(strike: float) -> bool:
    """Around the money before the split, or after it, where strikes are sevenths of those before."""
    return (540 <= strike <= 760 and strike % 10 == 0) or 80 <= strike <= 108


@pytest.fixture(scope="module")
def catalog(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the studies need, of options those around the money and the tenors."""
    folder = tmp_path_factory.mktemp("studies")
    lean, whole = folder / "lean", shared_data / "lean"
    (lean / CHAIN).parent.mkdir(parents=True)
    for part in ("equity", "future"):
        (lean / part).symlink_to(whole / part)
    with zipfile.ZipFile(whole / CHAIN) as every, zipfile.ZipFile(lean / CHAIN, "w") as near:
        for name in every.namelist():
            *_, strike, expiry = name.removesuffix(".csv").split("_")
            if expiry in EXPIRIES and is_near(int(strike) / 10_000):
                near.writestr(name, every.read(name))
    made = Catalog(folder / "catalog")
    add_lean(made, lean, SYMBOLS, definitions=load_definitions(DEFAULT_DEFINITIONS))
    add_lean(made, lean, ["SPY", "AAPL"], "raw", "RAW")
    for name in ("fomc", "cpi", "payrolls"):
        events(ROOT / "events" / f"{name}.csv", made.path)
    return made.path


@pytest.mark.parametrize(
    ("script", "window", "silent", "trades"),
    [
        ("agents_firm", ("2014-03-03", "2014-06-09"), {"statistical_arbitrage", "market_making"}, True),
        ("agents_options_hourly", (), {"statistical_arbitrage", "mean_reversion"}, True),
        ("agents_quotes_minute", (), {"event_driven"}, True),
        ("agents_daily", ("2018-01-02", "2021-03-31"), {"session_effects"}, True),
        ("agents_es_minute", ("2013-10-06", "2013-10-11"), {"event_driven"}, False),
    ],
)
def test_a_study_runs_and_its_agents_speak(
    catalog: Path, tmp_path: Path, script: str, window: tuple[str, ...], silent: set[str], trades: bool
) -> None:
    out = tmp_path / "run"
    days = [text for pair in zip(("--start", "--end"), window, strict=False) for text in pair]
    done = subprocess.run(
        [sys.executable, f"backtests/{script}.py", "--catalog", str(catalog), "--out", str(out), *days],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole = open_run(out / TOGETHER)
    said = {one.agent: one for one in agent_coverage(whole.table("signals"))}
    assert {agent for agent, one in said.items() if not one.views} == silent
    assert {path.name for path in out.iterdir()} == {TOGETHER, *said}
    assert (whole.summary["fills"] > 0) == trades
    assert whole.summary["denied_orders"] == 0
    if not trades:
        assert all(open_run(path).summary["orders"] == 0 for path in out.iterdir())

"""The agents of a run, written up: figures against the tables of the run folder, and what cannot be measured."""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from typer.testing import CliRunner

from nautilus_ai_firm.cli import app
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.research.agent_figures import signal_figures
from nautilus_ai_firm.research.signals_report import signals_report
from nautilus_ai_firm.runs.folder import Run, open_run
from tests.firm_runs import run, settings, synthetic_market
from tests.research.conftest import SYMBOLS

AGENTS = ("momentum", "mean_reversion", "macro")


@pytest.fixture(scope="module")
def long_market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic_market(SYMBOLS, 260).write(tmp_path_factory.mktemp("long") / "catalog")


@pytest.fixture(scope="module")
def long_run(long_market: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(settings(SYMBOLS), long_market, tmp_path_factory.mktemp("long") / "run")


def copied(found: Run, folder: Path) -> Run:
    shutil.copytree(found.folder, folder)
    return open_run(folder)


def rewritten(found: Run, folder: Path, signals: Any) -> Run:
    changed = copied(found, folder)
    signals.to_parquet(changed.folder / "signals.parquet")
    return changed


def test_figures_are_those_of_the_tables(long_run: Run, long_market: Path) -> None:
    figures = signal_figures(long_run, long_market)
    signals: Any = long_run.table("signals")
    assert figures.rounds == 260
    assert tuple(agent.name for agent in figures.agents) == AGENTS
    for agent in figures.agents:
        own = signals[signals["agent"] == agent.name]
        table = own.pivot_table(index="ts", columns="instrument_id", values="score", dropna=False)
        assert agent.rounds_spoken == 260
        assert agent.views == int(own["score"].notna().sum()) > 100
        assert agent.coverage == pytest.approx(own["score"].notna().mean())
        assert agent.mean_size == pytest.approx(own["score"].abs().mean())
        assert agent.turnover == pytest.approx(np.nanmean(table.diff().abs().to_numpy()))
        assert agent.us_per_round is not None
        assert 1 < agent.us_per_round < 100_000


def test_the_coefficient_is_that_of_the_catalogs_prices(long_run: Run, long_market: Path) -> None:
    """Recomputed from the bars with pandas and scipy."""
    momentum = signal_figures(long_run, long_market).agents[0]
    assert momentum.horizon_rounds == 12  # 2.5 times the mean of 2, 4 and 8, to the even number
    signals = long_run.table("signals")
    pooled = []
    for symbol in SYMBOLS:
        bars = Catalog(long_market).bar_columns(f"{symbol}.US-1-DAY-LAST-EXTERNAL")
        index = pd.to_datetime(bars.ts_close_ns, utc=True)
        returns = np.log(pd.Series(bars.close, index).shift(-12) / pd.Series(bars.open, index).shift(-1))
        own = signals[(signals["agent"] == "momentum") & (signals["instrument_id"] == f"{symbol}.US")]
        pooled.append(pd.DataFrame({"score": own.set_index("ts")["score"], "return": returns / returns.std(ddof=0)}))
    both = pd.concat(pooled).dropna()
    expected: Any = spearmanr(both["score"], both["return"])
    assert momentum.information.views == len(both)
    assert momentum.information.value == pytest.approx(expected.statistic, rel=1e-9)


def test_the_command_prints_every_agent_aligned(long_run: Run, long_market: Path) -> None:
    done = CliRunner().invoke(app, ["signals", str(long_run.folder), "--catalog", str(long_market)])
    assert (done.exit_code, done.stdout) == (0, signals_report(long_run, long_market) + "\n")
    lines = done.stdout.splitlines()
    assert lines[0] == "run: 260 rounds of 1-DAY, 3 instruments"
    assert [line.split()[0] for line in lines[2:5]] == list(AGENTS)
    assert len({len(line) for line in lines[1:5]}) == 1
    assert lines[5] == "CORRELATION of scores"
    assert [line.split()[:2] for line in lines[7:10]] == [[f"{place}", name] for place, name in enumerate(AGENTS, 1)]
    assert max(map(len, lines)) <= 100
    macro = dict(zip(lines[1].split(), lines[4].split(), strict=True))
    assert (macro["horizon"], macro["IC"], macro["error"], macro["t"]) == ("70", "n/a", "n/a", "n/a")  # 260 rounds


def test_a_late_signal_belongs_to_the_round_that_could_use_it(long_run: Run, long_market: Path, tmp_path: Path) -> None:
    """An agent an hour late is one that says the same a round later; what it says after the last round is lost."""
    signals = long_run.table("signals")
    own = signals["agent"] == "momentum"
    rounds = sorted(signals["ts"].unique())
    late, moved = signals.copy(), signals.copy()
    late.loc[own, "ts"] += pd.Timedelta(hours=1)
    following = dict(pairwise(rounds))
    moved.loc[own, "ts"] = moved.loc[own, "ts"].map(following)
    moved = moved.dropna(subset="ts")
    figures = [
        signal_figures(rewritten(long_run, tmp_path / name, table), long_market)
        for name, table in (("late", late), ("moved", moved))
    ]
    assert figures[0].agents[0] == figures[1].agents[0]
    assert figures[0].agents[0].rounds_spoken == 259
    assert figures[0].agents[0] != signal_figures(long_run, long_market).agents[0]


def test_an_agent_that_said_nothing_has_no_figures(long_run: Run, long_market: Path, tmp_path: Path) -> None:
    signals = long_run.table("signals")
    silent = rewritten(long_run, tmp_path / "silent", signals[signals["agent"] != "macro"])
    summary = json.loads((silent.folder / "summary.json").read_text(encoding="utf-8"))
    del summary["signal_us_per_round"]  # a session has none
    (silent.folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    lines = signals_report(open_run(silent.folder), long_market).splitlines()
    assert lines[4].split() == ["macro", "70", "0", "0", "0.0%", *["n/a"] * 6]
    assert lines[2].split()[-1] == "n/a"


def test_other_prices_than_those_of_the_run_are_refused(long_run: Run, tmp_path: Path) -> None:
    other = synthetic_market(SYMBOLS, 260, seed=8).write(tmp_path / "other")
    with pytest.raises(CatalogError, match=r"A\.US-1-DAY-LAST-EXTERNAL is not what .* saw"):
        signal_figures(long_run, other)
    done = CliRunner().invoke(app, ["signals", str(long_run.folder), "--catalog", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert "holds no A.US-1-DAY-LAST-EXTERNAL" in done.stderr


def test_measuring_time_changes_no_view(long_run: Run) -> None:
    assert set(long_run.summary["signal_us_per_round"]) == {agent.name for agent in settings().firm.signals.agents}

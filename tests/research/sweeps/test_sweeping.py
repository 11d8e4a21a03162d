"""A sweep shows the same whoever runs its trials, goes on after a kill, and records a trial that fails."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.hosts.study import Study, prepare
from nautilus_ai_firm.hosts.trial import run_trial
from nautilus_ai_firm.models.signals import momentum
from nautilus_ai_firm.research.sweeps import sweeping
from nautilus_ai_firm.research.sweeps.ledger import LEDGER
from nautilus_ai_firm.research.sweeps.plan import plan_sweep
from nautilus_ai_firm.research.sweeps.sweeping import Swept, run_sweep, sweep_folder
from nautilus_ai_firm.research.sweeps.trial import Outcome, Trial
from nautilus_ai_firm.research.sweeps.work import work
from nautilus_ai_firm.research.sweeps.workers import Work
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.journal_reading import JournalReader
from nautilus_ai_firm.settings import ConfigError
from tests.firm_runs import ABSENT

SPAN = "signals.agents.momentum.params.volatility_span"
TPE = {
    "sampler": "tpe",
    "trials": 4,
    "batch": 2,
    "space": {SPAN: {"low": 10, "high": 40, "step": 5}, "execution.no_trade_band": {"low": 0.05, "high": 0.2}},
}

type WriteSweep = Callable[..., Path]


def swept(path: Path, market: Path, folder: Path, workers: int = 1) -> Swept:
    return run_sweep(plan_sweep(path, market), folder, workers)


def rows(folder: Path) -> list[dict[str, Any]]:
    table = pq.read_table(folder / "trials.parquet").drop_columns(["seconds", "engine_seconds"])
    return table.to_pylist()


def backwards(_count: int) -> Any:
    """Workers that finish in the reverse order."""

    @contextmanager
    def made() -> Generator[Work]:
        def spread(trials: Iterable[Trial]) -> Iterator[tuple[int, Outcome]]:
            yield from [(place, work(trial)) for place, trial in reversed(list(enumerate(trials)))]

        yield spread

    return made()


def test_the_table_has_a_row_a_trial_with_values_figures_and_hashes(whole: Swept) -> None:
    found = rows(whole.folder)
    assert [(one["trial"], one[SPAN], one["execution.no_trade_band"]) for one in found] == [
        (0, 10, 0.05),
        (1, 10, 0.15),
        (2, 20, 0.05),
        (3, 20, 0.15),
    ]
    assert all(one["fills"] > 10 and len(one["returns"]) == 100 and one["error"] is None for one in found)
    assert len({one["result_sha256"] for one in found}) == 4
    assert whole.best is not None
    assert whole.best.outcome.figures["sharpe"] == max(one["sharpe"] for one in found)
    summary = json.loads((whole.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["result_sha256"] == whole.result_sha256
    assert summary["best"]["trial"] == whole.best.outcome.number


def test_a_trial_is_the_backtest_of_its_settings(whole: Swept, market: Path, write_sweep: WriteSweep) -> None:
    changed = write_sweep(
        {"fixed": {SPAN: 20.0, "execution.no_trade_band": 0.05}, "space": {"risk.max_net": {"values": [1.2]}}}
    )
    loaded = plan_sweep(changed, market).loaded.base
    assert (
        run_trial(prepare(Study(loaded=loaded, catalog=market))).result_sha256 == rows(whole.folder)[2]["result_sha256"]
    )


@pytest.mark.parametrize("changes", [{}, TPE], ids=["grid", "tpe"])
def test_the_order_in_which_trials_end_changes_nothing(
    changes: dict[str, Any],
    whole: Swept,
    write_sweep: WriteSweep,
    market: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write_sweep(changes)
    forwards = swept(path, market, tmp_path / "forwards") if changes else whole
    monkeypatch.setattr(sweeping, "workers", backwards)
    other = swept(path, market, tmp_path / "backwards")
    assert [one.outcome.number for one in other.tried] == list(range(len(other.tried)))
    assert other.result_sha256 == forwards.result_sha256
    assert rows(other.folder) == rows(forwards.folder)


def test_a_trial_that_leaves_something_behind_shows(
    write_sweep: WriteSweep, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = iter(range(1, 1_000))
    honest = momentum.Model.__init__

    def leaking(self: Any, *arguments: Any) -> None:
        honest(self, *arguments)
        self.scale = 1 / (1 + 0.01 * next(made))

    update = momentum.Model.update
    monkeypatch.setattr(momentum.Model, "__init__", leaking)
    monkeypatch.setattr(
        momentum.Model, "update", lambda self, seen: tuple(part * self.scale for part in update(self, seen))
    )
    path = write_sweep()
    forwards = swept(path, market, tmp_path / "forwards")
    monkeypatch.setattr(sweeping, "workers", backwards)
    assert swept(path, market, tmp_path / "backwards").result_sha256 != forwards.result_sha256


def test_two_workers_show_what_one_shows(whole: Swept, write_sweep: WriteSweep, market: Path, tmp_path: Path) -> None:
    two = swept(write_sweep(), market, tmp_path / "two", workers=2)
    assert two.result_sha256 == whole.result_sha256
    assert rows(two.folder) == rows(whole.folder)


@pytest.mark.parametrize("changes", [{}, pytest.param(TPE, marks=pytest.mark.slow)], ids=["grid", "tpe"])
def test_a_sweep_that_was_killed_goes_on(
    changes: dict[str, Any],
    whole: Swept,
    write_sweep: WriteSweep,
    market: Path,
    tmp_path: Path,
    killed_after: Callable[[int, Callable[[], object]], None],
) -> None:
    path, folder = write_sweep(changes), tmp_path / "killed"
    expected = swept(path, market, tmp_path / "unharmed") if changes else whole
    killed_after(2, lambda: swept(path, market, folder))
    assert not (folder / "trials.parquet").exists()
    with (folder / LEDGER).open("ab") as journal:
        journal.write(b"123 4af")  # what a kill leaves of a record
    again = swept(path, market, sweep_folder(folder, "tested"))
    assert again.resumed == 2
    assert again.result_sha256 == expected.result_sha256
    assert rows(folder) == rows(expected.folder)


@pytest.mark.slow
def test_a_process_that_is_killed_takes_its_workers_with_it_and_another_goes_on(
    whole: Swept, write_sweep: WriteSweep, market: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    command = [str(Path(sys.executable).with_name("firm")), "sweep", str(write_sweep()), "--catalog", str(market)]
    command += ["--out", str(folder), "--workers", "2"]
    with subprocess.Popen(command, start_new_session=True) as sweep:
        until = time.monotonic() + 120
        while time.monotonic() < until and not _outcomes(folder):
            time.sleep(0.02)
        sweep.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while time.monotonic() < until and _alive(sweep.pid):
        time.sleep(0.1)
    assert not _alive(sweep.pid)
    assert 1 <= _outcomes(folder) < 4
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    assert whole.result_sha256 in finished.stdout


def _outcomes(folder: Path) -> int:
    journal = folder / LEDGER
    return max(sum(1 for _ in JournalReader(journal)) - 1, 0) if journal.exists() else 0


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_trial_that_raises_is_recorded_and_the_others_go_on(
    write_sweep: WriteSweep, market: Path, tmp_path: Path
) -> None:
    spans = {"signals.agents.momentum.params.fast_spans": {"values": [[2, 4], [3]]}}
    result = swept(write_sweep({"space": spans}), market, tmp_path / "out")
    good, bad = rows(result.folder)
    assert good["error"] is None
    assert bad["error"].startswith("ConfigError: settings: signals.agents[0].params: fast_spans names 3")
    assert bad["sharpe"] is None
    assert bad["returns"] == []
    assert result.best is not None
    assert result.best.outcome.number == 0


def test_a_desk_that_raises_in_one_trial_is_recorded_with_desk_and_round(
    write_sweep: WriteSweep, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = momentum.Model.update

    def sometimes(self: Any, seen: Any) -> Any:
        if seen.round == 7 and self.params.volatility_span == 20:
            raise ZeroDivisionError("planted")
        return update(self, seen)

    honest = momentum.Model.__init__

    def keeping(self: Any, params: Any, watched: Any) -> None:
        honest(self, params, watched)
        self.params = params

    monkeypatch.setattr(momentum.Model, "__init__", keeping)
    monkeypatch.setattr(momentum.Model, "update", sometimes)
    errors = [one["error"] for one in rows(swept(write_sweep(), market, tmp_path / "out").folder)]
    assert errors[:2] == [None, None]
    assert all("failed in round 7: ZeroDivisionError" in error or "planted" in error for error in errors[2:])


def test_a_folder_of_another_sweep_is_refused(whole: Swept, write_sweep: WriteSweep, market: Path) -> None:
    with pytest.raises(RunError, match="holds a sweep with other settings"):
        swept(write_sweep({"seed": 2}), market, whole.folder)


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match="exists already"):
        sweep_folder(tmp_path, "tested")


def test_an_empty_window_is_one_line(write_sweep: WriteSweep, market: Path) -> None:
    path = write_sweep({"start": date(2031, 1, 2), "end": date(2031, 3, 31)})
    with pytest.raises(CatalogError, match=r"A\.US.* has no data from 2031-01-02") as refused:
        plan_sweep(path, market)
    assert "\n" not in str(refused.value)


def test_a_space_without_any_trial_that_can_run_is_refused(write_sweep: WriteSweep, market: Path) -> None:
    spans = {"signals.agents.momentum.params.fast_spans": {"values": [[3], [5]]}}
    with pytest.raises(ConfigError, match=r"sweep\.toml: space: .*fast_spans = \[3\].*no published scalar"):
        plan_sweep(write_sweep({"space": spans}), market)


def test_a_latched_kill_switch_is_refused(write_sweep: WriteSweep, market: Path, tmp_path: Path) -> None:
    path = write_sweep()
    (tmp_path / "kill_switch.json").write_text("not a state", encoding="utf-8")
    with pytest.raises(ConfigError, match="the kill switch is latched, so no trial would trade"):
        plan_sweep(path, market)


def test_a_firm_without_a_limit_is_refused(write_sweep: WriteSweep, market: Path) -> None:
    with pytest.raises(ConfigError, match=r"risk lacks max_gross, so no trial would trade"):
        plan_sweep(write_sweep(firm={"risk.max_gross": ABSENT}), market)


def test_a_limit_that_the_space_states_is_not_missing(write_sweep: WriteSweep, market: Path) -> None:
    space = {"risk.max_gross": {"values": [0.5, 1.0]}}
    assert plan_sweep(write_sweep({"space": space}, {"risk.max_gross": ABSENT}), market).rounds_ns.size

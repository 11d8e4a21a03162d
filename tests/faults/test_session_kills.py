"""A session that is killed at any moment is whole, and goes on to the result of one that never crashed."""

import random
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from nautilus_ai_firm.runs.audit import AuditError
from nautilus_ai_firm.runs.errors import JournalError
from nautilus_ai_firm.runs.folder import JOURNAL
from nautilus_ai_firm.runs.sealing import seal_session
from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.runs.verification import verify_run
from tests.live_runs import (
    SLICED,
    Desk,
    assert_done_once,
    assert_replays,
    assert_sealed,
    books,
    desk,
    journal_size,
    kill,
    minute_market,
    said,
    wait_until,
)

QUICK, ALL = 1, 20
SEEDS = [*range(QUICK), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(QUICK, ALL))]
JOURNAL_BYTES = 400_000
"""At least; the journal of a whole session of `sliced`."""


@pytest.fixture
def sliced(tmp_path: Path) -> Desk:
    """Two stocks over a part of a day of minute bars, traded in slices that span rounds."""
    return desk(tmp_path / "desk", minute_market(["A", "B"], 90), SLICED, bar="1-MINUTE", macro=False)


def kill_when_the_journal_has(made: Desk, out: Path, size: int) -> None:
    """Kill a session as soon as its journal is so large."""
    process = made.begin(out)
    assert wait_until(process, partial(grown, out, size)), "the session ended before it was killed"
    kill(process)


def assert_goes_on(made: Desk, out: Path, tmp_path: Path) -> None:
    """What is there is whole; resumed, it ends as the backtest of the same data does, and nothing is done twice."""
    assert "unsealed; journal of" in verify_run(out)
    there = read_session(out)
    assert not there.complete
    assert_replays(out)
    resumed = made.resume(out)
    assert resumed.status == 0, resumed.errors
    assert "caught up: every record came again as it was" in resumed.out
    assert f"resuming {out} after {len(there.entries):,} records" in resumed.out
    result = assert_sealed(out, "normal")
    session = assert_done_once(out)
    before = len(there.entries)
    assert [entry.record for entry in session.entries[:before]] == [entry.record for entry in there.entries]
    assert session.entries[before].record == "resumed"
    assert books(made.backtest(tmp_path / "backtest")) == books(result)
    assert "audit chain" in verify_run(out)
    assert_replays(out)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_killed_after_so_many_records_goes_on_to_the_same_result(
    sliced: Desk, tmp_path: Path, seed: int
) -> None:
    generator = random.Random(seed)  # noqa: S311 - moments, not secrets
    kill_when_the_journal_has(sliced, tmp_path / "run", generator.randrange(5_000, JOURNAL_BYTES))
    assert_goes_on(sliced, tmp_path / "run", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(ALL))
def test_a_session_killed_at_a_random_moment_goes_on_to_the_same_result_or_had_not_begun(
    sliced: Desk, tmp_path: Path, seed: int
) -> None:
    out = tmp_path / "run"
    process = sliced.begin(out)
    assert wait_until(process, out.exists)
    moment = random.Random(seed).uniform(0, 1.5)  # noqa: S311 - a moment, not a secret
    with suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    is_over = process.returncode is not None
    kill(process)
    if is_over:
        assert_sealed(out, "normal")
    elif journal_size(out) and read_session(out).complete:  # it was over, and its records were being sealed
        seal_session(out)
        assert books(sliced.backtest(tmp_path / "backtest")) == books(assert_sealed(out, "normal"))
    elif journal_size(out):
        assert_goes_on(sliced, out, tmp_path)
    else:
        with pytest.raises(JournalError, match="the session ended before it was under way"):
            read_session(out)
        refused = sliced.resume(out)
        assert (refused.status, len(refused.errors)) == (2, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_session_killed_while_it_is_resumed_goes_on_too(sliced: Desk, tmp_path: Path, seed: int) -> None:
    out, generator = tmp_path / "run", random.Random(100 + seed)  # noqa: S311 - moments, not secrets
    size = generator.randrange(200_000, JOURNAL_BYTES)
    kill_when_the_journal_has(sliced, out, size)
    again = sliced.start("--resume", str(out), "--run")
    assert said(again, "resuming")
    if generator.random() < 0.5:  # else while it catches up
        assert wait_until(again, partial(grown, out, size + generator.randrange(1, 50_000)))
    kill(again)
    resumed_before = (out / JOURNAL).read_bytes().count(b'{"record":"resumed"')
    resumed = sliced.resume(out)
    assert resumed.status == 0, resumed.errors
    session = assert_done_once(out)
    assert len(session.of("resumed")) == resumed_before + 1
    assert books(sliced.backtest(tmp_path / "backtest")) == books(assert_sealed(out, "normal"))


def grown(out: Path, size: int) -> bool:
    return journal_size(out) >= size


@pytest.mark.slow
def test_a_journal_that_was_changed_after_a_crash_is_neither_verified_nor_resumed(sliced: Desk, tmp_path: Path) -> None:
    out = tmp_path / "run"
    kill_when_the_journal_has(sliced, out, 100_000)
    path = out / JOURNAL
    path.write_bytes(path.read_bytes().replace(b'"round":3', b'"round":4', 1))
    with pytest.raises(AuditError, match="damaged"):
        verify_run(out)
    refused = sliced.resume(out)
    assert refused.status == 2
    assert len(refused.errors) == 1
    assert "damaged" in refused.errors[0]

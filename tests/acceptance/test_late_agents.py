"""An agent that is late or silent stops no round: decisions go on, the same in any hosting, chunking and process."""

from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nautilus_ai_firm import firm
from nautilus_ai_firm.agents.signals import Seat, SignalDesk
from nautilus_ai_firm.bus import Line, Topic
from nautilus_ai_firm.durations import HOUR_NS
from nautilus_ai_firm.hosts.backtest import BacktestError
from nautilus_ai_firm.messages import MarketSnapshot, SignalEvent
from nautilus_ai_firm.runs.folder import Run
from tests.acceptance.conftest import Studied
from tests.firm_runs import FIRM, audit, run, settings, synthetic_market
from tests.live_runs import assert_replays, assert_sealed, books, desk

ROUNDS = 200
THINKER = "momentum"
MAY_MISS = {"may_miss": True, "half_life_rounds": 2.0, "max_age_rounds": 4}
PLANTED = """
from nautilus_ai_firm import firm
from tests.acceptance.test_late_agents import PromptDesk
firm.SignalDesk = PromptDesk
"""


class ThinkingDesk(SignalDesk):
    """Its momentum agent takes every third round and an hour to answer, as a language model might."""

    delay_ns = HOUR_NS
    every = 3

    def _speaker(self, seat: Seat, line: Line) -> Any:
        return partial(self._ponder, seat, line) if seat.name == THINKER else super()._speaker(seat, line)

    def _ponder(self, seat: Seat, line: Line, snapshot: MarketSnapshot) -> None:
        score, confidence = seat.model.update(snapshot)
        if snapshot.is_history or snapshot.round % self.every:
            return
        answer = partial(self._answer, line, snapshot, score, confidence)
        if not self.delay_ns:
            answer(None)
            return
        at_ns = snapshot.ts_event + self.delay_ns
        self.clock.set_time_alert_ns(f"think-{snapshot.round}", at_ns, line.guard(answer))

    def _answer(self, line: Line, about: MarketSnapshot, score: Any, confidence: Any, event: Any) -> None:
        line.publish(
            Topic.SIGNAL,
            SignalEvent(
                round=about.round,
                ts_event=about.ts_event if event is None else about.ts_event + self.delay_ns,
                agent=THINKER,
                score=score,
                confidence=confidence,
            ),
        )


class PromptDesk(ThinkingDesk):
    """The same agent answers at once."""

    delay_ns = 0


class TornDesk(ThinkingDesk):
    """The same agent fails while it thinks."""

    def _answer(self, line: Line, about: MarketSnapshot, score: Any, confidence: Any, event: Any) -> None:
        if about.round > 30:
            raise ConnectionError("no answer")
        super()._answer(line, about, score, confidence, event)


def changes(**more: Any) -> dict[str, Any]:
    agents = [agent | (MAY_MISS if agent["name"] == THINKER else {}) for agent in FIRM["signals"]["agents"]]
    return {"signals.agents": agents, **more}


@pytest.fixture
def think(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda desk=ThinkingDesk: monkeypatch.setattr(firm, "SignalDesk", desk)


@pytest.fixture
def late(daily: Studied, tmp_path: Path, think: Any) -> Run:
    think()
    return run(settings(changes=changes()), daily.catalog, tmp_path / "late")


def absences(found: Run) -> dict[int, int | None]:
    return {fact["round"]: fact["last_round"] for fact in audit(found.folder, "absence")}


def test_decisions_go_on_and_every_absence_is_recorded(late: Run) -> None:
    assert late.summary["decisions"] == late.summary["rounds"] == ROUNDS
    assert late.summary["fills"] > 100
    assert late.summary["contributions"][THINKER] > 0.05
    # An answer about round 3, 6, … comes an hour after its close, so it counts from the next round on, one round old.
    expected = {round_: None if round_ <= 3 else (round_ - 1) // 3 * 3 for round_ in range(1, ROUNDS + 1)}
    assert absences(late) == expected


def test_one_that_answers_at_once_is_absent_in_the_rounds_between(daily: Studied, tmp_path: Path, think: Any) -> None:
    think(PromptDesk)
    prompt = run(settings(changes=changes()), daily.catalog, tmp_path / "run")
    expected = {round_: round_ // 3 * 3 or None for round_ in range(1, ROUNDS + 1) if round_ % 3}
    assert absences(prompt) == expected
    assert prompt.summary["decisions"] == ROUNDS


def test_a_late_signal_is_dated_when_it_was_said(late: Run) -> None:
    signals, rounds = late.table("signals"), pd.DatetimeIndex(late.table("equity")["ts"])
    said = pd.DatetimeIndex(signals.loc[signals["agent"] == THINKER, "ts"].unique())
    assert said.equals(rounds[2:-1:3] + pd.Timedelta(hours=1))
    others = pd.DatetimeIndex(signals.loc[signals["agent"] != THINKER, "ts"].unique())
    assert others.equals(rounds)


@pytest.mark.parametrize("options", [{"cuts": []}, {"cuts": "each"}])
def test_neither_hosting_nor_chunks_change_a_decision(
    late: Run, daily: Studied, tmp_path: Path, options: dict[str, Any]
) -> None:
    closes = daily.market.closes()
    cuts = [int(close) + delta for close in closes for delta in (0, HOUR_NS)] if options["cuts"] else []
    shared = settings(changes=changes(**{"signals.hosting": "shared"}))
    other = run(shared, daily.catalog, tmp_path / "other", cuts=cuts)
    assert other.summary["result_sha256"] == late.summary["result_sha256"]
    assert absences(other) == absences(late)


def test_the_delay_decides_something(late: Run, daily: Studied, tmp_path: Path, think: Any) -> None:
    """Or the tests above would compare runs in which the agent does not matter."""
    think(PromptDesk)
    prompt = run(settings(changes=changes()), daily.catalog, tmp_path / "prompt")
    assert prompt.summary["result_sha256"] != late.summary["result_sha256"] != daily.run.summary["result_sha256"]


def test_leave_to_miss_rounds_changes_nothing_for_who_misses_none(daily: Studied, tmp_path: Path) -> None:
    spoken = run(settings(changes=changes()), daily.catalog, tmp_path / "run")
    assert spoken.summary["result_sha256"] == daily.run.summary["result_sha256"]
    assert absences(spoken) == {}


def test_without_leave_the_run_fails_with_the_agents_name(daily: Studied, tmp_path: Path, think: Any) -> None:
    think()
    with pytest.raises(BacktestError, match="cio failed in round 1: RuntimeError: momentum said nothing about round 1"):
        run(daily.loaded, daily.catalog, tmp_path / "run")


def test_one_that_fails_while_it_thinks_fails_the_run(daily: Studied, tmp_path: Path, think: Any) -> None:
    think(TornDesk)
    with pytest.raises(BacktestError, match=r"signals\.momentum failed in round 33: ConnectionError: no answer"):
        run(settings(changes=changes()), daily.catalog, tmp_path / "run")


def test_a_session_goes_on_says_who_is_there_and_is_repeated(tmp_path: Path, think: Any) -> None:
    rounds = 61
    made = desk(tmp_path / "desk", synthetic_market(["A", "B"], rounds), changes())
    out = tmp_path / "run"
    ended = made.run(out, "--venue", "sandbox", planted=PLANTED)
    assert (ended.status, ended.errors) == (0, [])
    assert f"round {rounds}, agents 2/3 |" in ended.status_lines[-1]
    session = assert_sealed(out, "normal")
    assert absences(session) == {round_: round_ // 3 * 3 or None for round_ in range(1, rounds + 1) if round_ % 3}
    think(PromptDesk)
    assert books(made.backtest(tmp_path / "backtest")) == books(session)
    assert_replays(out)

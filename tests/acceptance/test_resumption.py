"""Interruptions while parents work, in the engine: what is left goes on, and all together is what was decided."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from nautilus_ai_firm.agents.resumption import Resumption
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.durations import MINUTE_NS
from nautilus_ai_firm.gateways.work_file import WorkFile
from nautilus_ai_firm.hosts import unfinished_work
from nautilus_ai_firm.hosts.unfinished_work import UnfinishedWork, WorkTerms, earlier_work
from nautilus_ai_firm.messages import Connection, GateResult, OrderRecord, ParentRecord
from tests.acceptance.conftest import SLICED
from tests.firm_runs import (
    Played,
    ScriptedDesk,
    Tape,
    Targets,
    by_round,
    flat_minutes,
    play,
    settings,
    write_bars,
)

MONDAY = datetime(2024, 1, 8)  # noqa: DTZ001 - a day, not a moment
MINUTES = 90
HOUR: dict[str, Any] = {
    **SLICED,
    "market.universe.max_order_value": 1e9,
    "execution.no_trade_band": 0.0,
    "execution.gate.max_messages": 10_000,
    "execution.twap": {"above_participation": 0.02, "duration_minutes": 60, "interval_minutes": 10},
}
PEGGED: dict[str, Any] = {"name": "twap", "limit": {"offset_bps": 5.0, "cross_share": 0.25}}
ALGORITHMS: dict[str, dict[str, Any]] = {
    "twap": {"name": "twap"},
    "drawn": {"name": "twap", "randomise_times": 0.5, "randomise_sizes": 0.5, "seed": 7},
    "vwap": {"name": "vwap"},
    "almgren_chriss": {"name": "almgren_chriss", "risk_aversion": 1e-4, "spread_bps": 2.0},
    "limits": PEGGED,
}


class Interrupted:
    """A session with its work on the disk, of which the script breaks the connection, or kills what knows of it."""

    def __init__(self, folder: Path, breaks: Sequence[tuple[int, int]], *, kills: bool = False) -> None:
        self.tape = Tape()
        self.now_ns = 0
        self.said: list[str] = []
        self._breaks = dict(breaks)
        self._kills = kills
        self._file = WorkFile(folder / "work.json")
        self._terms = WorkTerms(names=("A.US",), config_sha256="a", grace_ns=10 * MINUTE_NS, is_resumed=True)
        self.work = self._begin()
        self.work.resume()

    def _begin(self) -> UnfinishedWork:
        return UnfinishedWork(
            earlier_work(self._file, self._terms, self.said.append),
            self.positions,
            is_halted=lambda: False,
            now_ns=lambda: self.now_ns,
            say=self.said.append,
        )

    def positions(self) -> list[int]:
        fills = [one for one in self.tape.of(OrderRecord) if one.kind == "filled"]
        return [sum(int(one.quantity) * (1 if one.side == "BUY" else -1) for one in fills)]

    def follow(self, works: Any) -> None:
        self.work.follow(works)

    def speak(self, script: Any, snapshot: Any) -> None:
        """Say what the host would, when a round was decided."""
        self.now_ns = snapshot.ts_event
        self.work.look()
        if snapshot.round in self._breaks:
            self.work.interrupt()
            lost = Connection(ts_event=self.now_ns, trusted=False, cause="away")
            script.line.publish(Topic.CONNECTION, lost)
        if snapshot.round in self._breaks.values():
            if self._kills:  # all that the next session knows is on the disk
                self.work = self._begin()
            back = Connection(ts_event=self.now_ns, trusted=True, cause="back", resumed=self.work.resume())
            script.line.publish(Topic.CONNECTION, back)


type Interrupt = Callable[..., tuple[Played, Interrupted]]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Interrupt:
    """Play targets by round with interruptions from one round to another."""
    honest = ScriptedDesk._decide

    def go(
        targets: Targets,
        breaks: Sequence[tuple[int, int]],
        changes: dict[str, Any] | None = None,
        bars: BarColumns | None = None,
        *,
        kills: bool = False,
    ) -> tuple[Played, Interrupted]:
        folder = tmp_path_factory.mktemp("interrupted")
        series = flat_minutes(MONDAY, 1).take(slice(0, MINUTES)) if bars is None else bars
        catalog = write_bars(folder / "catalog", {"A": series})
        world = Interrupted(folder, breaks, kills=kills)

        def decide(script: ScriptedDesk, snapshot: Any) -> None:
            honest(script, snapshot)
            world.speak(script, snapshot)

        monkeypatch.setattr(ScriptedDesk, "_decide", decide)
        loaded = settings(["A"], HOUR | (changes or {}), macro=False)
        plan = by_round(targets, repeat=False)
        played = play(loaded, catalog, folder / "run", plan, tape=world.tape, follow=world.follow)
        assert played.failures.first is None, played.failures.first
        return played, world

    return go


def parents(played: Played) -> list[tuple[str, int, int, str]]:
    return [(one.decision_id, one.quantity, one.filled_quantity, one.state) for one in played.tape.of(ParentRecord)]


def steps(played: Played) -> list[int]:
    return np.diff([0, *played.path()]).tolist()


@pytest.mark.parametrize("kills", [False, True])
def test_a_slicing_goes_on_with_what_is_left_of_quantity_and_time(interrupted: Interrupt, *, kills: bool) -> None:
    played, world = interrupted({10: [6_000]}, [(24, 40)], kills=kills)
    assert parents(played) == [("R000010", 6_000, 2_000, "canceled"), ("C000001", 4_000, 4_000, "filled")]
    assert steps(played) == [1_000, 1_000, *[1_333, 1_334, 1_333]]  # of 60 minutes 30 were left
    assert played.positions == [6_000]
    assert world.said == []


def test_a_slicing_that_goes_on_ends_when_it_would_have(interrupted: Interrupt) -> None:
    played, _ = interrupted({10: [6_000]}, [(24, 66)])
    assert parents(played)[1:] == [("C000001", 4_000, 4_000, "filled")]  # one slice is left
    later, world = interrupted({10: [6_000]}, [(24, 70)])
    assert parents(later) == [("R000010", 6_000, 2_000, "canceled")]
    assert [line.split(":")[0] for line in world.said] == ["not resumed, its time is over"]
    assert later.positions == [2_000]


def test_a_decision_takes_the_place_of_what_was_interrupted(interrupted: Interrupt) -> None:
    played, _ = interrupted({10: [6_000], 45: [-3_000]}, [(24, 40)])
    assert parents(played)[:2] == [("R000010", 6_000, 2_000, "canceled"), ("C000001", 4_000, 1_333, "canceled")]
    asked = {one.client_order_id: one.quantity for one in played.tape.of(GateResult)}
    assert asked["R000045-A.US"] == -6_333
    assert min(played.path()) >= -3_000


def test_an_interruption_of_what_went_on_goes_on_again(interrupted: Interrupt) -> None:
    played, _ = interrupted({10: [6_000]}, [(14, 20), (24, 30), (44, 50)])
    assert [one[0] for one in parents(played)] == ["R000010", "C000001", "C000002", "C000003"]
    assert played.positions == [6_000]
    assert max(played.path()) == 6_000
    assert len({one.client_order_id for one in played.tape.of(OrderRecord)}) == len(steps(played))


def test_a_limit_that_rests_is_taken_back_before_its_parent_goes_on(interrupted: Interrupt) -> None:
    played, _ = interrupted({10: [6_000]}, [(24, 40)], {"execution.algorithm": PEGGED})
    canceled = [one for one in played.tape.of(OrderRecord) if one.kind == "canceled"]
    first = next(one for one in played.tape.of(OrderRecord) if one.decision_id == "C000001")
    assert len(canceled) == 1  # the child that rested when the connection was lost
    assert canceled[0].ts_event < first.ts_event
    assert (played.positions, max(played.path())) == ([6_000], 6_000)


def test_in_a_halt_nothing_new_goes_on(interrupted: Interrupt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Resumption, "take", halting(Resumption.take))
    played, _ = interrupted({10: [6_000]}, [(24, 40)])
    refused = [one.breach.rule for one in played.tape.of(GateResult) if one.breach is not None]
    assert refused == ["halt"]
    assert played.positions == [2_000]


def halting(honest: Any) -> Any:
    def take(self: Any, connection: Connection) -> None:
        self._gate.halted = connection.trusted
        honest(self, connection)

    return take


BREAKS = st.lists(st.integers(11, MINUTES - 2), min_size=2, max_size=8, unique=True).map(
    lambda rounds: list(zip(sorted(rounds)[::2], sorted(rounds)[1::2], strict=False))
)
PROPERTY = tries(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PROPERTY
@given(
    BREAKS,
    st.sampled_from(sorted(ALGORITHMS)),
    st.integers(-60, 60).filter(bool),
    st.booleans(),
)
def test_whatever_is_interrupted_and_when_all_parents_together_are_what_was_decided(
    interrupted: Interrupt, breaks: list[tuple[int, int]], algorithm: str, hundreds: int, kills: bool
) -> None:
    assert_together(interrupted, breaks, algorithm, hundreds * 100, kills=kills)


def assert_together(
    interrupted: Interrupt, breaks: list[tuple[int, int]], algorithm: str, target: int, *, kills: bool
) -> None:
    changes = {"execution.algorithm": ALGORITHMS[algorithm]}
    played, _ = interrupted({10: [target]}, breaks, changes, kills=kills)
    path, done = played.path(), parents(played)
    sign = 1 if target > 0 else -1
    assert all(0 <= sign * position <= abs(target) for position in path)
    assert (np.diff(sign * np.array([0, *path])) > 0).all()  # it never trades the other way
    assert sum(one[2] for one in done) == abs(played.positions[0]) or played.working[0]
    for before, after in pairwise(done):
        assert after[1] <= before[1] - before[2]  # what goes on is at most what was left
    assert abs(played.positions[0] + played.working[0]) <= abs(target)


def test_a_planted_parent_that_forgets_its_fills_breaks_the_law(
    interrupted: Interrupt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished_work, "_rest", forgetful(unfinished_work._rest))
    with pytest.raises(AssertionError):
        assert_together(interrupted, [(24, 40)], "twap", 6_000, kills=True)


def forgetful(honest: Any) -> Any:
    return lambda parent, _left, names: honest(parent, parent.quantity, names)

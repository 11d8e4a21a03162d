"""A hundred orders are working when the kill switch strikes: all are taken back at once, and the stops stay."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.agents.obedience import Obedience
from nautilus_ai_firm.messages import RiskAction
from tests.acceptance.conftest import SLICED
from tests.firm_runs import Played, flat_minutes, play, settings, write_bars

HUNDRED, BOUGHT, KILLED = 100, 3, 6
SYMBOLS = [f"S{number:02d}" for number in range(HUNDRED)]
CHANGES: dict[str, Any] = {
    **SLICED,
    "execution.twap": {"above_participation": 1e-6, "duration_minutes": 30, "interval_minutes": 1},
    "execution.gate.max_messages": 1_000_000,
}
STOPS = {"initial_fraction": 0.5}
BRACKET = STOPS | {"take_profit_fraction": 0.5}
LIMIT_S = 0.05


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bars = flat_minutes(datetime(2012, 1, 3), 1, volume=1e6)  # noqa: DTZ001 - a day of the calendar
    first = bars.take(slice(0, KILLED + 4))
    return write_bars(tmp_path_factory.mktemp("hundred") / "catalog", dict.fromkeys(SYMBOLS, first))


def killed(catalog: Path, folder: Path, changes: dict[str, Any], *actions: RiskAction) -> Played:
    def plan(snapshot: Any, _holdings: Any) -> Sequence[int | RiskAction] | None:
        return {BOUGHT: [300] * HUNDRED, KILLED: actions}.get(snapshot.round)

    played = play(settings(SYMBOLS, CHANGES | changes, macro=False), catalog, folder, plan)
    assert played.failures.first is None
    return played


def states(played: Played, word: str) -> list[Any]:
    return [one for one in played.tape.messages if type(one).__name__ == "ParentRecord" and word in one.state]


def after_kill(played: Played, kind: str) -> list[Any]:
    killed_ns = next(seen.ts_event for seen in played.seen if seen.round == KILLED)
    return [one for one in played.tape.messages if getattr(one, "kind", None) == kind and one.ts_event > killed_ns + 1]


@pytest.mark.parametrize(("stops", "kinds"), [(STOPS, 1), (BRACKET, 2)], ids=["stops", "take profits"])
def test_a_hundred_slicings_end_at_once_and_their_exits_stay(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: dict[str, float], kinds: int
) -> None:
    spent: list[float] = []
    obey = Obedience.obey

    def timed(desk: Any, command: Any) -> None:
        began = time.process_time()  # of this process: what else the machine does is not the firm's
        obey(desk, command)
        if command.action in {"halt", "cancel_all"}:
            spent.append(time.process_time() - began)

    monkeypatch.setattr(Obedience, "obey", timed)
    played = killed(catalog, tmp_path / "run", {"risk.stops": stops}, RiskAction.HALT, RiskAction.CANCEL_ALL)
    assert sum(one.state == "canceled" for one in states(played, "canceled")) == HUNDRED
    assert set(played.working) == {0}
    assert after_kill(played, "submitted") == after_kill(played, "filled") == []
    bought = set(played.positions)
    assert bought == {30}  # three slices of ten
    assert len(states(played, "kept: the run ended")) == kinds * HUNDRED
    assert {one.quantity for one in states(played, "kept: the run ended")} == bought
    assert sum(spent) < LIMIT_S


@pytest.mark.parametrize(("stops", "kinds"), [(STOPS, 1), (BRACKET, 2)], ids=["stops", "take profits"])
def test_with_flattening_a_hundred_positions_are_closed_and_their_exits_go(
    catalog: Path, tmp_path: Path, stops: dict[str, float], kinds: int
) -> None:
    changes = {"risk.kill_switch_flattens": True, "risk.stops": stops}
    played = killed(catalog, tmp_path / "run", changes, RiskAction.HALT, RiskAction.CANCEL_ALL)
    assert set(played.positions) == set(played.working) == {0}
    assert len(after_kill(played, "filled")) == HUNDRED
    assert len(after_kill(played, "canceled")) == kinds * HUNDRED
    assert states(played, "kept") == []

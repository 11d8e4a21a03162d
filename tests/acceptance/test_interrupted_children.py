"""Resting children where a session ends, or its connection is lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.messages import Connection, OrderEventKind, SessionEnd
from tests.acceptance.one_share import HOUR, MONDAY, PEGGED, decided_ns, kinds, parents
from tests.firm_runs import ScriptedDesk, flat_minutes


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the script say something else than a decision in a round."""

    def at(spoken: Mapping[int, tuple[Topic, Callable[[int], object]]]) -> None:
        honest = ScriptedDesk._decide

        def decide(script: ScriptedDesk, snapshot: Any) -> None:
            honest(script, snapshot)
            if snapshot.round in spoken:
                topic, message = spoken[snapshot.round]
                script.line.publish(topic, message(snapshot.ts_event))

        monkeypatch.setattr(ScriptedDesk, "_decide", decide)

    return at


def dipping(from_bar: int) -> BarColumns:
    """Flat minutes whose lows reach every resting limit from one bar on."""
    bars = flat_minutes(MONDAY, 1).take(slice(0, 90))
    low = bars.low.copy()
    low[from_bar:] = 99.0
    return replace(bars, low=low)


@pytest.mark.parametrize(("cancels", "filled"), [(True, 0), (False, 1_000)])
def test_at_the_end_of_a_session_a_resting_child_is_taken_back_or_kept_as_the_settings_say(
    worked: Any, says: Any, cancels: bool, filled: int
) -> None:
    says({14: (Topic.SESSION_END, lambda ts: SessionEnd(ts_event=ts, cancel_working=cancels))})
    played = worked({10: [6_000]}, PEGGED, dipping(16), {"execution.twap": HOUR})
    assert parents(played) == [("TWAP", 6_000, filled, "canceled")]
    assert played.positions == [filled]


def connection(trusted: bool) -> tuple[Topic, Callable[[int], object]]:
    return Topic.CONNECTION, lambda ts: Connection(ts_event=ts, trusted=trusted, cause="a test")


def test_while_the_connection_is_lost_nothing_is_sent_and_what_rested_still_counts(worked: Any, says: Any) -> None:
    says({14: connection(trusted=False), 30: connection(trusted=True)})
    played = worked({10: [6_000], 40: [6_000], 41: [6_000]}, PEGGED, dipping(50), {"execution.twap": HOUR})
    assert parents(played)[0] == ("TWAP", 6_000, 0, "canceled")
    assert len(kinds(played, OrderEventKind.CANCELED)) == 1  # by the decision of round 40, when it could arrive
    sent = [one.ts_event for one in kinds(played, OrderEventKind.SUBMITTED)]
    assert not [ts for ts in sent if decided_ns(played, 14) < ts < decided_ns(played, 41)]
    assert played.positions == [5_000]  # five intervals of the next parent until the data end
    assert all(seen.holdings.projected[0] <= 6_000 for seen in played.seen)

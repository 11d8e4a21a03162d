"""Signals in, one decision a round out, over agents in sorted order."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.cio import CioDesk
from nautilus_ai_firm.bus import Priority, Topic
from nautilus_ai_firm.messages import SignalEvent
from tests.agents.conftest import Bench

ROUNDS = 60


def decisions(bench: Bench, signals: Sequence[tuple[str, tuple[float, float]]]) -> list[Any]:
    """Play moving prices; in every round the agents say the same."""
    walk = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, (ROUNDS, 2)), axis=0)) * [100.0, 50.0]

    class Choir(CioDesk):
        """A CIO who hears the agents between the two times that it hears the snapshot."""

        def on_start(self) -> None:
            super().on_start()
            self.line.subscribe(Topic.SNAPSHOT, self._sing, Priority.SIGNALS)

        def _sing(self, snapshot: Any) -> None:
            for agent, score in signals:
                event = SignalEvent(
                    round=snapshot.round,
                    ts_event=snapshot.ts_event,
                    agent=agent,
                    score=np.array(score),
                    confidence=np.ones(2),
                )
                self.line.publish(Topic.SIGNAL, event)

    firm = bench.stage.firm
    heard = bench.sit(
        lambda book, _ledger, failures: [Choir(firm.cio, firm.signals.agents, book, bench.stage.sessions, failures)],
        [(Topic.SNAPSHOT, bench.snapshot(number + 1, close=price)) for number, price in enumerate(walk)],
        [Topic.DECISION],
    )
    assert bench.failures.first is None
    assert len(heard) == ROUNDS
    return heard


ALL = [("momentum", (0.5, -0.5)), ("macro", (0.2, 0.2)), ("mean_reversion", (-0.1, 0.4))]


def test_one_decision_a_round_for_the_next_open(bench: Bench) -> None:
    heard = decisions(bench, ALL)
    assert [one.decision_id for one in heard] == [f"R{number:06d}" for number in range(1, ROUNDS + 1)]
    assert set(heard[0].execution_ts) == {int(bench.stage.sessions.execution_time_ns(bench.close_ns))}
    assert heard[0].equity == heard[0].balance == Decimal("10000277.78")  # with a night of interest
    assert all(one.agents == ("macro", "mean_reversion", "momentum") for one in heard)


def test_who_speaks_first_decides_nothing(new_bench: Any) -> None:
    ours, theirs = decisions(new_bench(), ALL), decisions(new_bench(), ALL[::-1])
    assert [one.weights.tobytes() for one in ours] == [one.weights.tobytes() for one in theirs]
    assert np.isfinite(ours[-1].weights).all()
    assert (ours[-1].weights != 0).all()


def test_contributions_sum_to_the_weights(bench: Bench) -> None:
    last = decisions(bench, ALL)[-1]
    np.testing.assert_allclose(last.contributions.sum(axis=0), last.weights, rtol=1e-12)
    assert last.contributions.shape == (3, 2)


def test_an_agent_that_is_silent_is_left_out(bench: Bench) -> None:
    last = decisions(bench, ALL[:2])[-1]
    assert last.agents == ("macro", "momentum")
    assert (last.weights != 0).all()


def test_without_any_view_the_current_weight_is_held(bench: Bench) -> None:
    last = decisions(bench, [("momentum", (np.nan, 0.5))])[-1]
    assert last.weights[0] == last.current[0] == 0
    assert last.weights[1] > 0
    assert last.contributions[0].tolist() == pytest.approx([0.0, last.weights[1]])


def test_before_the_volatility_is_known_nothing_is_decided(bench: Bench) -> None:
    first = decisions(bench, ALL)[0]
    assert first.weights.tolist() == [0, 0]
    assert not first.weights.flags.writeable

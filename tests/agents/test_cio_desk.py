"""Signals in, one decision a round out, over agents in sorted order."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.cio import CioDesk
from nautilus_ai_firm.bus import Priority, Topic
from nautilus_ai_firm.messages import SignalEvent
from tests.agents.conftest import Bench
from tests.firm_runs import FIRM

ROUNDS = 60


def agents_of(**bounds: tuple[float, int]) -> list[dict[str, Any]]:
    """The agents; those with a half-life and a largest age may miss rounds."""
    return [
        agent | ({} if agent["name"] not in bounds else dict(zip(KEYS, (True, *bounds[agent["name"]]), strict=True)))
        for agent in FIRM["signals"]["agents"]
    ]


KEYS = ("may_miss", "half_life_rounds", "max_age_rounds")


def decisions(bench: Bench, signals: Sequence[tuple[str, tuple[float, float]]], **options: Any) -> list[Any]:
    """Play moving prices, and return what was decided without any failure; as `play`."""
    heard = play(bench, signals, **options)
    assert bench.failures.first is None
    assert len(heard) == ROUNDS
    return heard


def play(
    bench: Bench,
    signals: Sequence[tuple[str, tuple[float, float]]],
    spoken: Callable[[str, int], int | None] = lambda _agent, round_: round_,
    **changes: Any,
) -> list[Any]:
    """Play moving prices; in every round the agents say the same, about the round that `spoken` gives, or nothing."""
    walk = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, (ROUNDS, 2)), axis=0)) * [100.0, 50.0]

    class Choir(CioDesk):
        """A CIO who hears the agents between the two times that it hears the snapshot."""

        def on_start(self) -> None:
            super().on_start()
            self.line.subscribe(Topic.SNAPSHOT, self._sing, Priority.SIGNALS)

        def _sing(self, snapshot: Any) -> None:
            for agent, score in signals:
                about = spoken(agent, snapshot.round)
                if about is None:
                    continue
                event = SignalEvent(
                    round=about,
                    ts_event=snapshot.ts_event,
                    agent=agent,
                    score=np.array(score),
                    confidence=np.ones(2),
                )
                self.line.publish(Topic.SIGNAL, event)

    firm = bench.stage.firm
    return bench.sit(
        lambda book, _ledger, failures: [Choir(firm.cio, firm.signals.agents, book, bench.stage.sessions, failures)],
        [(Topic.SNAPSHOT, bench.snapshot(number + 1, close=price, **changes)) for number, price in enumerate(walk)],
        [Topic.DECISION],
    )


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


def absent(heard: Sequence[Any]) -> list[tuple[tuple[str, int | None], ...]]:
    return [tuple((one.agent, one.last_round) for one in decision.absences) for decision in heard]


def test_an_agent_that_is_silent_without_leave_fails_the_run(bench: Bench) -> None:
    assert play(bench, ALL[:2]) == []
    failure = bench.failures.first
    assert failure is not None
    assert (failure.component, failure.error) == (
        "cio", "RuntimeError: mean_reversion said nothing about round 1, and may_miss is false",
    )  # fmt: skip


def test_an_agent_that_may_miss_is_left_out_until_it_has_spoken(new_bench: Any) -> None:
    bench = new_bench({"signals.agents": agents_of(mean_reversion=(2.0, 5))})
    heard = decisions(
        bench, ALL, spoken=lambda agent, round_: round_ if agent != "mean_reversion" or round_ > 9 else None
    )
    assert absent(heard) == [(("mean_reversion", None),)] * 9 + [()] * (ROUNDS - 9)
    assert [one.agents for one in heard] == [("macro", "momentum")] * 9 + [("macro", "mean_reversion", "momentum")] * (
        ROUNDS - 9
    )


def test_the_last_signal_halves_and_ends_with_its_age(new_bench: Any) -> None:
    """Its part is what it would be of an agent that says the decayed score itself."""
    bench = new_bench({"signals.agents": agents_of(momentum=(2.0, 3))})
    last = ROUNDS - 5
    heard = decisions(
        bench, ALL, spoken=lambda agent, round_: None if agent == "momentum" and round_ > last else round_
    )
    assert absent(heard)[last - 1 :] == [(), *[(("momentum", last),)] * 3, *[(("momentum", None),)] * 2]
    for age in range(4):
        said = [("momentum", (0.5 * 0.5 ** (age / 2), -0.5 * 0.5 ** (age / 2))), *ALL[1:]]
        expected = decisions(new_bench(), said)[last - 1 + age]
        assert heard[last - 1 + age].weights.tobytes() == expected.weights.tobytes()
        assert heard[last - 1 + age].contributions.tobytes() == expected.contributions.tobytes()
    assert heard[-1].agents == ("macro", "mean_reversion")


def test_a_signal_about_the_round_before_is_one_round_old(new_bench: Any) -> None:
    agents = agents_of(momentum=(1.0, 3))
    late = decisions(
        new_bench({"signals.agents": agents}),
        ALL,
        spoken=lambda agent, round_: round_ - 1 if agent == "momentum" else round_,
    )
    halved = decisions(new_bench(), [("momentum", (0.25, -0.25)), *ALL[1:]])
    assert absent(late) == [(("momentum", round_),) for round_ in range(ROUNDS)]
    assert [one.weights.tobytes() for one in late] == [one.weights.tobytes() for one in halved]


def test_an_older_signal_never_replaces_a_newer_one(new_bench: Any) -> None:
    bench = new_bench({"signals.agents": agents_of(momentum=(1.0, 3))})
    twice = [("momentum", (0.5, -0.5)), ("momentum", (-1.0, 1.0)), *ALL[1:]]
    turns: dict[int, int] = {}

    def spoken(agent: str, round_: int) -> int:
        turns[round_] = turns.get(round_, 0) + (agent == "momentum")
        return round_ - 1 if agent == "momentum" and turns[round_] == 2 else round_

    heard, plain = decisions(bench, twice, spoken=spoken), decisions(new_bench(), ALL)
    assert [one.weights.tobytes() for one in heard] == [one.weights.tobytes() for one in plain]


def test_an_old_view_of_a_stale_instrument_is_none(new_bench: Any) -> None:
    bench = new_bench({"signals.agents": agents_of(momentum=(1.0, 99), macro=(1.0, 99), mean_reversion=(1.0, 99))})
    heard = decisions(
        bench, ALL, spoken=lambda _, round_: round_ if round_ == 1 else None, fresh=np.array([True, False])
    )
    assert heard[0].contributions[0].tolist() == [0.0, 0.0]  # before the volatility is known
    assert all(one.weights[1] == one.current[1] == 0 for one in heard[1:])
    assert (heard[-1].agents, heard[-1].contributions[:, 1].tolist()) == (
        ("macro", "mean_reversion", "momentum"),
        [0] * 3,
    )


def test_without_any_view_the_current_weight_is_held(bench: Bench) -> None:
    silent = (np.nan, np.nan)
    last = decisions(bench, [("momentum", (np.nan, 0.5)), ("macro", silent), ("mean_reversion", silent)])[-1]
    assert last.weights[0] == last.current[0] == 0
    assert last.weights[1] > 0
    assert last.contributions.tolist() == [[0.0, 0.0], [0.0, 0.0], pytest.approx([0.0, last.weights[1]])]


def test_before_the_volatility_is_known_nothing_is_decided(bench: Bench) -> None:
    first = decisions(bench, ALL)[0]
    assert first.weights.tolist() == [0, 0]
    assert not first.weights.flags.writeable

"""What is tried again waits with backoff and jitter, the same for the same seed, and ends when it should."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.gateways.errors import HistoryError, NotThere, Paced
from nautilus_ai_firm.gateways.ib_retry import FIRST_PAUSE_S, LONGEST_PAUSE_S, Patience, three_tries, until_there
from tests.waiting import Waiting


def failing(*errors: Exception) -> Callable[[], int]:
    """Make a call that fails so, one after the other, and then answers with the number of calls."""
    left, calls = list(errors), [0]

    def call() -> int:
        calls[0] += 1
        if left:
            raise left.pop(0)
        return calls[0]

    return call


def never() -> int:
    raise NotThere("nobody")


@given(seed=st.integers(0, 1_000), tries=st.integers(1, 12))
def test_pauses_double_up_to_the_longest_each_cut_by_up_to_a_half(seed: int, tries: int) -> None:
    waiting = Waiting()
    assert until_there(failing(*[NotThere("x")] * tries), 1e6, waiting.patience(seed), lambda _: None) == tries + 1
    whole = [min(FIRST_PAUSE_S * 2**number, LONGEST_PAUSE_S) for number in range(tries)]
    assert all(full / 2 <= pause <= full for pause, full in zip(waiting.pauses, whole, strict=True))


def test_the_same_seed_gives_the_same_pauses_and_another_gives_others() -> None:
    pauses: list[list[float]] = []
    for seed in (1, 1, 2):
        waiting = Waiting()
        with pytest.raises(NotThere):
            until_there(never, 60, waiting.patience(seed), lambda _: None)
        pauses.append(waiting.pauses)
    assert pauses[0] == pauses[1] != pauses[2]


@given(st.floats(0, 500), st.integers(0, 100))
def test_no_wait_is_longer_than_it_may_be(wait_s: float, seed: int) -> None:
    waiting = Waiting()
    with pytest.raises(NotThere, match="nobody"):
        until_there(never, wait_s, waiting.patience(seed), lambda _: None)
    assert sum(waiting.pauses) <= wait_s < sum(waiting.pauses) + LONGEST_PAUSE_S


def test_the_time_of_the_calls_counts_too() -> None:
    waiting = Waiting()

    def slow() -> None:
        waiting.now_s += 7.0
        raise NotThere("nobody")

    with pytest.raises(NotThere):
        until_there(slow, 10, waiting.patience(), lambda _: None)
    assert len(waiting.pauses) == 1


def test_the_wait_is_told_once_and_with_what_was_met() -> None:
    told: list[str] = []
    until_there(failing(NotThere("a"), NotThere("b")), 60, Waiting().patience(), lambda met: told.append(str(met)))
    assert told == ["a"]


@pytest.mark.parametrize("final", [HistoryError("no"), KeyError("no"), Paced("no")])
def test_what_no_wait_can_mend_is_raised_at_once(final: Exception) -> None:
    waiting = Waiting()
    with pytest.raises(type(final)):
        until_there(failing(final), 60, waiting.patience(), lambda met: pytest.fail(str(met)))
    assert waiting.pauses == []


def test_who_wants_to_stop_ends_a_wait() -> None:
    class EnoughError(Exception):
        pass

    def enough(_pause_s: float) -> None:
        raise EnoughError

    waiting = Waiting(enough)
    with pytest.raises(EnoughError):
        until_there(never, 60, waiting.patience(), lambda _: None)
    assert len(waiting.pauses) == 1


def test_a_request_has_three_tries() -> None:
    told: list[str] = []
    waiting = Waiting()
    assert three_tries(failing(NotThere("a"), NotThere("b")), waiting.patience(), told.append) == 3
    assert [line.partition(";")[0] for line in told] == ["try 1 of 3: a", "try 2 of 3: b"]
    assert 0.5 <= waiting.pauses[0] <= 1 <= waiting.pauses[1] <= 2
    with pytest.raises(NotThere, match="c"):
        three_tries(failing(NotThere("a"), NotThere("b"), NotThere("c")), Waiting().patience(), told.append)


def test_who_asked_too_often_waits_half_a_minute_and_then_a_minute() -> None:
    waiting = Waiting()
    with pytest.raises(Paced):
        three_tries(failing(*[Paced("slow")] * 3), waiting.patience(), lambda _: None)
    assert waiting.pauses == [30, 60]


def test_without_jitter_two_who_lost_a_gateway_together_would_come_back_together() -> None:
    class Even(Random):
        def uniform(self, a: float, b: float) -> float:  # noqa: ARG002 - jitter planted away
            return b

    pauses: list[list[float]] = []
    for chance in (Even(1), Even(2)):
        waiting = Waiting()
        with pytest.raises(NotThere):
            until_there(
                never, 30, Patience(clock=lambda w=waiting: w.now_s, sleep=waiting.sleep, chance=chance), lambda _: None
            )
        pauses.append(waiting.pauses)
    assert pauses[0] == pauses[1]

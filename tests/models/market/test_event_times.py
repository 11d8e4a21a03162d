"""Scheduled events count from their publication on: the last one and the next one of each kind."""

from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.market.event_times import EventTimes

FOMC, EARNINGS = 0, 1


def test_before_any_event_there_is_none() -> None:
    events = EventTimes(2, 3).close(100)
    assert events.last_ns.tolist() == events.next_ns.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_one_that_concerns_all_stands_in_every_column_and_one_of_an_instrument_in_its_own() -> None:
    known = EventTimes(2, 3)
    known.store(FOMC, None, 50, 1)
    known.store(EARNINGS, 1, 70, 1)
    events = known.close(10)
    assert events.next_ns.tolist() == [[50, 50, 50], [0, 70, 0]]
    assert known.close(50).last_ns.tolist() == [[50, 50, 50], [0, 0, 0]], "at the close it has happened"
    assert known.close(80).last_ns.tolist() == [[50, 50, 50], [0, 70, 0]]


def test_what_is_not_announced_by_the_close_is_not_known() -> None:
    known = EventTimes(1, 1)
    known.store(FOMC, None, 100, 21)
    assert known.close(20).next_ns.tolist() == [[0]]
    assert known.close(21).next_ns.tolist() == [[100]]


def test_one_that_was_told_of_afterwards_is_the_last_one_from_then_on() -> None:
    known = EventTimes(1, 1)
    known.store(FOMC, None, 10, 30)
    assert known.close(20).last_ns.tolist() == [[0]]
    assert known.close(30).last_ns.tolist() == [[10]]


def test_of_one_kind_for_all_and_for_one_the_nearer_counts() -> None:
    known = EventTimes(1, 2)
    for place, times in ((None, (10, 90)), (1, (20, 80))):
        for ts in times:
            known.store(FOMC, place, ts, 1)
    events = known.close(50)
    assert events.last_ns.tolist() == [[10, 20]]
    assert events.next_ns.tolist() == [[90, 80]]


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([None, 0, 1]), st.integers(1, 60), st.integers(1, 60)), max_size=15
    )
)
def test_every_round_agrees_with_a_look_through_all_events(stored: list[tuple[int, int | None, int, int]]) -> None:
    known = EventTimes(2, 2)
    for kind, place, ts, known_ns in stored:
        known.store(kind, place, ts, known_ns)
    for close in (15, 30, 45):
        events = known.close(close)
        for kind in range(2):
            for place in range(2):
                times = [
                    ts
                    for of, whom, ts, known_ns in stored
                    if of == kind and whom in {None, place} and known_ns <= close
                ]
                assert events.last_ns[kind, place] == max((ts for ts in times if ts <= close), default=0)
                assert events.next_ns[kind, place] == min((ts for ts in times if ts > close), default=0)

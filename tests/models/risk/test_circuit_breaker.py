"""The circuit breaker opens after failures in a window, for longer each time, and closes after one success."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nautilus_ai_firm.models.risk.circuit_breaker import CircuitBreaker, State

FAILURES, WINDOW_S, COOL_S, LONGEST_S = 3, 600.0, 30.0, 900.0


def breaker() -> CircuitBreaker:
    return CircuitBreaker(max_failures=FAILURES, window_s=WINDOW_S, cool_down_s=COOL_S, longest_cool_down_s=LONGEST_S)


def failed(one: CircuitBreaker, *times_s: float) -> CircuitBreaker:
    for at_s in times_s:
        one.begin(at_s)
        one.fail(at_s)
    return one


def test_it_opens_with_the_last_failure_that_fits_into_the_window():
    one = failed(breaker(), 0, 100)
    assert one.state(100) is State.CLOSED
    assert failed(one, 599).state(599) is State.OPEN
    assert one.wait_s(599) == 30


def test_failures_further_apart_than_the_window_never_open_it():
    one = failed(breaker(), *(number * 300.0 for number in range(100)))
    assert (one.state(30_000), one.openings) == (State.CLOSED, 0)


def test_half_open_one_attempt_begins_and_no_second():
    one = failed(breaker(), 0, 0, 0)
    assert [one.state(at) for at in (0, 29.9, 30)] == [State.OPEN, State.OPEN, State.HALF_OPEN]
    one.begin(30)
    with pytest.raises(ValueError, match="one is under way"):
        one.begin(31)


def test_a_success_when_half_open_closes_it_and_forgets():
    one = failed(breaker(), 0, 0, 0)
    one.begin(30)
    one.succeed(90)
    one.fail(90)
    assert (one.state(90), one.wait_s(90), one.cool_down_s) == (State.CLOSED, 0, 30)
    assert failed(one, 91).state(91) is State.CLOSED
    assert failed(one, 92).state(92) is State.OPEN


def test_a_success_when_closed_does_not_forget_failures_so_that_what_flaps_opens_it():
    one = breaker()
    for at_s in (100, 200, 300):
        one.begin(at_s - 60)
        one.succeed(at_s)
        one.fail(at_s)
    assert one.state(300) is State.OPEN


def test_each_further_opening_lasts_twice_as_long_up_to_the_longest():
    one, now_s, waits = failed(breaker(), 0, 0, 0), 0.0, list[float]()
    for _ in range(8):
        waits.append(one.wait_s(now_s))
        now_s += waits[-1]
        failed(one, now_s)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_it_is_told_in_order_of_time_and_of_events():
    one = breaker()
    for end in (one.fail, one.succeed):
        with pytest.raises(ValueError, match="no attempt is under way"):
            end(0)
    one.begin(10)
    with pytest.raises(ValueError, match="lies before"):
        one.fail(9)
    with pytest.raises(ValueError, match="the breaker is open"):
        failed(breaker(), 0, 0, 0).begin(1)


@pytest.mark.parametrize(
    "change",
    [{"max_failures": 0}, {"window_s": 0}, {"cool_down_s": 0}, {"longest_cool_down_s": 1}, {"window_s": float("nan")}],
)
def test_numbers_that_make_no_sense_are_refused(change):
    good = {"max_failures": FAILURES, "window_s": WINDOW_S, "cool_down_s": COOL_S, "longest_cool_down_s": LONGEST_S}
    with pytest.raises(ValueError, match="allowed"):
        CircuitBreaker(**(good | change))


class Supervised(RuleBasedStateMachine):
    """Attempts at any time, with a count of one's own of what the breaker must let through."""

    def __init__(self):
        super().__init__()
        self.breaker = breaker()
        self.now_s = 0.0
        self.under_way = False
        self.failures: list[float] = []
        self.begun: list[float] = []

    @rule(seconds=st.floats(0, 1_000))
    def pass_time(self, seconds):
        self.now_s += seconds

    @precondition(lambda self: not self.under_way and self.breaker.wait_s(self.now_s) == 0)
    @rule()
    def begin(self):
        self.breaker.begin(self.now_s)
        self.under_way = True
        self.begun.append(self.now_s)

    @precondition(lambda self: self.under_way)
    @rule(works=st.booleans())
    def end(self, works):
        if works:
            self.breaker.succeed(self.now_s)
        self.breaker.fail(self.now_s)
        self.under_way = False
        self.failures.append(self.now_s)

    @invariant()
    def many_failures_in_a_window_are_followed_by_a_cool_down(self):
        recent = [at_s for at_s in self.failures if at_s > self.now_s - COOL_S]
        assert len(recent) <= FAILURES

    @invariant()
    def no_wait_is_longer_than_the_longest(self):
        rounding = 1e-9  # of now + wait - now
        assert 0 <= self.breaker.wait_s(self.now_s) <= LONGEST_S + rounding


TestSupervised = Supervised.TestCase


@given(step_s=st.floats(0.5, 20), most=st.sampled_from([FAILURES, 1_000]))
def test_the_count_of_failures_in_a_cool_down_finds_a_breaker_that_never_opens(step_s, most):
    one = CircuitBreaker(max_failures=most, window_s=WINDOW_S, cool_down_s=COOL_S, longest_cool_down_s=LONGEST_S)
    tried: list[float] = []
    for number in range(200):
        if one.wait_s(number * step_s) == 0:
            failed(one, number * step_s)
            tried.append(number * step_s)
    busiest = max(sum(at_s - COOL_S < other <= at_s for other in tried) for at_s in tried)
    assert busiest <= FAILURES if most == FAILURES else busiest >= COOL_S // step_s

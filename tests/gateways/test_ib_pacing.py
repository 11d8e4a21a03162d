"""No stretch of requests that waited as told is one that the broker calls a pacing violation."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.gateways.ib_pacing import MARGIN_S, Pacing

WISHES = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 30)), max_size=200)
LATE_S = st.floats(0, MARGIN_S)


def sent(wishes: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Send requests after the pauses that somebody makes, and those that the limiter wants."""
    pacing, now_s, times = Pacing(), 0.0, list[tuple[float, int]]()
    for pause_s, request in wishes:
        now_s += pause_s
        now_s += pacing.wait_s(now_s, request, request // 10)
        assert pacing.wait_s(now_s, request, request // 10) == pytest.approx(0, abs=1e-6)
        pacing.asked(now_s, request, request // 10)
        times.append((now_s, request))
    return times


def violations(times: list[tuple[float, int]]) -> list[str]:
    """Count as the broker does, without margins."""
    found: list[str] = []
    every = [at_s for at_s, _ in times]
    found += ["60 in 600 s" for first, last in zip(every, every[60:], strict=False) if last - first < 600]
    for request in {request for _, request in times}:
        same = [at_s for at_s, asked in times if asked == request]
        found += ["identical" for one, other in pairwise(same) if other - one < 15]
    for contract in {request // 10 for _, request in times}:
        alike = [at_s for at_s, asked in times if asked // 10 == contract]
        found += ["contract" for first, last in zip(alike, alike[5:], strict=False) if last - first < 2]
    return found


@given(WISHES, st.data())
def test_who_waits_as_told_never_asks_too_fast_even_if_requests_are_late_on_their_way(
    wishes: list[tuple[float, int]], data: st.DataObject
) -> None:
    late_s = data.draw(st.lists(LATE_S, min_size=len(wishes), max_size=len(wishes)))
    arrived = sorted((at_s + late, request) for (at_s, request), late in zip(sent(wishes), late_s, strict=True))
    assert violations(arrived) == []


def test_a_burst_of_a_hundred_takes_as_long_as_the_rules_say_and_no_longer() -> None:
    times = sent([(0.0, number) for number in range(30)] * 3)
    assert [round(at_s, 3) for at_s, _ in times][:7] == [0, 0, 0, 0, 0, 3, 3]
    assert times[59][0] < 60
    assert 600 < times[60][0] < 602


def test_who_does_not_wait_is_found_out() -> None:
    assert set(violations([(0.01 * number, number % 30) for number in range(100)])) == {
        "60 in 600 s", "identical", "contract",
    }  # fmt: skip


def test_what_was_asked_is_told_in_order_of_time() -> None:
    pacing = Pacing()
    pacing.asked(5.0, 1, 1)
    with pytest.raises(ValueError, match="lies before"):
        pacing.asked(4.0, 2, 2)

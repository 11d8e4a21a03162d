"""How much an agent said: views, their share, the rounds with one, their size."""

import math

import pandas as pd

from nautilus_ai_firm.research.agent_coverage import agent_coverage

NAN = float("nan")


def signals(*rows: tuple[int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["ts", "agent", "score"])


def test_views_are_counted_over_instruments_and_rounds_and_a_zero_is_one() -> None:
    (one,) = agent_coverage(signals((1, "a", 0.5), (1, "a", NAN), (2, "a", NAN), (2, "a", NAN), (3, "a", 0.0)))
    assert (one.agent, one.cells, one.views, one.rounds_with_view) == ("a", 5, 2, 2)
    assert one.coverage == 0.4
    assert one.mean_size == 0.25


def test_two_views_of_a_round_are_one_round_and_signs_do_not_cancel() -> None:
    (one,) = agent_coverage(signals((1, "a", 0.5), (1, "a", -0.5)))
    assert (one.views, one.rounds_with_view, one.mean_size) == (2, 1, 0.5)


def test_who_says_nothing_has_a_coverage_of_0_and_no_size() -> None:
    (one,) = agent_coverage(signals((1, "a", NAN), (2, "a", NAN)))
    assert (one.views, one.coverage, one.rounds_with_view) == (0, 0.0, 0)
    assert math.isnan(one.mean_size)


def test_agents_stand_in_the_order_in_which_they_spoke_first() -> None:
    told = agent_coverage(signals((1, "z", 0.1), (1, "a", 0.2), (2, "z", 0.3), (2, "a", NAN)))
    assert [one.agent for one in told] == ["z", "a"]

"""The last quote of each instrument up to a close; one after it waits for its own round."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.market.last_quotes import LastQuotes

EARLY, LATER = (9.0, 11.0, 100.0, 200.0), (9.5, 10.5, 300.0, 400.0)


def test_without_a_quote_there_is_none_and_it_is_not_fresh() -> None:
    quotes = LastQuotes(2).close(10)
    assert np.isnan([quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size]).all()
    assert quotes.fresh.tolist() == [False, False]


def test_the_last_quote_up_to_the_close_counts_and_stays_until_another_one_comes() -> None:
    kept = LastQuotes(2)
    kept.store(0, 8, EARLY)
    kept.store(0, 10, LATER)
    first, second = kept.close(10), kept.close(20)
    for quotes in (first, second):
        assert (quotes.bid[0], quotes.ask[0], quotes.bid_size[0], quotes.ask_size[0]) == LATER
        assert np.isnan(quotes.bid[1])
    assert first.fresh.tolist() == [True, False]
    assert second.fresh.tolist() == [False, False]


def test_a_quote_after_the_close_is_not_in_the_round_even_if_it_came_before_the_bar() -> None:
    kept = LastQuotes(1)
    kept.store(0, 10, EARLY)
    kept.store(0, 11, LATER)
    assert kept.close(10).bid.tolist() == [EARLY[0]]
    following = kept.close(20)
    assert following.bid.tolist() == [LATER[0]]
    assert following.fresh.tolist() == [True]


def test_a_closed_round_does_not_change() -> None:
    kept = LastQuotes(1)
    kept.store(0, 10, EARLY)
    first = kept.close(10)
    kept.store(0, 15, LATER)
    kept.close(20)
    assert first.bid.tolist() == [EARLY[0]]
    assert first.fresh.tolist() == [True]


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2)), unique_by=lambda one: one))
def test_every_round_agrees_with_a_look_through_all_quotes(stored: list[tuple[int, int]]) -> None:
    kept = LastQuotes(3)
    for ts, place in sorted(stored):
        kept.store(place, ts, (float(ts), ts + 1.0, 1.0, 1.0))
    for close, before in ((10, 0), (20, 10), (30, 20)):
        quotes = kept.close(close)
        for place in range(3):
            times = [ts for ts, whose in stored if whose == place and ts <= close]
            assert quotes.bid[place] == max(times) if times else np.isnan(quotes.bid[place])
            assert quotes.fresh[place] == any(ts > before for ts in times)

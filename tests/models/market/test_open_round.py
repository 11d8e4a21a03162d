"""Bars and figures of one round: what is missing is stale, and what is known is kept."""

import numpy as np
import pytest

from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes, ContractTerms
from nautilus_ai_firm.models.market.open_round import OpenRound
from nautilus_ai_firm.models.market.watched_data import WatchedData

BAR = (1.0, 3.0, 0.5, 2.0, 100.0)


def test_an_instrument_without_a_bar_keeps_its_last_close_without_volume() -> None:
    opened = OpenRound(2, 0, {}, frozenset())
    opened.store_bar(0, BAR)
    first = opened.close(1, 10)
    assert first.fresh.tolist() == [True, False]
    assert np.isnan(first.close[1])
    assert np.isnan(first.volume[1])
    second = opened.close(2, 20)
    assert second.fresh.tolist() == [False, False]
    assert [float(getattr(second, name)[0]) for name in ("open", "high", "low", "close", "volume")] == [2, 2, 2, 2, 0]


def test_a_round_does_not_change_when_the_next_one_fills() -> None:
    opened = OpenRound(1, 1, {0: 5.0}, frozenset())
    opened.store_bar(0, BAR)
    first = opened.close(1, 10)
    opened.store_bar(0, (9.0, 9.0, 9.0, 9.0, 9.0))
    opened.store_input(0, 6.0, 11)
    assert first.close.tolist() == [2.0]
    assert first.inputs.tolist() == [5.0]
    assert first.fresh.tolist() == [True]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_figures_the_one_of_the_later_period_counts(order: tuple[int, int]) -> None:
    opened = OpenRound(1, 1, {}, frozenset())
    for place in order:
        opened.store_input(0, [1.0, 2.0][place], [100, 200][place])
    assert opened.close(1, 300).inputs.tolist() == [2.0]


def test_it_is_full_when_all_instruments_and_awaited_inputs_have_reported() -> None:
    opened = OpenRound(2, 2, {}, frozenset({1}))
    for _ in range(2):
        assert not opened.is_full
        opened.store_bar(0, BAR)
        opened.store_bar(1, BAR)
        assert not opened.is_full
        opened.store_input(0, 1.0, 1)
        assert not opened.is_full
        opened.store_input(1, 1.0, 1)
        assert opened.is_full
        opened.close(1, 10)


def chained(*, is_input: bool) -> OpenRound:
    terms = ContractTerms(
        underlying="A",
        names=(),
        strike=np.empty(0),
        expiry_ns=np.empty(0, dtype=np.int64),
        is_call=np.empty(0, dtype=np.bool_),
        multiplier=np.empty(0),
        spot_place=0,
        spot_is_input=is_input,
    )
    return OpenRound(1, 1, {0: 7.0}, frozenset(), WatchedData(chains=(ChainQuotes(terms),)))


def test_the_spot_is_a_close_of_this_round_and_never_one_from_before() -> None:
    opened = chained(is_input=False)
    opened.store_bar(0, BAR)
    assert opened.close(1, 10).chains[0].spot == BAR[3]
    assert np.isnan(opened.close(2, 20).chains[0].spot)


def test_a_spot_from_an_input_is_of_this_round_too() -> None:
    opened = chained(is_input=True)
    assert np.isnan(opened.close(1, 10).chains[0].spot), "7.0 is known, and from another time"
    opened.store_input(0, 8.0, 20)
    assert opened.close(2, 20).chains[0].spot == 8.0
    assert np.isnan(opened.close(3, 30).chains[0].spot)


def test_a_round_tells_its_session_and_nothing_that_is_not_watched() -> None:
    snapshot = OpenRound(1, 0, {}, frozenset()).close(1, 10, (5, 15))
    assert (snapshot.session_open_ns, snapshot.session_close_ns) == (5, 15)
    assert (snapshot.quotes, snapshot.events, snapshot.chains) == (None, None, ())

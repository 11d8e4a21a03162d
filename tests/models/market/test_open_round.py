"""Bars and figures of one round: what is missing is stale, and what is known is kept."""

import numpy as np
import pytest

from nautilus_ai_firm.models.market.open_round import OpenRound

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

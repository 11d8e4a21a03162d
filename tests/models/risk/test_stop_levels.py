"""Stop levels: they only tighten, they never stand beyond the close, and long and short are mirror images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.stop_levels import StopCause, StopLevels, StopRules

NAN = float("nan")
PLAIN = StopRules(initial_atr=2.0)


def closed(levels, position, entry, close, atr=1.0, fresh=True):
    """One round of one instrument; returns the level, and what is to be closed."""
    one = lambda value: np.array([value])  # noqa: E731 - arrays of one
    _, exits = levels.update(one(position), one(float(entry)), one(float(close)), one(fresh), one(float(atr)))
    return float(levels.level[0]), [cause for _, cause in exits]


def entered(rules, position=100, entry=100.0, atr=1.0):
    """Levels of one instrument in which a fill opened a position in the round after a flat one."""
    levels = StopLevels(rules, 1)
    closed(levels, 0, NAN, entry, atr)
    levels.fill(0, position, entry)
    return levels


@pytest.mark.parametrize(("position", "level"), [(100, 98.0), (-100, 102.0)])
def test_a_fill_sets_the_initial_level_from_its_price(position, level):
    assert entered(PLAIN, position).level[0] == level
    fraction = StopRules(initial_fraction=0.02)
    assert entered(fraction, position, atr=NAN).level[0] == pytest.approx(level)


def first_levels(rules, position, entry, atr):
    """The first level as a fill sets it, which looks at one instrument alone, and as a round does."""
    filled, counted = entered(rules, position, entry, atr), StopLevels(rules, 1)
    closed(counted, 0, NAN, entry, atr)
    closed(counted, position, entry, entry * (1e9 if position > 0 else 1e-9), atr)  # a close that passes no level
    return filled.level, counted.level


@given(
    st.sampled_from([PLAIN, StopRules(initial_fraction=0.02)]),
    st.sampled_from([-7, 3]),
    st.floats(0.01, 1e6),
    st.one_of(st.floats(1e-6, 1e6), st.just(NAN)),
)
def test_a_fill_and_a_round_set_the_same_first_level_to_the_bit(rules, position, entry, atr):
    np.testing.assert_array_equal(*first_levels(rules, position, entry, atr))


def test_a_fill_that_rounds_otherwise_is_found(monkeypatch):
    """The control: one unit in the last place."""
    monkeypatch.setattr(StopLevels, "_first", lambda _, side, price, atr: np.nextafter(price - side * 2.0 * atr, 0.0))
    filled, counted = first_levels(PLAIN, 3, 100.0, 1.0)
    assert filled[0] != counted[0]


def test_more_of_the_same_position_leaves_the_level_and_a_turn_begins_anew():
    levels = entered(PLAIN)
    assert not levels.fill(0, 150, 101.0)
    assert levels.level[0] == 98.0
    assert levels.fill(0, -50, 99.0)
    assert levels.level[0] == 101.0
    assert not levels.fill(0, 0, NAN)
    assert np.isnan(levels.level[0])


def test_the_trailing_level_follows_the_best_close_and_stays():
    levels = entered(StopRules(initial_atr=2.0, trailing_atr=2.0))
    assert [closed(levels, 100, 100, close)[0] for close in (101, 104, 103, 105, 104)] == [99, 102, 102, 103, 103]
    assert levels.cause(0) is StopCause.TRAILING


def test_break_even_comes_with_the_stated_gain_at_a_close():
    levels = entered(StopRules(initial_atr=2.0, break_even_gain=0.03))
    assert [closed(levels, 100, 100, close)[0] for close in (102.9, 103, 101)] == [98, 100, 100]
    assert levels.cause(0) is StopCause.BREAK_EVEN


def test_a_time_stop_counts_rounds_with_a_bar_and_asks_until_the_position_is_gone():
    levels = entered(StopRules(initial_atr=2.0, max_rounds=2))
    assert closed(levels, 100, 100, 100)[1] == []
    assert closed(levels, 100, 100, NAN, fresh=False)[1] == []
    assert closed(levels, 100, 100, 100)[1] == [StopCause.TIME]
    assert closed(levels, 100, 100, 100)[1] == [StopCause.TIME]
    assert closed(levels, 0, NAN, 100)[1] == []
    assert closed(levels, 100, 100, 100)[1] == []


def test_a_level_that_the_close_has_passed_is_an_exit_and_no_level():
    levels = entered(StopRules(initial_atr=2.0, trailing_atr=2.0))
    closed(levels, 100, 100, 110)
    level, exits = closed(levels, 100, 100, 109, atr=0.4)  # a calmer market: the best close less 0.8 is above the close
    assert (level, exits) == (108.0, [StopCause.CROSSED])


def test_a_position_found_under_water_is_closed():
    assert closed(StopLevels(PLAIN, 1), 100, 100, 97) == (pytest.approx(NAN, nan_ok=True), [StopCause.CROSSED])


def test_a_position_that_was_there_already_gets_a_level_at_the_first_close():
    assert closed(StopLevels(PLAIN, 1), -100, 100, 99)[0] == 102.0


def test_without_a_true_range_there_is_no_level_until_it_is_known():
    levels = entered(PLAIN, atr=NAN)
    assert np.isnan(levels.level[0])
    assert closed(levels, 100, 100, 105, atr=3.0)[0] == 94.0


def test_a_level_at_or_below_zero_is_none():
    assert np.isnan(entered(StopRules(initial_atr=2.0), entry=1.0, atr=5.0).level[0])


def test_an_instrument_without_a_bar_keeps_its_level():
    levels = entered(StopRules(initial_atr=2.0, trailing_atr=2.0))
    closed(levels, 100, 100, 104)
    assert closed(levels, 100, 100, 120, fresh=False)[0] == 102.0
    assert closed(levels, 100, 100, NAN)[0] == 102.0


@pytest.mark.parametrize(
    "values",
    [{}, {"initial_atr": 1.0, "initial_fraction": 0.1}, {"initial_atr": 0.0}, {"initial_atr": float("inf")},
     {"initial_atr": 1.0, "trailing_atr": -1.0}, {"initial_atr": 1.0, "max_rounds": 0}],
)  # fmt: skip
def test_rules_that_say_nothing_are_refused(values):
    with pytest.raises(ValueError, match=r"allowed is a finite number above 0|exactly one of them"):
        StopRules(**values)


CLOSES = st.lists(st.integers(8000, 12500).map(lambda cents: cents / 100), min_size=1, max_size=30)
RULES = st.builds(
    StopRules,
    initial_atr=st.sampled_from([0.5, 2.0, 8.0]),
    trailing_atr=st.sampled_from([None, 1.0, 4.0]),
    break_even_gain=st.sampled_from([None, 0.02, 0.1]),
    max_rounds=st.sampled_from([None, 5]),
)


def history(rules, side, closes, atrs, scale=1.0):
    levels = entered(rules, side, 100.0 * scale, atrs[0] * scale)
    out = [(float(levels.level[0]), [])]
    for close, atr in zip(closes, atrs, strict=True):
        out.append(closed(levels, side, 100.0 * scale, close * scale, atr * scale))
    return out


@st.composite
def markets(draw):
    closes = draw(CLOSES)
    return closes, draw(st.lists(st.sampled_from([0.25, 1.0, 3.0]), min_size=len(closes), max_size=len(closes)))


@given(RULES, st.sampled_from([1, -1]), markets())
def test_a_level_never_loosens_and_never_stands_beyond_the_close(rules, side, market):
    before = -np.inf
    for (level, _), close in zip(history(rules, side, *market), [100.0, *market[0]], strict=True):
        assert side * level >= before
        if side * level > before:
            assert side * (close - level) > 0
        before = side * level


@given(RULES, st.sampled_from([1, -1]), markets(), st.integers(1, 30))
def test_a_level_depends_on_nothing_that_comes_later(rules, side, market, cut):
    closes, atrs = market
    assert history(rules, side, closes[:cut], atrs[:cut]) == history(rules, side, closes, atrs)[: cut + 1]


@given(RULES, st.sampled_from([1, -1]), markets(), st.sampled_from([0.5, 4.0]))
def test_levels_scale_with_prices(rules, side, market, scale):
    ours, scaled = history(rules, side, *market), history(rules, side, *market, scale=scale)
    assert [level * scale for level, _ in ours] == [level for level, _ in scaled]
    assert [exits for _, exits in ours] == [exits for _, exits in scaled]


@given(RULES, markets())
def test_short_is_long_in_the_mirror(rules, market):
    closes, atrs = market
    long, short = history(rules, 1, closes, atrs), history(rules, -1, [200.0 - close for close in closes], atrs)
    assert [200.0 - level for level, _ in long] == pytest.approx([level for level, _ in short])
    assert [exits for _, exits in long] == [exits for _, exits in short]


def test_instruments_are_independent():
    levels, ones = StopLevels(StopRules(initial_atr=2.0, trailing_atr=2.0), 3), np.ones(3)
    positions, entries = np.array([10, -10, 0]), np.array([100.0, 50.0, NAN])
    rounds = [
        levels.update(positions, entries, np.array([100.0 + step, 50.0 - step, 20.0]), ones > 0, ones)
        for step in range(3)
    ]
    assert levels.level[:2].tolist() == [100.0, 50.0]
    assert np.isnan(levels.level[2])
    assert [(changed.tolist(), exits) for changed, exits in rounds] == [([True, True, False], [])] * 3

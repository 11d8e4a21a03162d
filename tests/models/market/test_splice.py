"""Two sources meet where their returns agree, whatever their levels, and anything else is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.durations import DAY_NS, MINUTE_NS
from nautilus_ai_firm.models.market.splice import MIN_OVERLAP, Side, SpliceError, splice

START_NS = 1_325_620_800_000_000_000  # 2012-01-03 20:00 UTC
CENT = 0.01


def walk(seed, n_bars, volatility=0.016, first=100.0):
    return first * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, volatility, n_bars)))


def side(close, begin=0, step_ns=DAY_NS, increment=0.0001, volume=1_000.0):
    places = np.arange(begin, begin + len(close))
    return Side(
        ts=START_NS + places * step_ns, close=np.asarray(close), volume=np.full(len(close), volume), increment=increment
    )


def two(seed=0, n_bars=60, overlap=30, factor=1.0, volatility=0.016, step_ns=DAY_NS):
    """Cut one walk into an old and a new series, the new one on another level and in cents."""
    close = walk(seed, n_bars, volatility)
    end = n_bars // 2 + overlap // 2
    begin = end - overlap
    old = side(np.round(close[:end], 4), step_ns=step_ns)
    return old, side(np.round(close[begin:] * factor, 2), begin, step_ns, CENT, volume=2_500.0)


@given(seed=st.integers(0, 300), factor=st.floats(0.3, 7), overlap=st.integers(MIN_OVERLAP, 50))
def test_one_walk_on_two_levels_is_one_and_the_factor_is_found(seed, factor, overlap):
    old, new = two(seed, factor=factor, overlap=overlap)
    how = splice(old, new)
    assert (how.bars, how.ts_first) == (overlap, new.ts[0])
    assert how.price_factor == pytest.approx(factor, rel=1e-3)
    assert how.volume_factor == 2.5
    assert how.largest_difference_bps < 10


@given(seed=st.integers(0, 100), factor=st.floats(0.3, 7))
def test_no_return_is_changed_by_the_factor(seed, factor):
    old, new = two(seed, factor=factor)
    how = splice(old, new)
    before = old.close[old.ts < how.ts_first] * how.price_factor
    whole = np.concatenate([before, new.close])
    place = len(before)
    assert whole[place] / whole[place - 1] == pytest.approx(old.close[place] / old.close[place - 1], rel=1e-12)


@given(seed=st.integers(0, 100), volatility=st.sampled_from([0.016, 0.005, 0.0005, 0.0003]))
def test_another_walk_is_refused_at_every_size_of_bar(seed, volatility):
    old, _ = two(seed, volatility=volatility, step_ns=MINUTE_NS)
    _, other = two(seed + 1_000, volatility=volatility, step_ns=MINUTE_NS)
    with pytest.raises(SpliceError, match="returns disagree"):
        splice(old, other)


@given(seed=st.integers(0, 100), place=st.integers(1, 29), step=st.sampled_from([0.5, 0.9, 0.998, 1.002, 2.0, 7.0]))
def test_an_action_that_only_one_side_knows_is_refused_where_it_is(seed, place, step):
    old, new = two(seed)
    close = new.close.copy()
    close[place:] *= step  # a split, a merger of shares, or a dividend of 20 bps
    with pytest.raises(SpliceError, match="returns disagree at") as refused:
        splice(old, replace(new, close=close))
    assert f"{np.datetime64(int(new.ts[place]), 'ns').astype('datetime64[s]')}Z" in str(refused.value)


def test_the_refusal_names_time_and_both_returns():
    close = np.full(40, 100.0)
    other = np.where(np.arange(40) < 25, 100.0, 101.0)
    with pytest.raises(SpliceError) as refused:
        splice(side(close), side(other, increment=CENT))
    assert str(refused.value) == (
        "returns disagree at 2012-01-28T20:00:00Z: +0.000000 in the old series, +0.010000 in the new one "
        "(allowed: a difference of 11.0 bps)"
    )


def test_an_action_before_the_overlap_is_what_the_factor_is_for():
    old, new = two()
    halved = replace(old, close=old.close * 0.5)
    assert splice(halved, new).price_factor == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(("overlap", "fits"), [(MIN_OVERLAP, True), (MIN_OVERLAP - 1, False), (1, False)])
def test_too_few_bars_in_common_are_refused(overlap, fits):
    old, new = two(overlap=overlap)
    if fits:
        assert splice(old, new).bars == overlap
        return
    with pytest.raises(SpliceError, match=rf"{overlap} bars in common.*\(allowed: 20 or more\)"):
        splice(old, new)


def test_no_bars_at_all_are_refused():
    old, new = two()
    none = side(np.empty(0))
    for pair in ((none, new), (old, none), (none, none)):
        with pytest.raises(SpliceError, match="0 bars in common"):
            splice(*pair)


@pytest.mark.parametrize("which", ["old", "new"])
def test_a_hole_in_one_of_them_is_refused(which):
    sides = dict(zip(("old", "new"), two(), strict=True))
    whole = sides[which]
    hole = len(whole.ts) - 10 if which == "old" else 10
    keep = np.arange(len(whole.ts)) != hole
    sides[which] = replace(whole, ts=whole.ts[keep], close=whole.close[keep], volume=whole.volume[keep])
    with pytest.raises(SpliceError, match=f"no bar at .* in the {which} series"):
        splice(**sides)


def test_what_either_has_beyond_the_other_does_not_count():
    close = walk(1, 80)
    how = splice(side(close[30:60], 30), side(close, increment=CENT))
    assert (how.bars, how.ts_first) == (30, START_NS + 30 * DAY_NS)


def test_a_price_that_is_no_number_is_refused():
    old, new = two()
    close = new.close.copy()
    close[4] = np.nan
    with pytest.raises(SpliceError, match="returns disagree at"):
        splice(old, replace(new, close=close))


def test_a_market_that_stands_still_is_spliced_and_volumes_of_nothing_are_left_alone():
    close = np.full(40, 50.0)
    how = splice(side(close, volume=0.0), side(close * 2))
    assert (how.price_factor, how.volume_factor, how.largest_difference_bps) == (2, 1, 0)


def test_rounding_to_the_cent_of_a_cheap_share_is_no_disagreement_but_the_same_in_a_dear_one_is():
    close = walk(3, 60, first=4.0)
    splice(side(close), side(np.round(close, 2), increment=CENT))
    rough = np.round(close, 2) * 100  # the same steps, of a price that has finer ones
    with pytest.raises(SpliceError, match="returns disagree"):
        splice(side(close), side(rough, increment=CENT))

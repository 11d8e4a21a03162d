import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.models.estimators.session_bars import SessionBars

OPENS, CLOSES = 9 * HOUR_NS, 16 * HOUR_NS


def bar(ts, prices, session=(OPENS, CLOSES), fresh=None):
    """One round whose instruments have bars (open, high, low, close)."""
    table = np.array(prices, dtype=float).T.copy()
    return MarketSnapshot(
        round=1,
        ts_event=ts,
        open=table[0].copy(),
        high=table[1].copy(),
        low=table[2].copy(),
        close=table[3].copy(),
        volume=np.ones(len(prices)),
        fresh=np.ones(len(prices), dtype=bool) if fresh is None else np.array(fresh),
        inputs=np.empty(0),
        inputs_fresh=np.empty(0, dtype=bool),
        session_open_ns=session[0],
        session_close_ns=session[1],
    )


def flat(price):
    return (price, price, price, price)


def test_moves_within_and_between_sessions_add_up_to_the_whole_move():
    bars = SessionBars(1)
    assert bars.update(bar(10 * HOUR_NS, [(100, 104, 99, 102)]))
    assert bars.returns.tolist() == pytest.approx([np.log(1.02)])
    assert np.isnan(bars.gaps).all()
    assert (bars.is_first, bars.is_ending, bars.elapsed_ns) == (True, False, HOUR_NS)
    assert bars.update(bar(15 * HOUR_NS, [(102, 106, 102, 105)]))
    assert bars.returns.tolist() == pytest.approx([np.log(105 / 102)])
    assert bars.drift.tolist() == pytest.approx([np.log(1.05)])
    assert (bars.is_first, bars.is_ending) == (False, True)
    morrow = (OPENS + DAY_NS, CLOSES + DAY_NS)
    assert bars.update(bar(DAY_NS + 10 * HOUR_NS, [(110, 111, 107, 108)], morrow))
    assert bars.gaps.tolist() == pytest.approx([np.log(110 / 105)])
    assert bars.returns.tolist() == pytest.approx([np.log(108 / 110)])
    assert bars.gaps + bars.returns == pytest.approx([np.log(108 / 105)])
    assert bars.count.tolist() == [1]
    assert bars.is_first


def test_a_gap_within_a_session_is_one_return_that_began_where_the_instrument_was_last_seen():
    bars = SessionBars(2)
    bars.update(bar(10 * HOUR_NS, [flat(100), flat(50)]))
    bars.update(bar(11 * HOUR_NS, [flat(101), flat(7)], fresh=[True, False]))
    assert np.isnan(bars.returns).tolist() == [False, True]
    bars.update(bar(12 * HOUR_NS, [flat(102), flat(55)]))
    assert bars.returns.tolist() == pytest.approx([np.log(102 / 101), np.log(1.1)])
    assert (bars.began_ns // HOUR_NS).tolist() == [2, 1]
    assert bars.count.tolist() == [3, 2]
    assert np.isnan(bars.gaps).all()


def test_an_instrument_that_comes_late_starts_with_its_own_first_bar():
    bars = SessionBars(2)
    bars.update(bar(10 * HOUR_NS, [flat(100), flat(50)], fresh=[True, False]))
    bars.update(bar(11 * HOUR_NS, [flat(101), (50, 52, 50, 51)]))
    assert bars.returns[1] == pytest.approx(np.log(1.02))
    assert bars.drift[1] == pytest.approx(np.log(1.02))
    assert bars.began_ns.tolist() == [HOUR_NS, HOUR_NS]
    assert bars.count.tolist() == [2, 1]


def test_where_sessions_touch_the_round_between_them_belongs_to_the_one_that_ends():
    second = (DAY_NS, 2 * DAY_NS)
    bars = SessionBars(1)
    bars.update(bar(DAY_NS - HOUR_NS, [flat(100)], (1, DAY_NS)))
    assert bars.update(bar(DAY_NS, [flat(101)], second))
    assert not bars.is_first
    assert bars.is_ending
    assert bars.elapsed_ns == DAY_NS - 1
    assert bars.update(bar(DAY_NS + HOUR_NS, [flat(102)], second))
    assert bars.is_first
    assert bars.elapsed_ns == HOUR_NS


def test_daily_bars_of_sessions_that_touch_are_one_session_each_also_after_a_weekend():
    """The round at a close is told of the session that opens then; nobody is told of the one from Sunday to Monday."""
    bars = SessionBars(1)
    for day, opens, price in ((1, 1, 100), (2, 2, 101), (3, 2, 103), (6, 6, 104), (7, 7, 102)):
        prices = (price - 1, price, price - 1, price)
        assert bars.update(bar(day * DAY_NS, [prices], (opens * DAY_NS, (opens + 1) * DAY_NS)))
        assert bars.is_first
        assert bars.is_ending
        assert bars.elapsed_ns == DAY_NS
        assert bars.returns.tolist() == pytest.approx([np.log(price / (price - 1))])
    assert bars.gaps.tolist() == pytest.approx([np.log(101 / 104)])


def test_a_round_outside_of_sessions_changes_nothing():
    bars = SessionBars(1)
    bars.update(bar(15 * HOUR_NS, [flat(100)]))
    assert not bars.update(bar(20 * HOUR_NS, [flat(70)], (0, 0)))
    bars.update(bar(DAY_NS + 10 * HOUR_NS, [flat(110)], (OPENS + DAY_NS, CLOSES + DAY_NS)))
    assert bars.gaps.tolist() == pytest.approx([np.log(1.1)])


def test_the_only_round_of_a_session_is_its_last_one():
    bars = SessionBars(1)
    bars.update(bar(CLOSES, [flat(100)]))
    assert bars.is_first
    assert bars.is_ending


def test_after_a_hole_the_first_bar_is_no_longer_than_the_one_before_it():
    bars = SessionBars(1)
    bars.update(bar(10 * HOUR_NS, [flat(100)]))
    bars.update(bar(11 * HOUR_NS, [flat(100)]))
    bars.update(bar(DAY_NS + 13 * HOUR_NS, [flat(110)], (OPENS + DAY_NS, CLOSES + DAY_NS)))
    assert bars.bar_ns == HOUR_NS
    assert bars.began_ns.tolist() == [3 * HOUR_NS]


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_bad_price_makes_the_bar_a_missing_one(bad, place):
    prices = [100.0, 101.0, 99.0, 100.5]
    prices[place] = bad
    bars = SessionBars(1)
    bars.update(bar(10 * HOUR_NS, [flat(100)]))
    bars.update(bar(11 * HOUR_NS, [prices]))
    assert np.isnan([bars.returns, bars.gaps, bars.drift]).all()
    assert bars.count.tolist() == [1]
    bars.update(bar(12 * HOUR_NS, [flat(103)]))
    assert bars.returns.tolist() == pytest.approx([np.log(1.03)])

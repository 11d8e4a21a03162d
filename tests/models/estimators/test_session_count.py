from itertools import accumulate, pairwise

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import HOUR_NS
from nautilus_ai_firm.models.estimators.session_count import SessionCount


def numbers(times_ns, gap_hours=4.0):
    count = SessionCount(gap_hours)
    return [count.update(int(ts)) for ts in times_ns]


@pytest.mark.parametrize("calendar", ["XNYS", "XLON", "CMES"])
@pytest.mark.parametrize("minutes", [1, 60])
def test_intraday_bars_are_in_the_sessions_of_their_exchange(calendar, minutes):
    """A month with a half day; futures that pause for an hour have one session a week."""
    start, end = (pd.Timestamp(day, tz="UTC").value for day in ("2012-11-05", "2012-12-05"))
    sessions = Sessions.between(calendar, start, end)
    step = minutes * 60_000_000_000
    times, expected = [], []
    for number, (opens, closes) in enumerate(zip(sessions.opens_ns, sessions.closes_ns, strict=True)):
        closes_of_bars = np.append(np.arange(opens + step, closes, step), closes)
        times.extend(closes_of_bars.tolist())
        expected.extend([number] * len(closes_of_bars))
    nights = [later - earlier >= 4 * HOUR_NS for earlier, later in pairwise(times)]
    assert numbers(times) == [0, *accumulate(nights)]
    if calendar != "CMES":
        assert numbers(times) == expected


def test_daily_bars_are_in_one_session():
    sessions = Sessions.between("XNYS", 1_350_000_000_000_000_000, 1_360_000_000_000_000_000)
    assert set(numbers(sessions.closes_ns)) == {0}


def test_the_gap_itself_is_a_night_and_a_shorter_silence_is_none():
    assert numbers(np.cumsum([0, 1, 4, 3.999, 24]) * HOUR_NS) == [0, 0, 1, 1, 2]


def test_nothing_shows_that_bars_are_intraday_before_two_of_them_were_close():
    assert numbers(np.cumsum([0, 20, 1, 20]) * HOUR_NS) == [0, 0, 0, 1]


@pytest.mark.parametrize("gap", [0.0, -1.0, float("nan")])
def test_a_gap_of_nothing_is_refused(gap):
    with pytest.raises(ValueError, match="gap_hours is"):
        SessionCount(gap)

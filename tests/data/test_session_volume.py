"""Bars become sessions of bins by the exchange's calendar: half days and torn sessions are left out, and said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.session_volume import session_volume
from nautilus_ai_firm.data.sessions import Sessions
from nautilus_ai_firm.durations import MINUTE_NS


def ns(text: str) -> int:
    return pd.Timestamp(text).as_unit("ns").value


SESSIONS = Sessions.between("XNYS", ns("2013-11-25"), ns("2013-12-10"))


def minutes(date, volume, first=0):
    """One-minute bars of a session from its minute `first` on; prices rise with the minute."""
    opened = int(SESSIONS.open_of(np.array([date], dtype="datetime64[D]"))[0])
    starts = opened + (first + np.arange(len(volume))) * MINUTE_NS
    price = np.arange(100, 100 + len(volume), dtype=np.float64)
    return BarColumns(
        ts_open_ns=starts,
        ts_close_ns=starts + MINUTE_NS,
        open=price,
        high=price + 2,
        low=price - 2,
        close=price,
        volume=np.asarray(volume, dtype=np.float64),
    )


def together(*pieces):
    names = ("ts_open_ns", "ts_close_ns", "open", "high", "low", "close", "volume")
    return BarColumns(**{name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names})


def test_minutes_are_added_up_in_bins_with_their_value():
    found = session_volume(minutes("2013-11-27", np.arange(1.0, 391.0)), SESSIONS, 30)
    assert found.dates.tolist() == [pd.Timestamp("2013-11-27").date()]
    assert found.volume.shape == (1, 13)
    assert found.volume[0, :2].tolist() == [465, 1365]  # 1 + ... + 30, 31 + ... + 60
    assert found.value[0, 0] == sum((k + 1) * (100 + k) for k in range(30))
    assert found.left_out == ()


def test_a_half_day_and_a_torn_one_are_left_out_and_said():
    found = session_volume(
        together(
            minutes("2013-11-27", np.ones(390)),
            minutes("2013-11-29", np.ones(210)),
            minutes("2013-12-02", np.ones(385), first=5),
            minutes("2013-12-03", np.ones(385)),
            minutes("2013-12-04", np.ones(390)),
        ),
        SESSIONS,
        5,
    )
    assert [str(date) for date in found.dates] == ["2013-11-27", "2013-12-04"]
    assert found.left_out == (
        "2013-11-29: 210 minutes, not 390",
        "2013-12-02: no volume in its first or its last bin",
        "2013-12-03: no volume in its first or its last bin",
    )


def test_of_two_lengths_that_are_as_common_the_longer_one_is_usual():
    both = together(minutes("2013-11-27", np.ones(390)), minutes("2013-11-29", np.ones(210)))
    assert session_volume(both, SESSIONS, 5).volume.shape == (1, 78)


def test_a_bin_without_bars_traded_nothing_and_bars_outside_do_not_count():
    whole = minutes("2013-11-27", np.ones(400))  # ten minutes beyond the close
    kept = whole.take(np.delete(np.arange(400), slice(30, 45)))
    found = session_volume(kept, SESSIONS, 15)
    assert found.volume[0].tolist() == [15, 15, 0, *[15] * 23]


def test_later_sessions_do_not_change_earlier_rows():
    first = minutes("2013-11-27", np.arange(1.0, 391.0))
    both = together(first, minutes("2013-12-02", np.arange(390.0, 0.0, -1)))
    assert (session_volume(both, SESSIONS, 5).volume[:1] == session_volume(first, SESSIONS, 5).volume).all()


@pytest.mark.parametrize("bin_minutes", [0, -5])
def test_bins_without_length_are_refused(bin_minutes):
    with pytest.raises(DataError, match="allowed: from 1"):
        session_volume(minutes("2013-11-27", np.ones(390)), SESSIONS, bin_minutes)


def test_bars_longer_than_a_bin_and_bars_outside_of_all_sessions_are_refused():
    opened = minutes("2013-11-27", np.ones(1))
    hour = replace(opened, ts_close_ns=opened.ts_open_ns + 60 * MINUTE_NS)
    with pytest.raises(DataError, match="no shorter than the bars"):
        session_volume(hour, SESSIONS, 5)
    with pytest.raises(DataError, match="none of them in a session of XNYS"):
        session_volume(minutes("2013-11-27", np.ones(5), first=400), SESSIONS, 5)

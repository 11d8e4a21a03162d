from datetime import timedelta

import pytest

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, MINUTE_NS, MS_NS, SECOND_NS

LENGTHS = {
    MS_NS: timedelta(milliseconds=1),
    SECOND_NS: timedelta(seconds=1),
    MINUTE_NS: timedelta(minutes=1),
    HOUR_NS: timedelta(hours=1),
    DAY_NS: timedelta(days=1),
}


@pytest.mark.parametrize(("length_ns", "length"), LENGTHS.items(), ids=str)
def test_each_length_is_so_many_nanoseconds(length_ns, length):
    assert length_ns == length // timedelta(microseconds=1) * 1_000

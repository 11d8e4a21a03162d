"""What no bar or macro series may hold is refused with file, row, value and what is allowed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.data.columns import BarColumns, ObservationColumns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.series_faults import check_bars, check_observations

GOOD = {
    "ts_open_ns": [100, 200, 300],
    "ts_close_ns": [200, 300, 400],
    "open": [10.0, 11.0, 12.0],
    "high": [11.0, 12.0, 13.0],
    "low": [9.0, 10.0, 11.0],
    "close": [10.5, 11.5, 12.5],
    "volume": [0.0, 1.0, 2.0],
}


def bars(**changes) -> BarColumns:
    columns = {name: np.array(values) for name, values in GOOD.items()}
    for name, value in changes.items():
        columns[name][1] = value
    return BarColumns(**columns)


def test_good_bars_pass():
    check_bars(bars(), "aapl.csv")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"open": np.nan}, r"open nan \(allowed: above 0"),
        ({"close": np.inf}, r"close inf \(allowed: above 0"),
        ({"low": -1.0}, r"low -1.0 \(allowed: above 0"),
        ({"low": 0.0}, r"low 0.0 \(allowed: above 0"),
        ({"high": 11.4}, r"high 11.4 \(allowed: at least open and close, 11.5"),
        ({"low": 11.2}, r"low 11.2 \(allowed: at most open and close, 11.0"),
        ({"volume": -5.0}, r"volume -5.0 \(allowed: 0 to"),
        ({"volume": np.nan}, r"volume nan \(allowed: 0 to"),
        ({"ts_close_ns": 200}, r"bar start 1970-01-01T00:00:00Z \(allowed: before its close"),
        ({"ts_open_ns": 199}, r"bar start 1970-01-01T00:00:00Z \(allowed: at or after the close before it"),
    ],
)
def test_a_bad_bar_is_refused_with_file_and_row(changes, message):
    with pytest.raises(DataError, match=rf"^aapl.csv:2: {message}"):
        check_bars(bars(**changes), "aapl.csv")


def test_the_row_is_the_line_of_the_file_when_it_is_known():
    with pytest.raises(DataError, match=r"^aapl.csv:41: open nan"):
        check_bars(bars(open=np.nan), "aapl.csv", np.array([40, 41, 42]))


def test_repeated_and_unsorted_bars_are_refused():
    check_bars(bars().take(np.array([0, 2])), "aapl.csv")
    for order in ([0, 0, 1], [1, 0, 2]):
        with pytest.raises(DataError, match=r"^aapl.csv:2: bar start"):
            check_bars(bars().take(np.array(order)), "aapl.csv")


def test_columns_of_different_length_are_refused():
    with pytest.raises(DataError, match="equal lengths"):
        BarColumns(**{**{name: np.array(values) for name, values in GOOD.items()}, "close": np.array([1.0])})


def test_columns_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        bars().close[0] = 1.0


prices = st.floats(0.001, 1e6)


@given(st.lists(st.tuples(prices, prices, prices, prices), min_size=1, max_size=20), st.floats(0.01, 50))
def test_adjusting_and_rounding_keep_the_order_of_prices(rows, factor):
    ordered = np.sort(np.array(rows), axis=1)
    times = np.arange(len(rows)) * 100
    series = BarColumns(
        ts_open_ns=times,
        ts_close_ns=times + 100,
        low=ordered[:, 0],
        open=ordered[:, 1],
        close=ordered[:, 2],
        high=ordered[:, 3],
        volume=np.full(len(rows), 1000.0),
    )
    factors = np.full(len(rows), factor)
    adjusted = series.adjusted(factors, factors)
    rounded = adjusted.rounded()
    assert (rounded.high >= np.maximum(rounded.open, rounded.close)).all()
    assert (rounded.low <= np.minimum(rounded.open, rounded.close)).all()
    np.testing.assert_allclose(rounded.close, adjusted.close, atol=0.5001e-4)
    np.testing.assert_allclose(adjusted.close * adjusted.volume, series.close * series.volume)  # notional is kept


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": np.nan}, "value nan"),
        ({"source": " "}, "no source"),
        ({"ts_init_ns": 150}, "published .* at or after the end of its period"),
        ({"ts_event_ns": 100}, "period end .* after the one before"),
        ({"ts_event_ns": 101, "ts_init_ns": 120}, "published .* not before the one before"),
    ],
)
def test_a_bad_observation_is_refused(changes, message):
    columns = {
        "ts_event_ns": np.array([100, 200, 300]),
        "ts_init_ns": np.array([130, 230, 330]),
        "value": np.array([1.0, 2.0, 3.0]),
        "source": np.array(["here", "here", "here"]),
    }
    check_observations(ObservationColumns(**columns), "wti")
    for name, value in changes.items():
        columns[name][1] = value
    with pytest.raises(DataError, match=rf"^wti:2: {message}"):
        check_observations(ObservationColumns(**columns), "wti")

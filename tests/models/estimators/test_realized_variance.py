import numpy as np
import pandas as pd
import pytest

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.estimators.realized_variance import RealizedVariance


@pytest.fixture
def times():
    """Closes of 300 business days, nanoseconds."""
    return pd.bdate_range("2020-01-01", periods=300).as_unit("ns").asi8


def incremental(length, times, closes, fresh=None):
    estimator = RealizedVariance(length, closes.shape[1])
    fresh = np.ones(closes.shape, dtype=bool) if fresh is None else fresh
    return np.array([estimator.update(int(t), *row) for t, *row in zip(times, closes, fresh, strict=True)])


def test_equals_pandas(times, closes):
    closes = closes[:300]
    squares = np.asarray((pd.DataFrame(np.log(closes)).diff() ** 2).rolling(21).sum())
    years = np.asarray((pd.Series(times).diff() / DAY_NS / 365).rolling(21).sum())
    expected = squares / years[:, np.newaxis]
    np.testing.assert_allclose(incremental(21, times, closes), expected, rtol=1e-9)


def test_is_the_variance_per_year_whatever_a_bar_is():
    """A volatility of 20 % a year, in bars of a day and of an hour through weekends."""
    rng = np.random.default_rng(9)
    for step_ns in (DAY_NS, DAY_NS // 24):
        sigma = 0.2 * np.sqrt(step_ns / DAY_NS / 365)
        closes = 50 * np.exp(rng.normal(scale=sigma, size=(4000, 1)).cumsum(axis=0))
        found = incremental(3000, np.arange(4000) * step_ns, closes)
        np.testing.assert_allclose(found[-1], 0.04, rtol=0.1)
        assert np.isnan(found[2999]).all()
        assert np.isfinite(found[3000]).all()


def test_a_gap_counts_with_its_time_and_its_move(times, closes):
    closes = closes[:300]
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[100:105, 0] = False
    fresh[7::9, 1] = False
    found = incremental(21, times, closes, fresh)
    for i in (0, 1):
        kept = fresh[:, i]
        np.testing.assert_array_equal(found[kept, i], incremental(21, times[kept], closes[kept][:, [i]])[:, 0])
    assert found[104, 0] == found[99, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
def test_a_bad_close_is_none(times, closes, bad):
    spoilt, fresh = closes[:300].copy(), np.ones((300, 3), dtype=bool)
    spoilt[200, 1] = bad
    fresh[200, 1] = False
    np.testing.assert_array_equal(incremental(21, times, spoilt), incremental(21, times, closes[:300], fresh))


def test_a_window_of_one_return_is_refused():
    with pytest.raises(ValueError, match="allowed is 2 or more"):
        RealizedVariance(1, 3)

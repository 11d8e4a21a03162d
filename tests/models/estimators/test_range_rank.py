import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.range_rank import RangeRank


def incremental(length, values):
    estimator = RangeRank(length, values.shape[1])
    return np.array([estimator.update(row) for row in values])


def test_equals_pandas():
    values = np.random.default_rng(1).normal(size=(200, 3))
    rolling = pd.DataFrame(values).rolling(30)
    low, high = (np.asarray(one) for one in (rolling.min(), rolling.max()))
    np.testing.assert_allclose(incremental(30, values), (values - low) / (high - low), rtol=1e-12)


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40))
def test_is_a_fraction_with_0_at_a_low_and_1_at_a_high(values):
    found = incremental(5, np.array(values)[:, np.newaxis])[:, 0]
    assert np.isnan(found[:4]).all()
    for t in range(4, len(values)):
        last = values[t - 4 : t + 1]
        if max(last) - min(last) > 0:
            assert 0 <= found[t] <= 1
            assert found[t] == 0 or values[t] > min(last)
            assert found[t] == 1 or values[t] < max(last)
        else:
            assert np.isnan(found[t])


def test_a_missing_value_has_no_rank_and_leaves_the_window_as_it_was():
    values = np.random.default_rng(2).normal(size=(60, 1))
    gapped = np.insert(values, [20, 30, 30], np.nan, axis=0)
    found = incremental(10, gapped)
    missing = np.isnan(gapped[:, 0])
    assert np.isnan(found[missing]).all()
    np.testing.assert_array_equal(found[~missing], incremental(10, values))


def test_a_window_of_one_is_refused():
    with pytest.raises(ValueError, match="allowed is 2 or more"):
        RangeRank(1, 3)

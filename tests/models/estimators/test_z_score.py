import numpy as np
import pandas as pd

from nautilus_ai_firm.models.estimators.z_score import EwmaZScore


def incremental(x, warm_up=20):
    estimator = EwmaZScore(20, 60, x.shape[1], warm_up)
    return np.array([estimator.update(row) for row in x])


def test_equals_pandas_with_the_scale_of_the_observations_before(closes):
    frame = pd.DataFrame(closes)
    deviation = frame - frame.ewm(span=20).mean()
    usual = np.sqrt((deviation.iloc[1:] ** 2).ewm(span=60).mean()).shift()
    expected = (deviation / usual).to_numpy()
    np.testing.assert_allclose(incremental(closes)[19:], expected[19:], rtol=1e-8, atol=1e-9)
    assert np.isnan(incremental(closes)[:19]).all()


def test_an_outlier_does_not_hide_itself():
    x = np.random.default_rng(2).normal(size=(300, 1))
    x[-1] = 50.0
    assert incremental(x)[-1] > 30


def test_a_gap_has_no_value_and_leaves_the_state(closes):
    gapped = np.insert(closes, 300, np.nan, axis=0)
    scores = incremental(gapped)
    assert np.isnan(scores[300]).all()
    np.testing.assert_array_equal(np.delete(scores, 300, axis=0), incremental(closes))


def test_a_constant_has_no_value():
    assert np.isnan(incremental(np.full((100, 1), 3.3))).all()

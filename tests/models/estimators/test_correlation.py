import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation


def incremental(closes, fresh=None, span=100.0, warm_up=20):
    fresh = np.isfinite(closes) if fresh is None else fresh
    estimator = EwmaCorrelation(span, closes.shape[1], warm_up)
    return np.array([estimator.update(*bar) for bar in zip(closes, fresh, strict=True)])


@pytest.fixture
def linked():
    """Closes of four instruments with correlations 0.8, 0 and -0.5 to the first."""
    shocks = np.random.default_rng(3).normal(scale=0.01, size=(800, 4))
    first = shocks[:, 0]
    shocks[:, 1] = 0.8 * first + 0.6 * shocks[:, 1]
    shocks[:, 3] = -0.5 * first + np.sqrt(0.75) * shocks[:, 3]
    return 50 * np.exp(shocks.cumsum(axis=0))


def test_equals_pandas_on_products_of_returns(linked):
    returns = pd.DataFrame(np.log(linked)).diff()
    expected = np.empty((800, 4, 4))
    for i in range(4):
        for j in range(4):
            product, own, other = (
                pair.ewm(span=100).mean() for pair in (returns[i] * returns[j], returns[i] ** 2, returns[j] ** 2)
            )
            expected[:, i, j] = product / np.sqrt(own * other)
    np.testing.assert_allclose(incremental(linked)[20:], expected[20:], atol=1e-9)


def test_finds_the_correlations_that_were_put_in(linked):
    np.testing.assert_allclose(incremental(linked, span=2000)[-1][0], [1, 0.8, 0, -0.5], atol=0.1)


def test_is_the_identity_before_warm_up(linked):
    matrices = incremental(linked, warm_up=30)
    np.testing.assert_array_equal(matrices[:30], np.broadcast_to(np.eye(4), (30, 4, 4)))
    assert matrices[30, 0, 1] > 0.5


def test_only_pairs_in_which_both_are_fresh_learn(linked):
    fresh = np.ones(linked.shape, dtype=bool)
    fresh[500, 2] = False
    matrices = incremental(linked, fresh)
    kept, moved = np.ix_([0, 1, 3], [2]), np.ix_([0, 1], [3])
    # history of the pairs with the stale one differs from now on; here the matrix stays semi-definite without repair
    np.testing.assert_array_equal(matrices[500][kept], matrices[499][kept])
    assert (matrices[500][moved] != matrices[499][moved]).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_is_a_correlation_matrix_whatever_is_missing(seed, missing):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    closes = np.exp(rng.normal(scale=0.01, size=(60, n)).cumsum(axis=0))
    matrices = incremental(closes, rng.random((60, n)) > missing, span=5, warm_up=1)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))
    np.testing.assert_allclose(np.diagonal(matrices, axis1=1, axis2=2), 1, atol=1e-12)
    assert (np.abs(matrices) <= 1 + 1e-12).all()
    assert np.linalg.eigvalsh(matrices).min() > -1e-12


def test_pairwise_estimates_do_contradict_each_other_and_are_repaired(monkeypatch):
    """The control of the property above: without the repair some matrices are not semi-definite."""
    rng = np.random.default_rng(5)
    closes = np.exp(rng.normal(scale=0.01, size=(60, 5)).cumsum(axis=0))
    fresh = rng.random((60, 5)) > 0.5
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda matrix: np.zeros(len(matrix)))
    unrepaired = incremental(closes, fresh, span=5, warm_up=1)
    monkeypatch.undo()
    assert np.linalg.eigvalsh(unrepaired).min() < -1e-3
    assert np.linalg.eigvalsh(incremental(closes, fresh, span=5, warm_up=1)).min() > -1e-12


def test_a_constant_price_is_uncorrelated(linked):
    linked[:, 2] = 17.3
    np.testing.assert_array_equal(incremental(linked)[-1][2], [0, 0, 1, 0])


def test_a_copy_has_correlation_one_and_a_mirror_minus_one(linked):
    pair = np.stack([linked[:, 0], 3 * linked[:, 0], 1 / linked[:, 0]], axis=1)
    np.testing.assert_allclose(incremental(pair)[-1], [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], atol=1e-9)


def test_a_warm_up_of_nothing_is_refused():
    with pytest.raises(ValueError, match="warm_up is 0"):
        EwmaCorrelation(10, 2, 0)

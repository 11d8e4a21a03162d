import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.risk.correlation import (
    CorrelationManager,
    average_correlation,
    clusters,
    stressed,
)

NAN = float("nan")
PARAMETERS = {"span": 20.0, "window_rounds": 40, "history_span": 100.0, "alert_z": 5.0, "cluster_threshold": 0.6}


def states(returns, **changes):
    manager = CorrelationManager(returns.shape[1], **(PARAMETERS | changes))
    return [manager.update(row) for row in returns]


@pytest.fixture
def returns():
    """Six unrelated instruments; from round 300 on one factor drives them all."""
    rng = np.random.default_rng(4)
    moves = rng.normal(0, 0.01, (330, 6))
    moves[300:] = 0.2 * moves[300:] + rng.normal(0, 0.02, (30, 1))
    return moves


def test_an_alert_comes_within_rounds_of_the_jump_and_not_before(returns):
    found = states(returns)
    alerts = [t for t, state in enumerate(found) if state.breakdown]
    assert alerts
    assert alerts[0] in range(300, 304)
    assert found[299].average < 0.2
    assert found[329].average > 0.8


def test_without_a_jump_there_is_no_alert(returns):
    """The control: the same rounds before the factor came."""
    assert not any(state.breakdown for state in states(returns[:300]))


def test_a_fall_of_correlations_alerts_too(returns):
    """Hedges that no longer hedge."""
    rng = np.random.default_rng(4)
    together = 0.2 * rng.normal(0, 0.01, (300, 6)) + rng.normal(0, 0.01, (300, 1))
    found = states(np.concatenate([together, returns[:30]]), alert_z=4.0)
    assert any(state.breakdown and state.z_score < 0 for state in found[300:])


def test_the_statistic_is_the_stated_one(returns):
    """Computed again with pandas from the averages."""
    found = states(returns)
    level = pd.Series(np.arctanh([state.average for state in found]))
    deviation = level - level.ewm(span=100, ignore_na=True).mean()
    deviation[deviation.first_valid_index()] = NAN
    usual = (deviation**2).ewm(span=100, ignore_na=True).mean().pow(0.5).shift(1)
    z = np.array([state.z_score for state in found])
    assert np.isnan(z[:38]).all()
    np.testing.assert_allclose(z[39:], (deviation / usual).to_numpy()[39:], rtol=1e-8)


def test_the_matrices_are_the_estimates_that_they_say(returns):
    estimator = EwmaCorrelation(20, 6)
    for state, row in zip(states(returns), returns, strict=True):
        np.testing.assert_array_equal(state.ewma, estimator.observe(row))
    manager = CorrelationManager(returns.shape[1], **PARAMETERS)
    for row in returns:
        manager.update(row)
    np.testing.assert_allclose(manager.rolling(), np.corrcoef(returns[-40:].T), atol=1e-12)


def test_one_instrument_has_no_correlations(returns):
    last = states(returns[:, :1])[-1]
    assert np.isnan(last.average)
    assert not last.breakdown
    assert last.clusters.tolist() == [0]


def test_the_average_is_over_known_pairs_only():
    matrix = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.1], [0.0, 0.1, 1.0]])
    known = np.array([[True, True, False], [True, True, True], [False, True, True]])
    assert average_correlation(matrix, known) == pytest.approx(0.3)
    assert np.isnan(average_correlation(matrix, np.zeros((3, 3), dtype=bool)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.floats(0, 1), st.floats(0, 1))
def test_stressed_correlations_stay_correlations(seed, n, place, share):
    rng = np.random.default_rng(seed)
    lowest = -1 / (n - 1) if n > 1 else -1.0
    level = lowest + place * (1 - lowest)
    matrix = np.atleast_2d(np.corrcoef(rng.normal(size=(n, 2 * n + 2))))
    found = stressed(matrix, level, share)
    assert np.linalg.eigvalsh(found).min() > -1e-12
    np.testing.assert_allclose(np.diagonal(found), 1)
    np.testing.assert_allclose(found, found.T)
    apart = ~np.eye(n, dtype=bool)
    np.testing.assert_allclose(found[apart], ((1 - share) * matrix + share * level)[apart])


def test_full_stress_is_one_level_and_none_is_the_matrix():
    matrix = np.array([[1.0, -0.4], [-0.4, 1.0]])
    np.testing.assert_array_equal(stressed(matrix, 0.9, 1.0), [[1, 0.9], [0.9, 1]])
    np.testing.assert_array_equal(stressed(matrix, 0.9, 0.0), matrix)


def test_setting_all_pairs_to_one_level_below_the_lowest_is_no_correlation():
    """The control: why a level is refused."""
    assert np.linalg.eigvalsh(np.full((3, 3), -0.6) + 1.6 * np.eye(3)).min() < -0.1
    with pytest.raises(ValueError, match=r"allowed are -0\.5 to 1"):
        stressed(np.eye(3), -0.6, 0.5)


def test_clusters_are_chains_of_pairs_whatever_the_sign():
    matrix = np.eye(6)
    for i, j, value in [(4, 1, 0.8), (1, 5, -0.7), (0, 3, 0.6), (2, 0, 0.59)]:
        matrix[i, j] = matrix[j, i] = value
    assert clusters(matrix, 0.6).tolist() == [0, 1, 2, 0, 1, 1]
    assert clusters(matrix, 0.59).tolist() == [0, 1, 0, 0, 1, 1]
    assert clusters(matrix, 1.0).tolist() == list(range(6))


@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.floats(0.05, 1))
def test_clusters_equal_scipys_connected_components(seed, n, threshold):
    rng = np.random.default_rng(seed)
    matrix = np.triu(rng.uniform(-1, 1, (n, n)), 1)
    matrix = matrix + matrix.T + np.eye(n)
    found = clusters(matrix, threshold)
    _, expected = connected_components(np.abs(matrix) >= threshold)
    np.testing.assert_array_equal(found[:, np.newaxis] == found, expected[:, np.newaxis] == expected)
    for label in set(found.tolist()):
        assert label == np.flatnonzero(found == label)[0]


@pytest.mark.parametrize(
    "wrong", [{"alert_z": 0.0}, {"cluster_threshold": 0.0}, {"cluster_threshold": 1.1}, {"history_span": 20.0}]
)
def test_a_parameter_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="allowed are"):
        CorrelationManager(2, **(PARAMETERS | wrong))

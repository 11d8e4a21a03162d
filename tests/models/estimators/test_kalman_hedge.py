import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.kalman_hedge import KalmanHedge

START = 100


@pytest.fixture
def logs():
    """Log prices of three pairs over 600 bars, whose hedge ratios drift from 0.5, 1.0 and 2.0 to 1.5 times that."""
    rng = np.random.default_rng(23)
    x = rng.normal(scale=0.01, size=(600, 3)).cumsum(axis=0)
    ratio = np.array([0.5, 1.0, 2.0]) * np.linspace(1, 1.5, 600)[:, np.newaxis]
    return 3 + ratio * x + rng.normal(scale=0.003, size=(600, 3)), 5 + x


def incremental(y, x, delta=1e-3):
    hedge = KalmanHedge(delta, y.shape[1])
    for place in range(y.shape[1]):
        hedge.start(place, y[:START, place], x[:START, place])
    rows = [(hedge.update(*row), hedge.ratio) for row in zip(y[START:], x[START:], strict=True)]
    return np.array(rows).swapaxes(0, 1)


def with_matrices(y, x, delta=1e-3):
    """Chan's recursion as printed, on standardised log prices of one pair."""
    (my, sy), (mx, sx) = ((w.mean(), w.std()) for w in (y[:START], x[:START]))
    slope, intercept = np.polyfit((x[:START] - mx) / sx, (y[:START] - my) / sy, 1)
    noise = 1 - np.corrcoef(y[:START], x[:START])[0, 1] ** 2
    b = np.array([[intercept], [slope]])
    h = np.column_stack([np.ones(START), (x[:START] - mx) / sx])
    p = noise * np.linalg.inv(h.T @ h)
    spreads, ratios = [], []
    for one, other in zip((y[START:] - my) / sy, (x[START:] - mx) / sx, strict=True):
        h = np.array([[1.0, other]])
        r = p + delta / (1 - delta) * np.eye(2)
        e = one - (h @ b).item()
        k = r @ h.T / ((h @ r @ h.T).item() + noise)
        b, p = b + k * e, r - k @ h @ r
        spreads.append(e * sy)
        ratios.append(b[1, 0] * sy / sx)
    return np.array(spreads), np.array(ratios)


def test_equals_the_published_recursion_in_matrices(logs):
    spread, ratio = incremental(*logs)
    for i in range(3):
        expected = with_matrices(logs[0][:, i], logs[1][:, i])
        np.testing.assert_allclose(spread[:, i], expected[0], atol=1e-9)
        np.testing.assert_allclose(ratio[:, i], expected[1], rtol=1e-9)


def test_starts_from_the_least_squares_line(logs):
    y, x = logs
    hedge = KalmanHedge(1e-5, 3)
    hedge.start(1, y[:START, 1], x[:START, 1])
    assert hedge.started.tolist() == [False, True, False]
    assert hedge.ratio[1] == pytest.approx(np.polyfit(x[:START, 1], y[:START, 1], 1)[0], rel=1e-9)
    assert np.isnan(hedge.update(y[START], x[START])).tolist() == [True, False, True]


def test_follows_a_ratio_that_drifts(logs):
    _, ratio = incremental(*logs)
    np.testing.assert_allclose(ratio[-1], [0.75, 1.5, 3.0], rtol=0.1)


def test_a_gap_leaves_the_state(logs):
    y, x = logs
    y[300:305, 0], x[400, 1] = np.nan, np.inf
    spread, ratio = incremental(y, x)
    for i, gap in ((0, range(300, 305)), (1, [400])):
        dropped = incremental(np.delete(y[:, [i]], gap, axis=0), np.delete(x[:, [i]], gap, axis=0))
        at = np.array(gap) - START
        assert np.isnan(spread[at, i]).all()
        np.testing.assert_array_equal(np.delete(spread[:, i], at), dropped[0][:, 0])
        np.testing.assert_array_equal(np.delete(ratio[:, i], at), dropped[1][:, 0])


@pytest.mark.parametrize("case", ["constant y", "constant x", "same"])
def test_a_pair_without_a_spread_does_not_start(logs, case):
    y, x = logs[0][:START, 0], logs[1][:START, 0]
    hedge = KalmanHedge(1e-3, 1)
    if case == "constant y":
        y = np.zeros(START)
    elif case == "constant x":
        x = np.zeros(START)
    else:
        y = x
    hedge.start(0, y, x)
    assert not hedge.started.any()


@pytest.mark.parametrize("delta", [0.0, 1.0, float("nan")])
def test_a_delta_out_of_range_is_refused(delta):
    with pytest.raises(ValueError, match="delta is"):
        KalmanHedge(delta, 1)

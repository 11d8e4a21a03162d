import numpy as np
import pytest

from nautilus_ai_firm.models.estimators.cointegration import CointegrationTests
from nautilus_ai_firm.models.estimators.engle_granger import engle_granger

LENGTH, LAG, EVERY = 60, 2, 8


@pytest.fixture
def logs():
    """Log prices of eleven pairs over 200 rounds."""
    rng = np.random.default_rng(29)
    x = rng.normal(scale=0.01, size=(200, 11)).cumsum(axis=0)
    return 2 + x + rng.normal(scale=0.01, size=x.shape), x


def over(y, x):
    tests = CointegrationTests(LENGTH, LAG, EVERY, y.shape[1])
    return [(tests.update(*row), tests.p_values) for row in zip(y, x, strict=True)]


def test_a_p_value_is_that_of_the_window_at_the_last_turn(logs):
    y, x = logs
    for t, (_, p_values) in enumerate(over(y, x)):
        for k in range(11):
            turn = t - (t - k) % EVERY
            past = slice(turn + 1 - LENGTH, turn + 1)
            expected = engle_granger(y[past, k], x[past, k], LAG)[1] if turn >= LENGTH - 1 else 1.0
            assert p_values[k] == expected


def test_no_round_has_more_than_its_share_of_tests(logs):
    tested = [places for places, _ in over(*logs)]
    assert max(map(len, tested)) == 2  # eleven pairs, eight rounds
    assert tested[: LENGTH - 1] == [[]] * (LENGTH - 1)
    assert sorted(place for places in tested[-EVERY:] for place in places) == list(range(11))


def test_gaps_fill_the_window_with_older_observations(logs):
    y, x = logs
    y[100:150:3, 0], x[120, 0] = np.nan, np.nan
    tests = CointegrationTests(LENGTH, LAG, EVERY, 11)
    for row in zip(y, x, strict=True):
        tests.update(*row)
    both = np.isfinite(y[:, 0]) & np.isfinite(x[:, 0])
    np.testing.assert_array_equal(tests.window(0), [y[both, 0][-LENGTH:], x[both, 0][-LENGTH:]])
    np.testing.assert_array_equal(tests.window(1), [y[-LENGTH:, 1], x[-LENGTH:, 1]])

"""A score of which nothing was heard: halves as published, and never grows or turns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.arima_process import ArmaProcess

from nautilus_ai_firm.models.cio.decay import decayed

SCORES = st.lists(st.floats(-1, 1) | st.just(float("nan")), min_size=1, max_size=5).map(np.array)


def test_it_halves_with_the_half_life() -> None:
    score = np.array([0.8, -0.4, np.nan])
    np.testing.assert_array_equal(decayed(score, 3, 3.0), [0.4, -0.2, np.nan])
    np.testing.assert_array_equal(decayed(score, 6, 3.0), [0.2, -0.1, np.nan])


@pytest.mark.parametrize("half_life", [0.5, 3.0, 40.0])
def test_it_is_what_an_autoregression_of_that_half_life_is_expected_to_be(half_life: float) -> None:
    expected = 0.8 * np.asarray(ArmaProcess(ar=[1.0, -(0.5 ** (1 / half_life))]).arma2ma(12))
    found = [decayed(np.array([0.8]), age, half_life)[0] for age in range(12)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(SCORES, st.integers(0, 10_000), st.floats(1e-3, 1e6))
def test_it_never_grows_nor_turns(score: np.ndarray, age: int, half_life: float) -> None:
    left = decayed(score, age, half_life)
    assert np.array_equal(np.isnan(left), np.isnan(score))
    known = np.isfinite(score)
    assert (np.abs(left) <= np.abs(score))[known].all()
    assert (left * score >= 0)[known].all()


@given(SCORES, st.floats(1e-3, 1e6))
def test_what_was_said_now_passes_with_every_bit(score: np.ndarray, half_life: float) -> None:
    assert decayed(score, 0, half_life).tobytes() == score.tobytes()


@pytest.mark.parametrize(
    ("age", "half_life", "words"),
    [(-1, 1.0, "age_rounds is -1"), (1, 0.0, "half_life_rounds is 0.0"), (1, float("nan"), "half_life_rounds is nan")],
)
def test_nonsense_is_refused(age: int, half_life: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decayed(np.zeros(1), age, half_life)

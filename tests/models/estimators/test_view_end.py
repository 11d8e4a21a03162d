import numpy as np

from nautilus_ai_firm.models.estimators.view_end import ViewEnd

NAN = np.nan


def over(scores, fresh=None):
    """One instrument: what is said with a confidence of 0.7 plus a tenth of the round."""
    end = ViewEnd(1)
    said = []
    for t, score in enumerate(scores):
        surety = NAN if np.isnan(score) else 0.7 + t / 100
        seen = np.array([True if fresh is None else fresh[t]])
        said.append([float(x[0]) for x in end.update(np.array([score]), np.array([surety]), seen)])
    return np.array(said).T


def test_a_view_that_is_over_says_zero_once_with_its_last_confidence():
    score, surety = over([NAN, 0.5, 0.4, NAN, NAN, -0.2, NAN])
    np.testing.assert_array_equal(score, [NAN, 0.5, 0.4, 0, NAN, -0.2, 0])
    np.testing.assert_array_equal(surety, [NAN, 0.71, 0.72, 0.72, NAN, 0.75, 0.75])


def test_a_view_of_zero_needs_no_end():
    np.testing.assert_array_equal(over([0.5, 0.0, NAN])[0], [0.5, 0, NAN])


def test_a_stale_instrument_hears_it_at_its_next_bar():
    score, _ = over([0.5, NAN, NAN, NAN], [True, False, True, True])
    np.testing.assert_array_equal(score, [0.5, NAN, 0, NAN])
    score, _ = over([0.5, NAN, 0.3], [True, False, True])
    np.testing.assert_array_equal(score, [0.5, NAN, 0.3])

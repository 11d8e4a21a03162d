import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.cio.combination import combine

NAN = float("nan")


def combine_lists(scores, confidences, agent_weights):
    return combine(
        np.array(scores, dtype=float), np.array(confidences, dtype=float), np.array(agent_weights, dtype=float)
    )


@st.composite
def views(draw):
    agents, n = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    score = st.one_of(st.just(NAN), st.floats(-1, 1))
    confidence = st.one_of(st.sampled_from([NAN, 0.0]), st.floats(1e-9, 1))
    table = lambda cells: [draw(st.lists(cells, min_size=n, max_size=n)) for _ in range(agents)]  # noqa: E731 - two tables
    return table(score), table(confidence), draw(st.lists(st.floats(0.01, 10), min_size=agents, max_size=agents))


def test_is_the_mean_weighted_by_weight_times_confidence():
    combined, parts = combine_lists([[1.0], [-0.5]], [[0.2], [0.8]], [3, 1])
    assert combined[0] == pytest.approx((3 * 0.2 * 1.0 - 0.8 * 0.5) / (3 * 0.2 + 0.8))
    np.testing.assert_allclose(parts[:, 0], [0.6 / 1.4, -0.4 / 1.4])


def test_agents_without_a_view_do_not_count():
    combined, parts = combine_lists([[0.4, NAN], [NAN, -0.3]], [[0.5, 0.5], [0.5, 0.1]], [1, 5])
    np.testing.assert_array_equal(combined, [0.4, -0.3])
    np.testing.assert_array_equal(parts, [[0.4, 0.0], [0.0, -0.3]])


@pytest.mark.parametrize("confidence", [NAN, 0.0])
def test_nobody_with_a_view_of_any_confidence_is_no_view(confidence):
    combined, parts = combine_lists([[0.5], [NAN]], [[confidence], [1.0]], [1, 1])
    assert np.isnan(combined).all()
    assert np.isnan(parts).all()


def test_no_agents_at_all_are_no_view():
    combined, parts = combine(np.empty((0, 2)), np.empty((0, 2)), np.empty(0))
    assert np.isnan(combined).all()
    assert parts.shape == (0, 2)


@given(views())
def test_parts_sum_exactly_in_row_order(given_views):
    combined, parts = combine_lists(*given_views)
    total = np.zeros(len(combined))
    for row in parts:
        total = total + row
    np.testing.assert_array_equal(total, combined)


@given(views())
def test_lies_between_the_views_that_count(given_views):
    combined, _ = combine_lists(*given_views)
    scores, confidences = np.array(given_views[0]), np.array(given_views[1])
    for i, value in enumerate(combined):
        counted = scores[~np.isnan(scores[:, i]) & (confidences[:, i] > 0), i]
        assert np.isnan(value) == (len(counted) == 0)
        if len(counted):
            assert counted.min() - 1e-12 <= value <= counted.max() + 1e-12


@given(views(), st.sampled_from([0.25, 2.0, 1024.0]))
def test_only_ratios_of_weights_matter(given_views, factor):
    scores, confidences, weights = given_views
    np.testing.assert_array_equal(
        combine_lists(scores, confidences, [factor * weight for weight in weights])[0],
        combine_lists(scores, confidences, weights)[0],
    )


def test_summing_in_another_order_can_change_bits_so_the_order_is_fixed():
    """The control: row order is part of the result, which is why agents come sorted."""
    rng = np.random.default_rng(1)
    scores, confidences, weights = rng.uniform(-1, 1, (7, 200)), rng.random((7, 200)), rng.random(7)
    forwards, _ = combine(scores, confidences, weights)
    backwards, _ = combine(scores[::-1], confidences[::-1], weights[::-1])
    np.testing.assert_allclose(backwards, forwards, atol=1e-12)
    assert (backwards != forwards).any()


@pytest.mark.parametrize(
    ("scores", "confidences", "weights", "message"),
    [
        ([[1.5]], [[1]], [1], r"outside \[-1, 1\]"),
        ([[0.5]], [[1.1]], [1], "confidence outside"),
        ([[0.5]], [[-0.1]], [1], "confidence outside"),
        ([[0.5]], [[1]], [-1], "agent_weights are"),
        ([[0.5]], [[1]], [NAN], "agent_weights are"),
        ([[0.5]], [[1]], [1, 2], "do not fit"),
        ([[0.5, 0.5]], [[1]], [1], "do not fit"),
    ],
)
def test_views_that_are_none_are_refused(scores, confidences, weights, message):
    with pytest.raises(ValueError, match=message):
        combine_lists(scores, confidences, weights)

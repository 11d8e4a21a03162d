import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nautilus_ai_firm.models.risk.tail import holds_unknown, tail_risk, tail_weights, worst_places

LOSSES = arrays(np.float64, st.integers(1, 300), elements=st.floats(-1, 1, allow_subnormal=False))
CONFIDENCE = st.floats(0.5, 0.999)


def shortfall(losses, confidence):
    """Acerbi and Tasche 2002 in other words: the mean of the quantile function (of steps) above the confidence."""
    grid = np.sort(losses)
    edges = np.arange(len(grid) + 1) / len(grid)
    width = np.clip(edges[1:] - np.maximum(edges[:-1], confidence), 0, None)
    return (width * grid).sum() / width.sum()


@given(LOSSES, CONFIDENCE)
def test_value_at_risk_is_numpys_linear_quantile(losses, confidence):
    assert tail_risk(losses, confidence).value_at_risk == pytest.approx(np.quantile(losses, confidence), abs=1e-12)


@given(LOSSES, CONFIDENCE)
def test_shortfall_is_the_mean_of_the_tail_and_never_below_the_quantile(losses, confidence):
    found = tail_risk(losses, confidence)
    assert found.expected_shortfall == pytest.approx(shortfall(losses, confidence), abs=1e-9)
    assert found.expected_shortfall >= found.value_at_risk - 1e-12


def test_by_hand():
    """250 losses at 99 %: the quantile lies 0.49 of the way from the third worst to the fourth, the tail has 2.5."""
    losses = np.arange(250.0)
    found = tail_risk(losses, 0.99)
    assert found.value_at_risk == pytest.approx(247 - 0.49)
    assert found.expected_shortfall == pytest.approx((249 + 248 + 0.5 * 247) / 2.5)


@given(st.integers(1, 500), CONFIDENCE)
def test_weights_sum_to_one(count, confidence):
    for weights in tail_weights(count, confidence):
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        assert len(weights) <= count


def test_a_mean_beyond_the_quantile_is_not_sub_additive_and_this_one_is():
    """The control: the mean of losses at or beyond the quantile can be more for two books than for each alone."""
    rng = np.random.default_rng(2)

    def beyond(losses):
        return losses[losses >= np.quantile(losses, 0.9, method="lower")].mean()

    def excess(measure):
        pairs = rng.integers(0, 4, (4000, 2, 15)).astype(float)
        return max(measure(a + b) - measure(a) - measure(b) for a, b in pairs)

    assert excess(lambda losses: tail_risk(losses, 0.9).expected_shortfall) <= 1e-12
    assert excess(beyond) > 0.01


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_has_no_figure(value):
    assert np.isnan(tail_risk(np.array([0.1, value, 0.2]), 0.9)).all()


def test_of_equal_losses_the_earlier_is_the_worse():
    assert worst_places(np.array([1.0, 3.0, 3.0, 2.0]), 3).tolist() == [1, 2, 3]


def test_only_what_is_held_must_be_known():
    assert not holds_unknown(np.array([0.1, 0.0]), np.array([True, False]))
    assert holds_unknown(np.array([0.1, -0.1]), np.array([True, False]))
    assert holds_unknown(np.array([float("nan"), 0.0]), np.array([True, True]))


@pytest.mark.parametrize(("count", "confidence"), [(0, 0.9), (10, 0.4), (10, 1.0), (10, float("nan"))])
def test_what_has_no_tail_is_refused(count, confidence):
    with pytest.raises(ValueError, match=r"no scenario|confidence is"):
        tail_weights(count, confidence)

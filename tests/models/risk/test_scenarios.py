import numpy as np
import pytest
from scipy import stats

from nautilus_ai_firm.models.risk.scenarios import Scenarios

TARGET = np.array([[1.0, 0.7, -0.3], [0.7, 1.0, 0.1], [-0.3, 0.1, 1.0]])


def scenarios(**changes):
    return Scenarios(3, **({"count": 20_000, "degrees_of_freedom": 6.0, "seed": 1, "redraw_threshold": 0.05} | changes))


def test_shocks_have_variance_one_fat_tails_and_the_correlations_that_are_asked_for():
    drawn = scenarios(count=200_000)
    shocks = drawn.shocks @ drawn.update(TARGET).T
    np.testing.assert_allclose(np.cov(shocks.T), TARGET, atol=0.02)
    found = np.quantile(np.abs(shocks), [0.9, 0.99, 0.999], axis=0)
    expected = stats.t.ppf([0.95, 0.995, 0.9995], 6) * np.sqrt(4 / 6)
    np.testing.assert_allclose(found, np.broadcast_to(expected[:, np.newaxis], (3, 3)), rtol=0.06)


def test_instruments_have_their_worst_days_together():
    """Uncorrelated, and yet the sizes are dependent, as in a multivariate t; normal ones are independent."""
    together = (np.abs(scenarios(count=100_000).shocks) > 2).all(axis=1).mean()
    apart = (np.abs(scenarios(count=100_000, degrees_of_freedom=None).shocks) > 2).all(axis=1).mean()
    assert together > 5 * stats.t.sf(2 * np.sqrt(6 / 4), 6) ** 3 * 8
    assert apart < 3 * stats.norm.sf(2) ** 3 * 8


def test_equal_seeds_draw_equally_and_others_do_not():
    np.testing.assert_array_equal(scenarios().shocks, scenarios().shocks)
    assert (scenarios().shocks != scenarios(seed=2).shocks).all()


def test_correlations_within_the_threshold_keep_the_factor():
    drawn = scenarios()
    first = drawn.update(TARGET)
    assert drawn.redraws == 1
    near = TARGET + np.where(np.eye(3), 0.0, 0.049)
    assert drawn.update(near) is first
    assert drawn.redraws == 1


def test_one_correlation_beyond_the_threshold_makes_a_new_factor():
    drawn = scenarios()
    drawn.update(TARGET)
    far = TARGET.copy()
    far[0, 2] = far[2, 0] = -0.36
    factor = drawn.update(far)
    assert drawn.redraws == 2
    np.testing.assert_allclose(factor @ factor.T, far, atol=1e-12)


def test_small_steps_do_not_creep_away():
    """The change is counted from the correlations of the factor, not from the last ones."""
    drawn = scenarios()
    for step in range(10):
        drawn.update(TARGET + np.where(np.eye(3), 0.0, 0.02 * step))
    assert drawn.redraws == 4


@pytest.mark.parametrize(
    "wrong", [{"count": 3}, {"count": 0}, {"degrees_of_freedom": 2.0}, {"redraw_threshold": -0.1}, {"seed": -1}]
)
def test_a_parameter_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=r"allowed|non-negative"):
        scenarios(**wrong)

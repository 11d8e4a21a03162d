import numpy as np
import pytest
from scipy.stats import chi2, norm

from nautilus_ai_firm.models.estimators.reactions import Reactions


def yes(*flags):
    return np.array([flags])


def test_a_reaction_is_the_move_over_its_bars_in_expected_deviations():
    reactions = Reactions(2, 1, 2)
    reactions.start(yes(True, False))
    reactions.update(np.array([0.03, 0.5]), np.array([0.0004, 1.0]))
    assert np.isnan(reactions.z).all()
    assert reactions.open.tolist() == [True, False]
    reactions.update(np.array([0.01, 0.5]), np.array([0.0012, 1.0]))
    assert reactions.z[0, 0] == pytest.approx(0.04 / 0.04)
    assert np.isnan(reactions.z[0, 1])
    reactions.update(np.array([0.01, 0.5]), np.array([0.0012, 1.0]))
    assert np.isnan(reactions.z).all()
    assert not reactions.open.any()


def test_it_waits_for_a_bar_and_starts_afresh_with_a_new_event():
    reactions = Reactions(2, 1, 1)
    reactions.start(yes(True))
    reactions.update(np.array([np.nan]), np.array([1.0]))
    reactions.update(np.array([5.0]), np.array([1.0]))
    reactions.start(yes(True))
    reactions.update(np.array([1.0]), np.array([2.0]))
    reactions.update(np.array([3.0]), np.array([2.0]))
    assert reactions.z.tolist() == [[2.0]]


@pytest.mark.parametrize("variance", [0.0, np.nan])
def test_without_a_known_variance_there_is_no_reaction_and_none_is_counted(variance):
    reactions = Reactions(1, 1, 1)
    for _ in range(5):
        reactions.start(yes(True))
        reactions.update(np.array([1.0]), np.array([variance]))
        assert np.isnan(reactions.z).all()
    assert np.isnan(reactions.wildness(1)).all()


def after(z):
    reactions = Reactions(1, 1, 1)
    for one in z:
        reactions.start(yes(True))
        reactions.update(np.array([one]), np.array([1.0]))
    return float(reactions.wildness(2)[0, 0])


@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.parametrize("p", [0.6, 0.9, 0.99])
def test_wildness_is_close_to_the_exact_chi_squared_distribution(n, p):
    """Fisher's approximation, as the two-sided coverage of the normal deviation with that upper tail."""
    quantile = chi2.ppf(p, n)
    exact = 2 * norm.cdf(norm.ppf(p)) - 1
    assert after(np.full(n, np.sqrt(quantile / n))) == pytest.approx(exact, abs=0.04)


def test_published_table_value():
    """The upper 5 % point of 30 degrees of freedom, 43.773 in Fisher's table III, is close to 1.645 deviations."""
    deviation = np.sqrt(2 * 43.773) - np.sqrt(59)
    assert deviation == pytest.approx(1.645, abs=0.04)
    assert after(np.full(30, np.sqrt(43.773 / 30))) == pytest.approx(2 * norm.cdf(deviation) - 1, abs=1e-9)


def test_bars_that_are_calmer_than_others_are_not_wild():
    assert after([0.1] * 20) == 0.0
    assert np.isnan(after([3.0]))  # one is too few


def test_on_ordinary_bars_it_is_as_often_high_as_it_claims():
    rng = np.random.default_rng(3)
    values = np.array([after(rng.normal(size=20)) for _ in range(400)])
    assert (values > 0.9).mean() == pytest.approx(0.05, abs=0.03)

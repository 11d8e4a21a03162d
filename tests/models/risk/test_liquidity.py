import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.models.risk.liquidity import liquidity_adjusted, rounds_to_liquidate

BOOK = np.array([0.3, -0.2, 0.5, 0.1])
NO_SPREAD = np.zeros(4)
NAN, INF = float("nan"), float("inf")


def adjusted(measure, volume, spread=NO_SPREAD, horizon=1, book=BOOK):
    rounds = rounds_to_liquidate(book, np.full(4, volume), 0.1)
    return liquidity_adjusted(measure, book, rounds, spread, horizon)


@pytest.mark.parametrize("volume", [INF, 1e9, 5.0])
def test_where_all_can_be_sold_at_once_it_is_the_plain_figure(kind, measure_of, volume):
    """At 5 times equity a round, a tenth of the volume is half of equity: every position goes in one round."""
    measure = measure_of(kind)
    assert adjusted(measure, volume) == measure.risk(BOOK)


def test_the_spread_is_paid_on_both_sides_of_the_book(kind, measure_of):
    measure = measure_of(kind)
    found = adjusted(measure, INF, np.array([0.01, 0.02, 0.0, 0.05]))
    cost = 0.3 * 0.01 + 0.2 * 0.02 + 0.1 * 0.05
    np.testing.assert_allclose(np.array(found), np.array(measure.risk(BOOK)) + cost, rtol=1e-12)


def test_the_time_to_sell_is_the_sum_of_what_is_left_each_round(kind, measure_of):
    """Five rounds: what is left has the variance 1 + (4/5)² + (3/5)² + (2/5)² + (1/5)²."""
    measure = measure_of(kind)
    rounds = np.full(4, 5.0)
    stretch = np.sqrt(sum(((5 - k) / 5) ** 2 for k in range(5)))
    found = liquidity_adjusted(measure, BOOK, rounds, NO_SPREAD, 1)
    np.testing.assert_allclose(np.array(found), stretch * np.array(measure.risk(BOOK)), rtol=1e-12)
    within = liquidity_adjusted(measure, BOOK, rounds, NO_SPREAD, 3)
    assert within == measure.risk(BOOK)  # 2.2 rounds of the whole book lie within a horizon of three


def test_what_trades_little_counts_for_more(measure_of):
    measure = measure_of("normal")
    volume = np.array([0.01, 10.0, 10.0, 10.0])
    found = liquidity_adjusted(measure, BOOK, rounds_to_liquidate(BOOK, volume, 0.1), NO_SPREAD, 1)
    assert found.value_at_risk > 2 * measure.risk(BOOK).value_at_risk


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.floats(0.01, 10), st.floats(1, 10))
def test_less_volume_never_means_less_risk(measure_of, volume, more):
    measure = measure_of("normal")
    assert adjusted(measure, volume).value_at_risk >= adjusted(measure, volume * more).value_at_risk - 1e-12


def test_rounds_by_hand():
    """0.3 of equity at a tenth of a volume of half of equity a round: six rounds; side does not matter."""
    rounds = rounds_to_liquidate(np.array([0.3, -0.3, 0.0, 0.1, 0.1]), np.array([0.5, 0.5, 0.0, 0.0, NAN]), 0.1)
    np.testing.assert_allclose(rounds, [6.0, 6.0, 0.0, INF, NAN])


def test_what_cannot_be_sold_is_infinite_and_what_is_not_known_has_no_figure(measure_of):
    measure = measure_of("normal")
    assert adjusted(measure, 0.0) == (INF, INF)
    assert np.isnan(adjusted(measure, NAN)).all()
    assert np.isnan(adjusted(measure, INF, np.full(4, NAN))).all()


def test_what_is_not_held_needs_neither_volume_nor_spread(measure_of):
    measure = measure_of("normal")
    book = np.array([0.3, 0.0, 0.0, 0.0])
    volume, spread = np.array([INF, 0.0, NAN, 1.0]), np.array([0.0, NAN, NAN, NAN])
    found = liquidity_adjusted(measure, book, rounds_to_liquidate(book, volume, 0.1), spread, 1)
    assert found == measure.risk(book)


@pytest.mark.parametrize(("volume", "participation"), [(-1.0, 0.1), (1.0, 0.0), (1.0, 1.1), (1.0, NAN)])
def test_what_is_out_of_range_is_refused(volume, participation):
    with pytest.raises(ValueError, match="allowed"):
        rounds_to_liquidate(BOOK, np.full(4, volume), participation)

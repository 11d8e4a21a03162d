import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nautilus_ai_firm.models.risk.decomposition import decompose

WEIGHTS = arrays(np.float64, 4, elements=st.floats(-1, 1, allow_subnormal=False))
BOOK = np.array([0.3, -0.2, 0.5, 0.1])
MEAN = np.array([0.001, 0.0, -0.002, 0.0005])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(WEIGHTS)
def test_components_sum_to_the_total(kind, measure_of, weights):
    measure = measure_of(kind, horizon_rounds=5, mean=MEAN)
    parts = decompose(measure, weights)
    assert parts.total == measure.risk(weights)
    assert parts.component_value_at_risk.sum() == pytest.approx(parts.total.value_at_risk, abs=1e-12)
    assert parts.component_expected_shortfall.sum() == pytest.approx(parts.total.expected_shortfall, abs=1e-12)


def test_marginals_are_derivatives(kind, measure_of):
    """Central differences; of scenarios the order does not change in so small a step."""
    measure = measure_of(kind, mean=MEAN)
    parts = decompose(measure, BOOK)
    for i in range(4):
        step = np.where(np.arange(4) == i, 1e-7, 0.0)
        up, down = measure.risk(BOOK + step), measure.risk(BOOK - step)
        slope = (np.array(up) - np.array(down)) / 2e-7
        assert parts.marginal_value_at_risk[i] == pytest.approx(slope[0], abs=1e-6)
        assert parts.marginal_expected_shortfall[i] == pytest.approx(slope[1], abs=1e-6)


def test_each_part_alone_does_not_sum_to_the_total(kind, measure_of):
    """The control: stand-alone figures count diversification as if there were none."""
    measure = measure_of(kind)
    alone = sum(measure.risk(np.where(np.arange(4) == i, BOOK, 0.0)).expected_shortfall for i in range(4))
    assert alone > 1.2 * measure.risk(BOOK).expected_shortfall


def test_a_hedge_has_a_component_below_zero(kind, measure_of):
    """The second instrument moves with the first and is sold against it."""
    parts = decompose(measure_of(kind), np.array([0.8, -0.1, 0.0, 0.0]))
    assert parts.component_expected_shortfall[1] < 0
    assert parts.component_expected_shortfall[2] == 0


def test_without_a_figure_there_are_no_parts_and_what_is_not_held_has_a_part_of_zero(kind, measure_of):
    mean = np.array([0.0, 0.0, 0.0, float("nan")])
    measure = measure_of(kind, mean=mean)
    assert np.isnan(decompose(measure, BOOK).component_value_at_risk).all()
    parts = decompose(measure, np.array([0.3, -0.2, 0.5, 0.0]))
    assert np.isfinite(parts.component_value_at_risk).all()
    assert parts.component_value_at_risk[3] == 0
    assert np.isnan(parts.marginal_value_at_risk[3])

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from nautilus_ai_firm.models.estimators.holm import holm


@given(p_values=st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=20)
def test_equals_statsmodels(p_values):
    given = np.array(p_values)
    np.testing.assert_allclose(holm(given), multipletests(given, method="holm")[1], rtol=1e-12, atol=1e-300)


def test_a_published_example():
    """Four tests at 0.01, 0.04, 0.03 and 0.005: the first and the last hold at 5 % (Holm-Bonferroni, Wikipedia)."""
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])


def test_one_test_is_left_as_it_is():
    assert holm(np.array([0.3])).tolist() == [0.3]

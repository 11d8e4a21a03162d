import numpy as np
import QuantLib as ql

from nautilus_ai_firm.models.estimators.european_option import Options
from nautilus_ai_firm.models.estimators.greeks import greeks
from tests.models.option_surface import quantlib


def contracts():
    """Calls and puts around the money, one to six months from expiry."""
    strike, days, is_call = (
        one.ravel() for one in np.meshgrid([90.0, 95, 100, 105, 110], [30, 91, 182], [True, False], indexing="ij")
    )
    n = len(strike)
    return Options(
        spot=np.full(n, 100.0),
        strike=strike,
        years=days / 365,
        rate=0.04,
        carry=np.full(n, 0.015),
        is_call=is_call.astype(bool),
    )


def by_finite_differences(process):
    return ql.FdBlackScholesVanillaEngine(process, 400, 800)


def test_equal_those_of_quantlib():
    options, sigma = contracts(), np.full(30, 0.3)
    found, known = greeks(options, sigma), quantlib(options, sigma, by_finite_differences)
    np.testing.assert_allclose(found.delta, [one.delta() for one in known], atol=0.005)
    np.testing.assert_allclose(found.gamma, [one.gamma() for one in known], rtol=0.03, atol=2e-4)
    np.testing.assert_allclose(found.theta, [one.theta() for one in known], rtol=0.03, atol=0.1)
    up, down = (
        np.array([one.NPV() for one in quantlib(options, sigma + step, by_finite_differences)])
        for step in (0.01, -0.01)
    )
    np.testing.assert_allclose(found.vega, (up - down) / 0.02, rtol=0.02, atol=0.05)


def test_where_exercise_is_due_only_delta_is_left():
    put = Options(
        spot=np.array([50.0]),
        strike=np.array([100.0]),
        years=np.array([0.5]),
        rate=0.05,
        carry=np.array([0.05]),
        is_call=np.array([False]),
    )
    found = greeks(put, np.array([0.2]))
    assert [float(one[0]) for one in (found.delta, found.gamma, found.vega, found.theta)] == [-1, 0, 0, 0]

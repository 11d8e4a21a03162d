from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.execution.costs import square_root_impact
from nautilus_ai_firm.models.execution.impact import ImpactModel

MARKET = {
    "average_daily_volume": 1e6,
    "volatility_per_day": 0.02,
    "spread_bps": 2.0,
    "depth": 1000.0,
    "session_fraction": 0.25,
}
FULL = ImpactModel(coefficient=0.8, depth_coefficient=0.5, open_premium=0.6, close_premium=-0.4)

models = st.builds(
    ImpactModel,
    coefficient=st.floats(0, 5),
    exponent=st.floats(0.1, 1),
    reference_volatility_per_day=st.floats(0, 0.1),
    depth_coefficient=st.floats(0, 5),
    open_premium=st.floats(-1, 3),
    close_premium=st.floats(-1, 3),
)
markets = st.fixed_dictionaries(
    {
        "average_daily_volume": st.floats(1e2, 1e10),
        "volatility_per_day": st.floats(0, 0.2),
        "spread_bps": st.floats(0, 100) | st.just(nan),
        "depth": st.floats(1, 1e7) | st.just(nan),
        "session_fraction": st.floats(0, 1) | st.just(nan),
    }
)
quantities = st.floats(0, 1e8)


def parts(estimate):
    return (estimate.volume_bps, estimate.depth_bps, estimate.volatility_bps, estimate.time_of_day_bps)


def test_worked_example():
    """One percent of the volume at Y = 0.8: 0.8 x 0.1 = 8 % of the volatility, which is 1 % usually and 2 % today.

    A sweep of ten times the depth pays 2 x 9² / 20 = 8.1 bps more on average, of which 0.8 x 0.5 counts. A quarter
    into the session the premium of the open is a quarter of its 0.6.
    """
    estimate = FULL.estimate(10_000, **MARKET)
    assert parts(estimate) == pytest.approx((8.0, 3.24, 8.0, 2.4))
    assert estimate.total_bps == pytest.approx(21.64)


def test_the_law_alone_is_that_of_the_costs():
    estimate = ImpactModel(coefficient=0.7, exponent=0.6).estimate(-5000, **MARKET)
    assert estimate.total_bps == pytest.approx(1e4 * square_root_impact(5000, 1e6, 0.02, 0.7, 0.6))


@given(models, quantities, markets)
def test_the_parts_sum_to_the_total_which_is_never_below_nothing(model, quantity, market):
    estimate = model.estimate(quantity, **market)
    assert sum(parts(estimate)) == pytest.approx(estimate.total_bps, rel=1e-12, abs=1e-9)
    assert estimate.total_bps >= -1e-9
    assert estimate == model.estimate(-quantity, **market)


@given(models, quantities, markets)
def test_with_coefficient_0_every_part_is_0(model, quantity, market):
    nothing = ImpactModel(
        coefficient=0.0,
        exponent=model.exponent,
        reference_volatility_per_day=model.reference_volatility_per_day,
        depth_coefficient=model.depth_coefficient,
        open_premium=model.open_premium,
        close_premium=model.close_premium,
    )
    estimate = nothing.estimate(quantity, **market)
    assert (*parts(estimate), estimate.total_bps) == (0, 0, 0, 0, 0)
    assert any(FULL.estimate(10_000, **MARKET).total_bps > limit for limit in (0, 20))  # the control


@given(models, quantities, st.floats(1, 100), markets)
def test_a_larger_order_never_costs_less(model, quantity, factor, market):
    smaller, larger = (model.estimate(size, **market).total_bps for size in (quantity, factor * quantity))
    assert larger >= smaller * (1 - 1e-12) - 1e-9


@given(models, quantities, st.floats(0.01, 100), markets)
def test_the_unit_of_quantity_does_not_matter(model, quantity, factor, market):
    """Shares or lots of shares: quantity, volume and depth change together."""
    scaled = market | {name: factor * market[name] for name in ("average_daily_volume", "depth")}
    estimate = model.estimate(quantity, **market)
    assert model.estimate(factor * quantity, **scaled).total_bps == pytest.approx(
        estimate.total_bps, rel=1e-6, abs=1e-6
    )


@given(quantities, st.floats(0.1, 10), markets)
def test_impact_is_proportional_to_volatility_and_spread_together(quantity, factor, market):
    scaled = market | {name: factor * market[name] for name in ("volatility_per_day", "spread_bps")}
    estimate = FULL.estimate(quantity, **market)
    assert FULL.estimate(quantity, **scaled).total_bps == pytest.approx(factor * estimate.total_bps, rel=1e-9, abs=1e-9)


@given(quantities, markets, st.floats(0, 0.1), st.floats(0, 0.1))
def test_the_reference_moves_parts_and_not_the_total(quantity, market, one, other):
    totals = [
        ImpactModel(coefficient=1.0, reference_volatility_per_day=reference).estimate(quantity, **market).total_bps
        for reference in (one, other)
    ]
    assert totals[0] == pytest.approx(totals[1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("fraction", "premium"), [(0.0, 0.6), (0.25, 0.15), (0.5, 0.0), (0.75, -0.1), (1.0, -0.4), (nan, 0.0)]
)
def test_the_time_of_day_is_a_u_with_sides_of_their_own(fraction, premium):
    estimate = FULL.estimate(10_000, **MARKET | {"session_fraction": fraction})
    assert estimate.time_of_day_bps == pytest.approx(16 * premium)


@pytest.mark.parametrize("unknown", [{"depth": nan}, {"spread_bps": nan}, {"depth": 10_000.0}, {"depth": inf}])
def test_without_a_known_depth_or_within_it_there_is_no_depth_term(unknown):
    assert FULL.estimate(10_000, **MARKET | unknown).depth_bps == 0


def test_the_depth_term_begins_without_a_jump():
    assert FULL.estimate(1000.001, **MARKET).depth_bps == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("coefficient", -0.1),
        ("coefficient", nan),
        ("exponent", 0.0),
        ("exponent", 1.1),
        ("reference_volatility_per_day", inf),
        ("depth_coefficient", -1.0),
        ("open_premium", -1.1),
        ("close_premium", nan),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, value):
    with pytest.raises(ValueError, match=f"{setting} is {value}"):
        ImpactModel(**{"coefficient": 1.0} | {setting: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"average_daily_volume": 0.0}, "average_volume is 0"),
        ({"average_daily_volume": nan}, "average_volume is nan"),
        ({"volatility_per_day": nan}, "volatility is nan"),
        ({"spread_bps": -1.0}, "spread_bps is -1"),
        ({"depth": 0.0}, "depth 0"),
        ({"session_fraction": 1.1}, "session_fraction 1.1"),
    ],
)
def test_a_market_out_of_range_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        FULL.estimate(1000, **MARKET | change)

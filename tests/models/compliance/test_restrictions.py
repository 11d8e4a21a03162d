import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.models.compliance.restrictions import apply_restrictions
from nautilus_ai_firm.models.execution.netting import target_quantity

NAN = float("nan")
EQUITY = 1_000_000.0


def apply(current, weights, **given_rules):
    n = len(current)
    rules = {
        "price": [100.0] * n,
        "restricted": [False] * n,
        "market_open": [True] * n,
        "max_order_value": [1e9] * n,
        "max_order_volume": [1e9] * n,
    } | {key: value for key, value in given_rules.items() if isinstance(value, list)}
    return apply_restrictions(
        np.array(current, dtype=float),
        np.array(weights, dtype=float),
        given_rules.get("equity", EQUITY),
        **{key: np.array(value) for key, value in rules.items()},
        instrument_ids=[f"I{i}.X" for i in range(n)],
        restricted_may_reduce=given_rules.get("restricted_may_reduce", False),
        lot_size=given_rules.get("lot_size", 1.0),
    )


def test_what_is_allowed_passes_bit_by_bit():
    out, breaches = apply([0.1, 0.2, 0.0], [0.123456789, -0.2, 0.0])
    assert out.tolist() == [0.123456789, -0.2, 0.0]
    assert breaches == ()


def test_a_restricted_instrument_is_held_or_may_only_reduce():
    current, wanted = [0.2, 0.2, 0.2, 0.0], [0.3, 0.1, -0.1, 0.1]
    out, breaches = apply(current, wanted, restricted=[True] * 4)
    assert out.tolist() == current
    assert [(breach.rule, breach.action) for breach in breaches] == [("restricted", "refused")] * 4
    out, breaches = apply(current, wanted, restricted=[True] * 4, restricted_may_reduce=True)
    assert out.tolist() == [0.2, 0.1, 0.0, 0.0]
    assert [breach.instrument_id for breach in breaches] == ["I0.X", "I2.X", "I3.X"]
    assert {breach.action for breach in breaches} == {"reducing part only"}


def test_a_market_that_is_closed_at_the_execution_time_holds():
    out, breaches = apply([0.2, 0.2], [0.0, 0.0], market_open=[False, True])
    assert out.tolist() == [0.2, 0.0]
    assert [(breach.rule, breach.instrument_id) for breach in breaches] == [("market_closed", "I0.X")]


@pytest.mark.parametrize("name", ["max_order_value", "max_order_volume"])
def test_without_a_configured_maximum_there_is_no_order(name):
    out, breaches = apply([0.2, 0.2], [0.1, 0.2], **{name: [NAN, NAN]})
    assert out.tolist() == [0.2, 0.2]
    assert [breach.rule for breach in breaches] == [f"{name}_missing"]  # the second does not trade


@pytest.mark.parametrize("price", [NAN, 0.0, -1.0, float("inf")])
def test_without_a_price_there_is_no_order(price):
    out, breaches = apply([0.0], [0.1], price=[price])
    assert out.tolist() == [0.0]
    assert [breach.rule for breach in breaches] == ["price_missing"]


@pytest.mark.parametrize("equity", [0.0, -5.0, NAN])
def test_without_equity_there_is_no_order(equity):
    out, breaches = apply([0.1], [0.2], equity=equity)
    assert out.tolist() == [0.1]
    assert [breach.rule for breach in breaches] == ["equity_not_positive"]


@pytest.mark.parametrize(
    ("rules", "rule", "observed", "limit"),
    [
        ({"max_order_value": [50_000.0]}, "max_order_value", 200_000, 50_000),
        ({"max_order_volume": [500.0]}, "max_order_volume", 2000, 500),
    ],
)
@pytest.mark.parametrize("direction", [1, -1])
def test_a_large_trade_shrinks_towards_the_current_weight(rules, rule, observed, limit, direction):
    out, breaches = apply([0.1], [0.1 + 0.2 * direction], **rules)
    np.testing.assert_allclose(out, 0.1 + 0.05 * direction)
    assert [(breach.rule, breach.action, breach.limit) for breach in breaches] == [(rule, "reduced", limit)]
    assert breaches[0].observed == pytest.approx(observed)


def test_the_smaller_of_two_maxima_counts_and_both_are_recorded():
    out, breaches = apply([0.0], [0.5], max_order_value=[300_000.0], max_order_volume=[1000.0])
    np.testing.assert_allclose(out, [0.1])
    assert [breach.rule for breach in breaches] == ["max_order_value", "max_order_volume"]


@pytest.mark.parametrize(("value", "passes"), [(100_000.0, True), (99_999.99, False), (100_000.01, True)])
def test_boundary_of_the_order_value(value, passes):
    """1,000 units at 100: exactly the maximum passes, a cent less costs a whole unit."""
    out, breaches = apply([0.0], [0.1], max_order_value=[value])
    assert out[0] == (0.1 if passes else pytest.approx(0.0999))
    assert (breaches == ()) == passes


def test_what_is_not_finite_holds():
    out, breaches = apply([0.1, 0.1], [NAN, float("inf")])
    assert out.tolist() == [0.1, 0.1]
    assert breaches == ()


def test_a_current_weight_that_is_not_finite_is_a_broken_invariant():
    with pytest.raises(ValueError, match="current weights are"):
        apply([NAN], [0.1])


@st.composite
def cases(draw):
    n = draw(st.integers(1, 5))
    column = lambda cells: draw(st.lists(cells, min_size=n, max_size=n))  # noqa: E731 - eight columns
    weight = st.one_of(st.sampled_from([0.0, 0.1, -0.1]), st.floats(-2, 2))
    return {
        "current": column(weight),
        "weights": column(st.one_of(weight, st.just(NAN))),
        "price": column(st.one_of(st.floats(1, 5000), st.just(NAN))),
        "restricted": column(st.booleans()),
        "market_open": column(st.booleans()),
        "max_order_value": column(st.one_of(st.floats(10, 1e7), st.just(NAN))),
        "max_order_volume": column(st.one_of(st.integers(1, 10**6).map(float), st.just(NAN))),
        "restricted_may_reduce": draw(st.booleans()),
        "lot_size": draw(st.sampled_from([1.0, 100.0])),
    }


@given(cases())
def test_the_result_lies_between_current_and_input(case):
    out, _ = apply(**case)
    current = np.array(case["current"])
    wanted = np.where(np.isnan(case["weights"]), current, case["weights"])
    assert ((np.minimum(current, wanted) <= out) & (out <= np.maximum(current, wanted))).all()


@given(cases())
def test_applying_twice_changes_nothing(case):
    once, _ = apply(**case)
    twice, _ = apply(**(case | {"weights": once.tolist()}))
    np.testing.assert_allclose(twice, once, atol=1e-9)


@given(
    st.integers(-5000, 5000),
    st.floats(-3, 3),
    st.floats(1, 900),
    st.floats(1000, 1e6),
    st.integers(100, 5000),
    st.sampled_from([1, 10]),
)
def test_the_order_that_follows_keeps_both_maxima(lots, wanted, price, value, volume, lot):
    """From weights to quantities and back: cutting targets to whole lots never pushes an order over a maximum."""
    held = lots * lot
    current = held * price / EQUITY
    out, _ = apply(
        [current],
        [wanted],
        price=[price],
        max_order_value=[value],
        max_order_volume=[float(volume)],
        lot_size=float(lot),
    )
    order = abs(int(target_quantity(out, EQUITY, np.array([price]), float(lot))[0]) - held)
    assert order * price <= value * (1 + 1e-9) + lot * price * 1e-9
    assert order <= volume


def test_a_sale_that_keeps_the_maximum_only_until_it_is_cut_to_lots_shrinks_too():
    """500 held, 100.3 to sell, 100.7 allowed: a target of 399.7 would become 399, a sale of 101."""
    out, breaches = apply([0.05], [0.03997], max_order_value=[10_070.0])
    assert target_quantity(out, EQUITY, np.array([100.0]), 1.0).tolist() == [400]
    assert [(breach.rule, round(breach.observed)) for breach in breaches] == [("max_order_value", 10_100)]
    # a purchase of as much is cut downwards and passes as it is
    assert apply([0.05], [0.06003], max_order_value=[10_070.0]) == (pytest.approx([0.06003]), ())


def test_shrinking_to_the_exact_value_would_push_a_sale_over_it():
    """The control of the property above: 500 held, at most 100.7 sold by value; a target of 399.3 becomes 399."""
    naive = np.array([0.05 - 0.01007])
    order = 500 - int(target_quantity(naive, EQUITY, np.array([100.0]), 1.0)[0])
    assert order * 100 > 10_070
    out, _ = apply([0.05], [0.0], max_order_value=[10_070.0])
    assert 500 - int(target_quantity(out, EQUITY, np.array([100.0]), 1.0)[0]) == 100

import numpy as np
import pytest
from arch.data import nasdaq, sp500

from nautilus_ai_firm.models.risk.backtests import Zone, backtest, exceptions
from nautilus_ai_firm.models.risk.tail import UNKNOWN, TailRisk
from nautilus_ai_firm.models.risk.value_at_risk import METHODS, ValueAtRiskModel, worst_of
from nautilus_ai_firm.settings.value_at_risk import ValueAtRisk

NAN = float("nan")
BOOK = np.array([0.4, -0.1, 0.3])


def model(n=3, **changes):
    settings = ValueAtRisk(**({"methods": METHODS, "window_rounds": 100, "scenarios": 2000} | changes))
    return ValueAtRiskModel(n, **settings.model_parameters())


def fed(closes, fresh=None, **changes):
    fresh = np.isfinite(closes) if fresh is None else fresh
    made = model(closes.shape[1], **changes)
    for row in zip(closes, fresh, strict=True):
        made.update(*row)
    return made


def risks(made, weights=BOOK):
    return {name: measure.risk(weights) for name, measure in made.measures().items()}


def test_each_method_is_the_computation_that_its_name_says(closes):
    """Batch, with pandas' weights, against the model that took one round at a time."""
    made = fed(closes)
    returns = closes[1:] / closes[:-1] - 1
    weights = (1 - 2 / 76) ** np.arange(len(returns))[::-1]
    covariance = (returns * weights[:, np.newaxis]).T @ returns / weights.sum()
    deviation = np.sqrt(BOOK @ covariance @ BOOK)
    found = risks(made)
    assert found["normal"].value_at_risk == pytest.approx(2.3263478740 * deviation, rel=1e-9)
    assert found["student_t"].value_at_risk == pytest.approx(np.sqrt(3 / 5) * 3.3649299989 * deviation, rel=1e-9)
    assert found["historical"].value_at_risk == pytest.approx(np.quantile(-(returns[-100:] @ BOOK), 0.99), rel=1e-9)
    scaled = np.empty((100, 3))
    for row in range(100):  # the volatility before round t is that of the rounds before t
        t = len(returns) - 100 + row
        before = returns[:t] ** 2 * weights[-t:, np.newaxis]
        scaled[row] = returns[t] / np.sqrt(before.sum(axis=0) / weights[-t:].sum())
    losses = -(scaled * np.sqrt(np.diagonal(covariance))) @ BOOK
    assert found["filtered_historical"].value_at_risk == pytest.approx(np.quantile(losses, 0.99), rel=1e-9)
    assert found["monte_carlo"].value_at_risk == pytest.approx(found["student_t"].value_at_risk, rel=0.15)


def test_cutting_the_future_changes_nothing(closes):
    made = model()
    seen = []
    for row in closes[:300]:
        made.update(row, np.isfinite(row))
        seen.append(risks(made))
    for cut in (150, 200, 300):
        assert risks(fed(closes[:cut])) == seen[cut - 1]


def test_a_peek_at_the_next_round_changes_figures(closes):
    """The control of the one above."""
    peeked = closes[:200].copy()
    peeked[-1] *= [0.9, 1.0, 1.0]
    assert risks(fed(peeked)) != risks(fed(closes[:200]))


@pytest.mark.parametrize(
    ("name", "first"), [("normal", 21), ("monte_carlo", 21), ("historical", 101), ("filtered_historical", 121)]
)
def test_there_is_no_figure_before_the_warm_up(closes, name, first):
    assert np.isnan(risks(fed(closes[: first - 1]))[name]).all()
    assert np.isfinite(risks(fed(closes[:first]))[name]).all()


def test_nothing_held_has_a_figure_from_the_start():
    assert set(risks(model(), np.zeros(3)).values()) == {TailRisk(0.0, 0.0)}


def test_an_instrument_without_prices_concerns_only_who_holds_it(closes):
    closes[:, 1] = NAN
    made = fed(closes)
    assert np.isnan(np.array(list(risks(made).values()))).all()
    assert np.isfinite(np.array(list(risks(made, np.array([0.4, 0.0, 0.3])).values()))).all()


def test_rounds_without_a_bar_are_rounds_without_a_move(closes):
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[500:510, 2] = False
    garbage = closes.copy()
    garbage[500:510, 2] = 1e9  # a stale price is not looked at
    assert risks(fed(closes, fresh)) == risks(fed(garbage, fresh))
    assert risks(fed(closes, fresh)) != risks(fed(closes))


def test_filtered_figures_follow_the_volatility_and_historical_ones_wait(closes):
    """The last twenty rounds four times as wild."""
    wild = np.diff(np.log(closes), axis=0)
    wild[-20:] *= 4
    calm, stormy = fed(closes), fed(closes[0] * np.exp(wild.cumsum(axis=0)))
    rise = {name: risks(stormy)[name].value_at_risk / risks(calm)[name].value_at_risk for name in METHODS}
    assert rise["filtered_historical"] > 2
    assert rise["normal"] > 2
    assert rise["filtered_historical"] > rise["historical"]


def test_prices_in_another_unit_change_nothing(closes):
    there, here = risks(fed(closes * [100.0, 0.5, 7.0])), risks(fed(closes))
    for name in METHODS:
        np.testing.assert_allclose(np.array(there[name]), np.array(here[name]), rtol=1e-9)


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 0, 2]])
def test_the_order_of_the_universe_does_not_matter(closes, order):
    there, here = risks(fed(closes[:, order]), BOOK[order]), risks(fed(closes))
    for name in METHODS:
        tolerance = 0.15 if name == "monte_carlo" else 1e-9
        np.testing.assert_allclose(np.array(there[name]), np.array(here[name]), rtol=tolerance)


def test_the_mean_of_the_window_is_expected_once_where_it_is_configured(closes):
    mean = (closes[1:] / closes[:-1] - 1)[-100:].mean(axis=0) @ BOOK
    zero, window = risks(fed(closes)), risks(fed(closes, mean="window"))
    for name in ("normal", "student_t", "monte_carlo"):
        np.testing.assert_allclose(np.array(zero[name]) - np.array(window[name]), mean, rtol=1e-9)
    for name in ("historical", "filtered_historical"):  # the past has its own mean
        assert window[name] == zero[name]


def test_the_scenarios_of_a_model_are_those_of_its_seed(closes):
    first, again, other = fed(closes), fed(closes), fed(closes, seed=2)
    assert risks(first)["monte_carlo"] == risks(again)["monte_carlo"]
    assert risks(first)["monte_carlo"] != risks(other)["monte_carlo"]


def test_the_worst_method_counts_and_one_without_a_figure_leaves_none(closes):
    made = fed(closes)
    worst = worst_of(made.measures(), BOOK)
    assert worst.value_at_risk == max(risk.value_at_risk for risk in risks(made).values())
    assert worst.expected_shortfall == max(risk.expected_shortfall for risk in risks(made).values())
    assert all(np.isnan(worst_of(fed(closes[:50]).measures(), BOOK)))
    assert np.isnan(UNKNOWN).all()


def test_only_configured_methods_are_there_in_their_order(closes):
    made = fed(closes, methods=("historical", "normal"))
    assert list(made.measures()) == ["historical", "normal"]
    assert made.covariance.volatility.shape == (3,)


@pytest.mark.parametrize(("index", "count", "alone"), [(sp500, 46, (60, 72)), (nasdaq, 43, (54, 65))])
def test_the_default_methods_together_have_the_exceptions_that_they_state(index, count, alone):
    """1999 to 2018 at 99 %, each figure from the days before: 47.6 would be right in 4760."""
    closes = index.load()["Adj Close"].to_numpy()
    settings = ValueAtRisk()
    made = ValueAtRiskModel(1, **settings.model_parameters())
    figures = {name: np.full(len(closes), NAN) for name in (*settings.methods, "worst")}
    for t, close in enumerate(closes):
        measures = made.measures()
        for name, measure in measures.items():
            figures[name][t] = measure.risk(np.ones(1)).value_at_risk
        figures["worst"][t] = worst_of(measures, np.ones(1)).value_at_risk
        made.update(np.array([close]), np.array([True]))
    returns = np.concatenate([[NAN], closes[1:] / closes[:-1] - 1])
    judged = {name: backtest(exceptions(returns, figure), 0.99) for name, figure in figures.items()}
    assert [judged[name].exceptions for name in settings.methods] == list(alone)
    assert judged["worst"].exceptions == count
    assert judged["worst"].coverage.p_value > 0.4
    assert judged["worst"].zone is Zone.GREEN
    assert judged["filtered_historical"].coverage.p_value < 0.02  # alone it would be rejected


@pytest.mark.parametrize("wrong", [{"methods": ["garch"]}, {"mean": "median"}, {"confidence": 0.3}])
def test_a_parameter_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="allowed"):
        ValueAtRiskModel(3, **(ValueAtRisk().model_parameters() | wrong))

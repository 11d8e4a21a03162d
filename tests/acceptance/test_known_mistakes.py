"""Mistakes seen in systems of this kind: the firm does not make them, and each wrong formula would be found."""

from pathlib import Path

import numpy as np
import pytest
import talib
from statsmodels.tsa.stattools import coint

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.data.manifest import Adjustment
from nautilus_ai_firm.data.objects import bar_type_id
from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.cio.combination import combine
from nautilus_ai_firm.models.estimators.crossover import crossover_response
from nautilus_ai_firm.models.estimators.engle_granger import engle_granger
from nautilus_ai_firm.models.estimators.kelly import growth_optimal_leverage
from nautilus_ai_firm.models.estimators.macd import MacdHistogram
from nautilus_ai_firm.models.estimators.random_walk import Response, weighted_sum
from nautilus_ai_firm.models.estimators.wilder import RelativeStrength
from nautilus_ai_firm.models.execution.ledger import Parent, WorkingLedger
from nautilus_ai_firm.models.risk.limits import Limits, apply_limits
from nautilus_ai_firm.models.risk.return_window import ReturnWindow
from nautilus_ai_firm.models.risk.value_at_risk import ValueAtRiskModel
from nautilus_ai_firm.settings.value_at_risk import ValueAtRisk
from tests.acceptance.conftest import Studied
from tests.data.test_lean import lean_folder
from tests.firm_runs import decisions, fills


@pytest.fixture
def walk() -> Floats:
    """Closes of one instrument over 800 bars."""
    return np.exp(np.random.default_rng(5).normal(0.0005, 0.012, 800).cumsum()) * 100


def test_the_signal_line_of_the_macd_is_an_average_and_not_nine_tenths(walk: Floats) -> None:
    model = MacdHistogram(12, 26, 9, 1)
    histogram = np.array([model.update(close) for close in walk[:, np.newaxis]])[:, 0]
    line, _, expected = talib.MACD(walk, 12, 26, 9)
    np.testing.assert_allclose(histogram[400:], expected[400:], atol=1e-9)
    wrong = line - 0.9 * line
    assert np.abs(wrong - expected)[400:].mean() > 0.1
    assert (np.sign(wrong) != np.sign(expected))[400:].mean() > 0.2  # it even points the other way


def test_the_relative_strength_index_has_wilders_mean_and_not_a_plain_one(walk: Floats) -> None:
    model = RelativeStrength(14, 1)
    index = np.array([model.update(close) for close in walk[:, np.newaxis]])[:, 0]
    np.testing.assert_allclose(index[14:], talib.RSI(walk, 14)[14:], atol=1e-9)
    change = np.diff(walk)
    gain, loss = (np.convolve(np.maximum(side, 0), np.ones(14) / 14, "valid") for side in (change, -change))
    wrong = 100 * gain / (gain + loss)
    assert np.abs(wrong - index[14:]).mean() > 3


def test_monte_carlo_value_at_risk_has_the_mean_once(walk: Floats) -> None:
    def value_at_risk(mean: str) -> float:
        settings = ValueAtRisk(methods=("monte_carlo",), mean=mean, window_rounds=250)  # pyright: ignore[reportArgumentType] - one of two words
        model = ValueAtRiskModel(1, **settings.model_parameters())
        for close in walk:
            model.update(np.array([close]), np.array([True]))
        return model.measures()["monte_carlo"].risk(np.ones(1)).value_at_risk

    mean = float((walk[1:] / walk[:-1] - 1)[-250:].mean())
    assert abs(mean) > 1e-4
    gained = value_at_risk("zero") - value_at_risk("window")
    assert gained == pytest.approx(mean, rel=1e-9)
    assert gained != pytest.approx(2 * mean, rel=0.4)  # the wrong one: scenarios drawn around the mean, and the mean


def test_kellys_leverage_is_of_returns_and_refuses_dollars(walk: Floats) -> None:
    returns, equity = walk[1:] / walk[:-1] - 1, 1_000_000.0
    dollars = equity * returns
    leverage = growth_optimal_leverage(returns)
    assert leverage == pytest.approx(returns.mean() / returns.var(ddof=1))
    with pytest.raises(ValueError, match="not amounts of money"):
        growth_optimal_leverage(dollars)
    wrong = dollars.mean() / dollars.var(ddof=1)
    assert wrong == pytest.approx(leverage / equity)  # a millionth of what is meant


def test_leverage_nets_within_an_instrument_and_not_across() -> None:
    """500 held and 300 of it on sale is 200; long one and short another is both."""
    ledger = WorkingLedger(2)
    ledger.hold(Parent(parent_id="P", place=0, quantity=-300, round=1, decision_id="R", execution_ns=0))
    position = np.array([500, -300])
    current = (position + ledger.working()) / 1000
    limits = Limits(max_position=1.0, max_gross=0.6, max_net=1.0)

    def risked(decided: Floats) -> Floats:
        return apply_limits(current, decided, np.ones(2, dtype=np.bool_), limits, ("A", "B"))[0]

    np.testing.assert_array_equal(risked(np.array([0.3, -0.3])), [0.3, -0.3])  # a gross of 0.6
    np.testing.assert_allclose(risked(np.array([0.3, -0.4])), [0.25, -0.35])  # of 0.7, though its net is 0.1
    ignores_netting = float(np.abs(position).sum() + np.abs(ledger.working()).sum()) / 1000
    assert ignores_netting > 0.6  # and would have refused both
    nets_across = abs(float(np.array([0.3, -0.4]).sum()))
    assert nets_across < 0.6  # and would have let both pass


def test_the_lag_of_the_dickey_fuller_test_is_chosen_and_not_fixed() -> None:
    """Walks whose steps remember those two and three before: with a lag of 1 they seem to revert, with three not."""
    rng = np.random.default_rng(3)
    found, fixed = [], []
    for _ in range(200):
        change = rng.normal(size=300)
        for t in range(3, 300):
            change[t] -= 0.3 * (change[t - 2] + change[t - 3])
        x = rng.normal(size=300).cumsum()
        y = 0.7 * x + change.cumsum()
        statistic, p_value = engle_granger(y, x, 8)
        expected = coint(y, x, trend="c", maxlag=8, autolag="aic")[0]
        assert statistic == pytest.approx(expected, rel=1e-8)
        found.append(p_value < 0.05)
        fixed.append(coint(y, x, trend="c", maxlag=1, autolag=None)[1] < 0.05)  # pyright: ignore[reportArgumentType] - None is no choice
    assert np.mean(fixed) > 2 * np.mean(found)


def test_signals_that_move_together_are_not_counted_as_independent() -> None:
    """Crossovers of neighbouring speeds, as the momentum agent weighs them: how far their mean strays by chance."""
    responses = [crossover_response(span) for span in (8, 16, 32)]
    weights = [1 / response.deviation for response in responses]
    moves = np.random.default_rng(1).normal(size=30_000)
    together = sum(
        (weight * series(response, moves) for weight, response in zip(weights, responses, strict=True)),
        start=np.zeros(1),
    )
    stated = weighted_sum(responses, weights).deviation
    assert float(together[2000:].std()) == pytest.approx(stated, rel=0.05)
    assert stated > 1.4 * np.sqrt(3)  # the wrong one: a t-value half as large again as it is


def series(response: Response, moves: Floats) -> Floats:
    """Return the indicator of a response on returns, each pole by its own recursion."""
    found = np.zeros(len(moves))
    states = np.zeros(len(response.poles))
    for t, move in enumerate(moves):
        states = np.array(response.poles) * states + move
        found[t] = float((np.array(response.weights) * states).sum())
    return found


def test_an_agent_that_sits_twice_has_no_stronger_view() -> None:
    scores, sure = np.array([[0.6, -0.2]]), np.array([[0.8, 0.4]])
    once, _ = combine(scores, sure, np.ones(1))
    twice, _ = combine(np.repeat(scores, 2, axis=0), np.repeat(sure, 2, axis=0), np.ones(2))
    np.testing.assert_allclose(twice, once)
    assert (np.abs(np.repeat(scores, 2, axis=0).sum(axis=0)) > 1.5 * np.abs(once)).all()  # what adding up would say


def test_no_fill_is_at_the_price_that_decided_it(daily: Studied) -> None:
    reader, rows = Catalog(daily.catalog), fills(daily.run)
    closes = {line["round"]: line["ts"] for line in decisions(daily.run.folder)}
    assert len(rows) > 50
    at_close = 0
    for row in rows:
        bars = reader.bar_columns(bar_type_id(row["instrument_id"], "1-DAY"))
        decided = int(np.searchsorted(bars.ts_close_ns, closes[row["round"]]))
        assert row["ts"] > bars.ts_close_ns[decided]
        assert float(row["price"]) == bars.open[decided + 1]
        at_close += float(row["price"]) == bars.close[decided]
    assert at_close < 0.05 * len(rows)  # so the check above would find fills at the close


@pytest.mark.parametrize(("adjustment", "crash"), [("total_return", False), ("split", False), ("raw", True)])
def test_a_split_is_no_crash_in_adjusted_prices(tmp_path: Path, adjustment: Adjustment, crash: bool) -> None:
    """The control is the third: of prices as traded, the day of a 2 for 1 split is the worst day there ever was."""
    catalog = Catalog(tmp_path / "catalog")
    add_lean(catalog, lean_folder(tmp_path, hourly=None), adjustment=adjustment)
    bars: BarColumns = catalog.bar_columns("ABC.USA-1-DAY-LAST-EXTERNAL")
    window = ReturnWindow(2, 1)
    for close in bars.close:
        window.update(np.array([close]), np.array([True]), np.array([0.01]))
    assert (float(window.returns.min()) < -0.4) is crash
    assert np.isfinite(window.returns).all()

from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.estimators.standstill import Standstill
from nautilus_ai_firm.models.signals.momentum import FORECAST_SCALARS, Model, Params
from tests.models.snapshots import of_closes

ABC = ("A", "B", "C")
WATCHED = Watched(instruments=ABC)
ALONE = Watched(instruments=ABC[:1])
PARAMS = Params(fast_spans=(8, 16), macd_weight=0.25, rsi_weight=0.75, diversification_multiplier=1.1)
WARM = 63
FORGOTTEN = 450  # bars after which the start of Wilder's means and of the slow average is gone


def on_one_return(spans):
    """Weights of past returns in each forecast before scaling: what its definition makes of a single return of 1."""
    price = pd.Series(np.append(0.0, np.ones(6000)))
    lines = [
        price.ewm(span=fast, adjust=False).mean() - price.ewm(span=slow, adjust=False).mean()
        for fast, slow in [*((span, 4 * span) for span in spans), (12, 26)]
    ]
    histogram = lines[-1] - lines[-1].ewm(span=9, adjust=False).mean()
    strength = price.diff().fillna(0.0).ewm(alpha=1 / 14, adjust=False).mean() / np.sqrt(2 / np.pi)
    return np.array([*lines[:-1], histogram, strength])[:, 1:]


def independent(closes, spans=(8, 16), oscillators=(0.25, 0.75), multiplier=1.1):
    """Score and confidence from pandas, TA-Lib and sums over explicit weights of returns."""
    logs = pd.DataFrame(np.log(closes))
    volatility = np.sqrt((logs.diff() ** 2).ewm(span=36).mean())
    rows = on_one_return(spans)
    deviations = np.sqrt((rows**2).sum(axis=1))
    scalars = np.array(
        [FORECAST_SCALARS[span] for span in spans] + [10 / np.sqrt(2 / np.pi) / d for d in deviations[-2:]]
    )
    weights = np.array([*(1.0 for _ in spans), *oscillators])
    weights /= weights.sum()
    macd = logs.apply(lambda x: talib.MACD(x.to_numpy(), 12, 26, 9)[2])
    rsi = logs.apply(lambda x: talib.RSI(x.to_numpy(), 14))
    raw = [(logs.ewm(span=fast).mean() - logs.ewm(span=4 * fast).mean()) / volatility for fast in spans]
    forecasts = scalars[:, np.newaxis, np.newaxis] * np.array([*raw, macd / volatility, rsi / 50 - 1])
    if multiplier is None:
        unit = (weights / deviations)[:, np.newaxis] * rows
        multiplier = 1 / np.sqrt((unit.sum(axis=0) ** 2).sum())
    capped = multiplier * np.average(forecasts.clip(-20, 20), axis=0, weights=weights)
    deviation = np.sqrt((((weights * scalars)[:, np.newaxis] * rows).sum(axis=0) ** 2).sum())
    t = np.average(forecasts, axis=0, weights=weights) / deviation
    adx = logs.apply(lambda x: talib.ADX(x.to_numpy(), x.to_numpy(), x.to_numpy(), 14)).to_numpy()
    sure = np.minimum(1 - 2 * norm.sf(np.abs(t)), norm.cdf((np.log(adx) - 3.10) / 0.385))
    return (capped / 20).clip(-1, 1), sure


@pytest.mark.parametrize("multiplier", [1.1, None])
def test_equals_an_independent_batch_calculation(closes, rounds, run, multiplier):
    params = msgspec.structs.replace(PARAMS, diversification_multiplier=multiplier)
    score, confidence = run(Model(params, WATCHED), rounds(closes))
    expected, sure = independent(closes, multiplier=multiplier)
    np.testing.assert_allclose(score[FORGOTTEN:], expected[FORGOTTEN:], atol=1e-9)
    np.testing.assert_allclose(confidence[FORGOTTEN:], sure[FORGOTTEN:], atol=1e-9)


def test_is_in_range_and_has_no_view_before_the_slowest_average_is_warm(closes, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    for figures in (score, confidence):
        assert np.isnan(figures[:WARM]).all()
        assert np.isfinite(figures[WARM:]).all()
    assert (np.abs(score[WARM:]) <= 1).all()
    assert ((confidence[WARM:] >= 0) & (confidence[WARM:] <= 1)).all()
    fastest, _ = run(Model(Params(fast_spans=(2,)), WATCHED), rounds(closes))
    assert np.isfinite(fastest[:, 0]).argmax() == 33  # the 34 closes of the MACD histogram


def test_a_steady_rise_is_a_full_long_and_a_steady_fall_a_full_short(rounds, run):
    """But for the histogram, which says whether a trend gains speed, and this one does not."""
    trend = np.exp(np.linspace(0, 3, 300))
    market = rounds(np.stack([trend, 1 / trend], axis=1))
    score, confidence = run(Model(Params(), Watched(instruments=ABC[:2])), market)
    np.testing.assert_array_equal(score[-1], [1, -1])
    assert (confidence[-1] > 0.99).all()


def walks(n, length=1200, seed=4):
    return np.exp(np.random.default_rng(seed).normal(scale=0.01, size=(length, n)).cumsum(axis=0))


@pytest.mark.parametrize("spans", [(16,), (4, 8), (16, 32, 64)])
def test_a_typical_forecast_on_a_random_walk_is_near_half(rounds, run, spans):
    """Published scalars give a mean size of 10, that is 0.5, on prices that trend; a walk trends a little less."""
    watched = Watched(instruments=tuple(f"S{i}" for i in range(60)))
    score, _ = run(Model(Params(fast_spans=spans), watched), rounds(walks(60)))
    assert 0.36 < np.abs(score[300:]).mean() < 0.5


def test_on_random_walks_the_confidence_is_no_more_than_they_deserve(rounds, run):
    """One less the larger of two p-values: above a level at most as often as the level says, whatever the two share."""
    watched = Watched(instruments=tuple(f"S{i}" for i in range(60)))
    _, confidence = run(Model(Params(fast_spans=(4, 8)), watched), rounds(walks(60)))
    for level in (0.5, 0.8, 0.95):
        assert 0 < (confidence[200:] > level).mean() < 1 - level
    # the control: prices with a trend have more
    drift = np.exp(0.003 * np.arange(1200))[:, np.newaxis]
    _, more = run(Model(Params(fast_spans=(4, 8)), watched), rounds(walks(60) * drift))
    assert np.median(more[200:]) > 1.5 * np.median(confidence[200:])


def test_a_trend_whose_bars_reach_up_and_down_in_turn_is_believed_less(closes, rounds, run):
    """The same closes, but the movement no longer goes one way: the score stays."""
    market = rounds(closes)
    swinging = [
        replace(one, high=one.close * (1 + 0.2 * (one.round % 2)), low=one.close * (0.8 + 0.2 * (one.round % 2)))
        for one in market
    ]
    score, confidence = run(Model(PARAMS, WATCHED), market)
    same, less = run(Model(PARAMS, WATCHED), swinging)
    np.testing.assert_array_equal(same, score)
    assert less[WARM:].mean() < 0.1 < confidence[WARM:].mean()


@pytest.mark.parametrize(("name", "other"), [("macd_weight", "rsi_weight"), ("rsi_weight", "macd_weight")])
def test_each_oscillator_moves_the_score_by_its_weight(closes, rounds, run, name, other):
    market = rounds(closes)
    params = Params(fast_spans=(16,), **{name: 0.0, other: 0.0})
    without, _ = run(Model(params, WATCHED), market)
    with_it, _ = run(Model(msgspec.structs.replace(params, **{name: 1.0}), WATCHED), market)
    assert 0.05 < np.nanmean(np.abs(with_it - without)) < 0.5


def test_reversing_all_returns_flips_the_score(closes, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    mirrored, same = run(Model(PARAMS, WATCHED), rounds(closes[0] ** 2 / closes))
    np.testing.assert_allclose(mirrored, -score, atol=1e-9)
    np.testing.assert_allclose(same, confidence, atol=1e-9)
    assert np.nanmax(np.abs(score)) > 0.5  # a model without views would pass too


@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e4))
@settings(max_examples=15)
def test_the_price_unit_does_not_matter(seed, scale):
    prices = walks(3, 120, seed)
    bars = [over(Model(PARAMS, WATCHED), unit * prices) for unit in (1.0, scale)]
    np.testing.assert_allclose(bars[1], bars[0], atol=1e-8)
    assert np.isfinite(bars[0][:, WARM:]).all()


def over(model, closes):
    """Run a model over closes whose bars reach half a percent to either side."""
    n = closes.shape[1]
    views = [
        model.update(of_closes(t + 1, t + 1, row, np.ones(n, dtype=bool), high=row * 1.005, low=row / 1.005))
        for t, row in enumerate(closes)
    ]
    return np.array(views).swapaxes(0, 1)


def test_instruments_do_not_influence_each_other(closes, rounds, run):
    together, _ = run(Model(PARAMS, WATCHED), rounds(closes))
    for i in range(3):
        alone, _ = run(Model(PARAMS, ALONE), rounds(closes[:, [i]]))
        np.testing.assert_array_equal(alone[:, 0], together[:, i])


def test_a_stale_instrument_has_no_view_and_goes_on_unharmed(closes, rounds, run):
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[300:305, 0] = False
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes, fresh))
    assert np.isnan(score[300:305, 0]).all()
    assert np.isnan(confidence[300:305, 0]).all()
    dropped = run(Model(PARAMS, ALONE), rounds(np.delete(closes[:, :1], range(300, 305), axis=0)))
    np.testing.assert_array_equal(score[305:, 0], dropped[0][300:, 0])
    np.testing.assert_array_equal(confidence[305:, 0], dropped[1][300:, 0])
    assert np.isfinite(score[300:305, 1:]).all()


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_a_bad_price_gives_no_view_in_that_round_alone(closes, rounds, run, bad):
    closes[400, 1] = bad
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes, np.ones(closes.shape, dtype=bool)))
    assert np.isnan(score[400]).tolist() == [False, True, False]
    assert np.isfinite(score[401:]).all()


def test_a_constant_price_has_no_view(rounds, run):
    score, confidence = run(Model(PARAMS, ALONE), rounds(np.full((200, 1), 42.0)))
    assert np.isnan(score).all()
    assert np.isnan(confidence).all()


def test_a_price_that_stands_still_ends_its_view_and_has_one_again_when_it_moves(closes, rounds, run):
    still, span = slice(300, 500), 36  # bars; the default span of the volatility
    closes[still] = closes[299]
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    ended = 300 + span - 1
    assert (score[299] != 0).all()
    assert np.isfinite(score[300:ended]).all()
    assert (score[ended] == 0).all()
    np.testing.assert_array_equal(confidence[ended], confidence[ended - 1])
    assert np.isnan(score[ended + 1 : 500]).all()
    assert np.isnan(confidence[ended + 1 : 500]).all()
    assert np.isfinite(score[500:]).all()


def test_without_that_end_silence_alone_would_be_a_trend(closes, rounds, run, monkeypatch):
    monkeypatch.setattr(Standstill, "update", lambda *_: np.zeros(3))
    closes[300:] = closes[299]
    params = Params(fast_spans=(16, 32, 64))
    score, _ = run(Model(params, WATCHED), rounds(closes))
    assert (np.abs(score[-1]) > np.abs(score[299]) + 0.2).any()


def test_scalars_are_the_published_table():
    assert FORECAST_SCALARS == {2: 10.6, 4: 7.5, 8: 5.3, 16: 3.75, 32: 2.65, 64: 1.87}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fast_spans": []}, "length >= 1"),
        ({"fast_spans": [10]}, "names 10, which has no published scalar; allowed are 2, 4, 8, 16, 32, 64"),
        ({"fast_spans": [16, 8]}, "must rise"),
        ({"fast_spans": [8, 8]}, "each span once"),
        ({"volatility_span": 1}, ">= 5"),
        ({"macd_weight": 1.5}, "<= 1"),
        ({"rsi_weight": -0.1}, ">= 0"),
        ({"diversification_multiplier": 0.9}, ">= 1"),
        ({"fast_span": [8]}, "unknown field `fast_span`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.signals.index_spread import Model, Params
from tests.models.snapshots import of_closes

UNIVERSE = ("IWM.US", "KO.US", "SPY.US", "QQQ.US")
IWM, KO, SPY, QQQ = range(4)
PARAMS = Params(benchmark="SPY.US", indices=("QQQ.US", "IWM.US"), beta_span=30, mean_span=15, scale_span=40)
WARM = 30 + 40  # the first residual comes with the return after beta is warm, and 40 of them make a scale


def market(seed=41, n=400):
    """Closes of two indices with a benchmark, and of a stock between them."""
    rng = np.random.default_rng(seed)
    common = rng.normal(scale=0.01, size=n)
    loadings, noise = np.array([1.2, 0.3, 1.0, 0.9]), np.array([0.004, 0.01, 0.0, 0.003])
    steps = common[:, np.newaxis] * loadings + rng.normal(size=(n, 4)) * noise
    return np.array([80.0, 40.0, 140.0, 60.0]) * np.exp(steps.cumsum(axis=0))


def over(closes, fresh=None, params=PARAMS, per_session=None, universe=UNIVERSE):
    """Run the model over closes; with `per_session`, in hourly bars of so many a day instead of daily ones."""
    fresh = np.ones(closes.shape, dtype=bool) if fresh is None else fresh
    model = Model(params, Watched(instruments=universe))
    views = []
    for t, row in enumerate(closes):
        ts = t * DAY_NS if per_session is None else t // per_session * DAY_NS + t % per_session * HOUR_NS
        snapshot = of_closes(t + 1, ts + DAY_NS, row, fresh[t])
        views.append(model.update(snapshot))
    return np.array(views).swapaxes(0, 1)


def independent(closes, counts):
    """z-scores and correlations of QQQ and IWM against SPY by pandas; `counts` tells which returns are no night."""
    returns = pd.DataFrame(np.log(closes)).diff().loc[counts]
    z, correlation = pd.DataFrame(), pd.DataFrame()
    for place in (QQQ, IWM):
        joint, own, others = (
            (returns[one] * returns[two]).ewm(span=30, min_periods=30).mean()
            for one, two in ((place, SPY), (place, place), (SPY, SPY))
        )
        spread = (returns[place] - (joint / others).shift() * returns[SPY]).dropna().cumsum()
        deviation = spread - spread.ewm(span=15).mean()
        usual = np.sqrt((deviation.iloc[1:] ** 2).ewm(span=40).mean()).shift()
        z[place] = (deviation / usual).iloc[39:]
        correlation[place] = joint / np.sqrt(own * others)
    rounds = range(len(closes))
    z = z.reindex(rounds).ffill()
    return z.to_numpy(), correlation.reindex(rounds).ffill().to_numpy()


@pytest.mark.parametrize("per_session", [None, 7])
def test_equals_an_independent_batch_calculation(per_session):
    closes = market()
    counts = np.arange(1, 400) if per_session is None else np.flatnonzero(np.arange(400) % 7)
    z, correlation = independent(closes, counts)
    own = np.where(np.abs(z) > 4, 0, np.clip(-z / 2, -1, 1))
    surety = correlation**2 * (1 - 2 * norm.sf(np.abs(z)))
    hedge = -np.nansum(correlation * own, axis=1)
    shrink = np.maximum(1, np.abs(hedge))
    weights = np.abs(correlation * own)
    known = np.isfinite(z).any(axis=1)
    score, confidence = over(closes, per_session=per_session)
    np.testing.assert_allclose(score[:, [QQQ, IWM]], own / shrink[:, np.newaxis], atol=1e-9)
    np.testing.assert_allclose(confidence[:, [QQQ, IWM]], surety, atol=1e-9)
    np.testing.assert_allclose(score[:, SPY], np.where(known, hedge / shrink, np.nan), atol=1e-9)
    mean = np.nansum(weights * surety, axis=1)[known] / np.nansum(weights, axis=1)[known]
    np.testing.assert_allclose(confidence[known, SPY], mean, atol=1e-9)
    assert known.sum() > 250


def test_is_in_range_and_has_views_of_its_instruments_alone_once_it_is_warm():
    score, confidence = over(market())
    assert np.isnan(score[:WARM]).all()
    assert np.isnan(score[:, KO]).all()
    assert np.isfinite(score[WARM:, [IWM, SPY, QQQ]]).mean() > 0.95
    assert np.nanmax(np.abs(score)) <= 1
    assert np.nanmin(confidence) >= 0
    assert np.nanmax(confidence) <= 1
    assert 0.3 < np.nanmean(np.abs(score[:, [IWM, QQQ]])) < 0.5  # a typical view


def test_positions_sized_by_volatility_are_neutral_to_the_benchmark():
    score, _ = over(market())
    returns = np.diff(np.log(market()), axis=0)[-200:]
    volatility = returns.std(axis=0)
    beta = np.array([np.cov(returns[:, i], returns[:, SPY])[0, 1] / returns[:, SPY].var(ddof=1) for i in range(4)])
    exposure = np.nan_to_num(score[-200:]) / volatility * beta
    left = np.abs(exposure[:, [IWM, SPY, QQQ]].sum(axis=1))
    one_sided = np.abs(exposure[:, [IWM, QQQ]].sum(axis=1))
    assert left.mean() < 0.1 * one_sided.mean()


@pytest.mark.parametrize("place", [QQQ, IWM])
def test_an_index_that_ran_ahead_is_a_short_and_its_benchmark_a_long(place):
    closes = market()
    closes[-2:, place] *= np.exp(0.009)
    before, after = over(market())[0][-1], over(closes)[0][-1]
    assert after[place] < before[place] - 0.2
    assert after[SPY] > before[SPY] + 0.1


def test_a_move_beyond_all_measure_closes_that_spread_and_its_hedge():
    closes = market()
    closes[300:, QQQ] *= 1.3
    score, confidence = over(closes)
    alone, _ = over(closes, params=msgspec.structs.replace(PARAMS, indices=("IWM.US",)))
    assert score[300, QQQ] == 0
    assert score[300, SPY] == alone[300, SPY] != 0
    assert confidence[300, QQQ] > 0  # at zero nobody would hear it
    closes[300:, IWM] *= 1.3
    assert over(closes)[0][300, [QQQ, IWM, SPY]].tolist() == [0, 0, 0]
    assert np.abs(over(closes)[0][-1, [QQQ, IWM, SPY]]).min() > 0


def test_what_a_missing_index_weighs_in_the_hedge_stays_as_it_was():
    closes, fresh = market(), np.ones((400, 4), dtype=bool)
    fresh[300, IWM] = False
    alone = msgspec.structs.replace(PARAMS, indices=("IWM.US",))
    score, _ = over(closes, fresh, alone)
    assert np.isnan(score[300]).all()  # nothing is known of the only spread
    both, _ = over(closes, fresh)
    other, _ = over(closes, fresh, msgspec.structs.replace(PARAMS, indices=("QQQ.US",)))
    assert both[300, SPY] == pytest.approx(other[300, SPY] + score[299, SPY], abs=1e-12)


def test_nights_between_intraday_bars_do_not_count():
    closes = market()
    nights = np.random.default_rng(2).normal(scale=0.02, size=(400, 4))
    nights[np.arange(400) % 7 != 0] = 0.0
    jumped = closes * np.exp(nights.cumsum(axis=0))
    calm, same = over(closes, per_session=7), over(jumped, per_session=7)
    np.testing.assert_allclose(same, calm, atol=1e-8)
    assert np.isfinite(calm[0]).sum() > 500
    # the control: the same closes in daily bars, whose nights are part of the move
    assert np.nanmax(np.abs(over(jumped)[0] - over(closes)[0])) > 0.5


def test_in_the_first_bar_of_a_session_the_view_is_that_of_the_bar_before():
    score, _ = over(market(), per_session=7)
    np.testing.assert_array_equal(score[140::7], score[139:-1:7])
    assert (score[141::7] != score[140:-1:7])[:, QQQ].all()


@given(seed=st.integers(0, 1000), exponents=st.tuples(*[st.integers(-10, 10)] * 4))
@settings(max_examples=15)
def test_units_of_prices_do_not_matter_and_mirrored_returns_flip_the_score(seed, exponents):
    closes = market(seed, 160)
    score, confidence = over(closes)
    np.testing.assert_allclose(over(closes * 10.0 ** np.array(exponents)), [score, confidence], atol=1e-7)
    np.testing.assert_allclose(over(closes[0] ** 2 / closes), [-score, confidence], atol=1e-7)
    assert np.isfinite(score).sum() > 100


def test_a_stale_index_has_no_view_and_goes_on_unharmed():
    closes, fresh = market(), np.ones((400, 4), dtype=bool)
    fresh[300:305, QQQ] = False
    spoilt = np.where(fresh, closes, 7.0)
    score, confidence = over(spoilt, fresh)
    assert np.isnan(score[300:305, QQQ]).all()
    assert np.isnan(confidence[300:305, QQQ]).all()
    assert np.isfinite(score[300:305, [IWM, SPY]]).all()
    alone = msgspec.structs.replace(PARAMS, indices=("QQQ.US",))
    seen, _ = over(spoilt, fresh, alone)
    dropped, _ = over(np.delete(closes, range(300, 305), axis=0), params=alone)
    np.testing.assert_array_equal(np.delete(seen, range(300, 305), axis=0), dropped)
    # the control: called fresh, they are moves
    assert not np.array_equal(over(spoilt, params=alone)[0][305:], seen[305:], equal_nan=True)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_without_its_benchmark_no_index_has_a_view(bad):
    closes = market()
    closes[300, SPY] = bad
    score, confidence = over(closes)
    assert np.isnan(score[300]).all()
    assert np.isnan(confidence[300]).all()
    assert np.isfinite(score[301, [IWM, SPY, QQQ]]).all()


@pytest.mark.parametrize("place", [QQQ, SPY])
def test_a_constant_price_gives_no_view(place):
    closes = market()
    closes[:, place] = 50.0
    score, _ = over(closes)
    assert np.isnan(score[:, place if place == QQQ else [SPY, QQQ, IWM]]).all()


def test_a_name_that_is_not_in_the_universe_is_refused():
    with pytest.raises(ValueError, match=r"QQQ.US is not in the universe \(SPY.US, IWM.US\)"):
        Model(PARAMS, Watched(instruments=("SPY.US", "IWM.US")))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"indices": []}, "length >= 1"),
        ({"indices": ["QQQ.US", "SPY.US"]}, "benchmark and indices name SPY.US more than once"),
        ({"indices": ["QQQ.US", "QQQ.US"]}, "benchmark and indices name QQQ.US more than once"),
        ({"full_z": 3.0, "stop_z": 3.0}, "stop_z 3.0 must be above full_z 3.0"),
        ({"mean_span": 50.0, "scale_span": 20.0}, "scale_span 20.0 must be at least mean_span 50.0"),
        ({"beta_span": 9}, ">= 10"),
        ({"session_gap_hours": 24}, "<= 20"),
        ({"span": 20}, "unknown field `span`"),
    ],
)
def test_params_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"benchmark": "SPY.US", "indices": ["QQQ.US"]} | given, Params)

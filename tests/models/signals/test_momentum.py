import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.estimators.crossover import random_walk_deviation
from nautilus_ai_firm.models.signals.momentum import FORECAST_SCALARS, Model, Params

ABC = ("A", "B", "C")
WATCHED = Watched(instruments=ABC)
ALONE = Watched(instruments=ABC[:1])
PARAMS = Params(fast_spans=(8, 16), diversification_multiplier=1.1)


def test_equals_an_independent_batch_calculation(closes, rounds, run):
    log_price = pd.DataFrame(np.log(closes))
    volatility = np.sqrt((log_price.diff() ** 2).ewm(span=36).mean())
    forecasts = [
        scalar * (log_price.ewm(span=fast).mean() - log_price.ewm(span=4 * fast).mean()) / volatility
        for fast, scalar in ((8, 5.3), (16, 3.75))
    ]
    capped = (forecasts[0].clip(-20, 20) + forecasts[1].clip(-20, 20)) / 2 * 1.1
    t = (forecasts[0] + forecasts[1]) / random_walk_deviation([8, 16], [5.3, 3.75])
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    np.testing.assert_allclose(score[63:], (capped.clip(-20, 20) / 20)[63:], atol=1e-9)
    np.testing.assert_allclose(confidence[63:], (1 - 2 * norm.sf(t.abs()))[63:], atol=1e-9)


def test_is_in_range_and_has_no_view_before_the_slowest_average_is_warm(closes, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    assert np.isnan(score[:63]).all()
    assert np.isnan(confidence[:63]).all()
    assert (np.abs(score[63:]) <= 1).all()
    assert ((confidence[63:] >= 0) & (confidence[63:] <= 1)).all()


def test_a_steady_rise_is_a_full_long_and_a_steady_fall_a_full_short(rounds, run):
    trend = np.exp(np.linspace(0, 3, 300))
    score, confidence = run(Model(PARAMS, Watched(instruments=ABC[:2])), rounds(np.stack([trend, 1 / trend], axis=1)))
    np.testing.assert_array_equal(score[-1], [1, -1])
    assert (confidence[-1] > 0.99).all()


def test_a_typical_forecast_on_a_random_walk_is_near_half(rounds, run):
    """A published scalar gives a mean size of 10, that is 0.5, on prices that trend; a walk trends a little less."""
    walks = np.exp(np.random.default_rng(4).normal(scale=0.01, size=(1200, 40)).cumsum(axis=0))
    watched = Watched(instruments=tuple(f"S{i}" for i in range(40)))
    score, confidence = run(Model(Params(fast_spans=(16,)), watched), rounds(walks))
    assert 0.33 < np.abs(score[300:]).mean() < 0.5
    assert confidence[300:].mean() == pytest.approx(0.5, abs=0.05)  # uniform where there is nothing to see


def test_reversing_all_returns_flips_the_score(closes, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    mirrored, same = run(Model(PARAMS, WATCHED), rounds(closes[0] ** 2 / closes))
    np.testing.assert_allclose(mirrored, -score, atol=1e-9)
    np.testing.assert_allclose(same, confidence, atol=1e-9)
    assert np.nanmax(np.abs(score)) > 0.5  # a model without views would pass too


def test_the_price_unit_does_not_matter(closes, rounds, run):
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes))
    in_cents, _ = run(Model(PARAMS, WATCHED), rounds(closes * 100))
    np.testing.assert_allclose(in_cents, score, atol=1e-9)


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
    dropped, _ = run(Model(PARAMS, ALONE), rounds(np.delete(closes[:, :1], range(300, 305), axis=0)))
    np.testing.assert_array_equal(score[305:, 0], dropped[300:, 0])
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
        ({"diversification_multiplier": 0.9}, ">= 1"),
        ({"fast_span": [8]}, "unknown field `fast_span`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

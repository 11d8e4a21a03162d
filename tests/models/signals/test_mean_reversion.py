import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.signals.mean_reversion import Model, Params

ABC = ("A", "B", "C")
WATCHED = Watched(instruments=ABC)
ALONE = Watched(instruments=ABC[:1])
PARAMS = Params(mean_span=20, scale_span=60, full_z=2, stop_z=4)


def test_equals_an_independent_batch_calculation(closes, rounds, run):
    log_price = pd.DataFrame(np.log(closes))
    deviation = log_price - log_price.ewm(span=20).mean()
    usual = np.sqrt((deviation.iloc[1:] ** 2).ewm(span=60).mean()).shift()
    z = (deviation / usual).where(lambda z: z.abs() <= 4)
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    np.testing.assert_allclose(score[59:], (-z / 2).clip(-1, 1)[59:], atol=1e-9)
    np.testing.assert_allclose(confidence[59:], (1 - 2 * norm.sf(z.abs()))[59:], atol=1e-9)


def test_is_in_range_and_has_no_view_before_the_scale_is_warm(closes, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes))
    assert np.isnan(score[:59]).all()
    assert np.isfinite(score[59:]).mean() > 0.9
    assert np.nanmax(np.abs(score)) <= 1
    assert np.nanmin(confidence) >= 0
    assert np.nanmax(confidence) <= 1


@pytest.mark.parametrize(("jump", "expected"), [(0.02, -1.0), (-0.02, 1.0)])
def test_a_price_above_its_average_is_a_short_and_below_a_long(rounds, run, jump, expected):
    calm = np.exp(np.random.default_rng(9).normal(scale=0.01, size=(200, 1)))
    calm[-1] = np.exp(jump * 1.3)
    score, _ = run(Model(PARAMS, ALONE), rounds(calm))
    assert score[-1] == pytest.approx(expected, abs=0.4)
    assert np.sign(score[-1]) == np.sign(expected)


def test_an_extreme_move_gives_no_view_until_the_market_calms_down(rounds, run):
    prices = np.exp(np.random.default_rng(9).normal(scale=0.01, size=(400, 1)))
    prices[200:] *= 1.5
    score, confidence = run(Model(PARAMS, ALONE), rounds(prices))
    assert np.isfinite(score[199])
    assert np.isnan(score[200])
    assert np.isnan(confidence[200])
    assert np.isfinite(score[-50:]).all()


def test_reversing_all_returns_flips_the_score(closes, rounds, run):
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes))
    mirrored, _ = run(Model(PARAMS, WATCHED), rounds(closes[0] ** 2 / closes))
    np.testing.assert_allclose(mirrored, -score, atol=1e-9)
    assert np.nanmax(np.abs(score)) > 0.5


def test_the_price_unit_does_not_matter(closes, rounds, run):
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes))
    in_cents, _ = run(Model(PARAMS, WATCHED), rounds(closes * 100))
    np.testing.assert_allclose(in_cents, score, atol=1e-9)


def test_a_stale_instrument_has_no_view_and_goes_on_unharmed(closes, rounds, run):
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[300:305, 0] = False
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes, fresh))
    assert np.isnan(score[300:305, 0]).all()
    assert np.isnan(confidence[300:305, 0]).all()
    dropped, _ = run(Model(PARAMS, ALONE), rounds(np.delete(closes[:, :1], range(300, 305), axis=0)))
    np.testing.assert_array_equal(score[305:, 0], dropped[300:, 0])


def test_a_constant_price_has_no_view(rounds, run):
    score, _ = run(Model(PARAMS, ALONE), rounds(np.full((200, 1), 42.0)))
    assert np.isnan(score).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"full_z": 3.0, "stop_z": 3.0}, "stop_z 3.0 must be above full_z 3.0"),
        ({"mean_span": 50.0, "scale_span": 20.0}, "scale_span 20.0 must be at least mean_span 50.0"),
        ({"full_z": 0}, "> 0"),
        ({"span": 20}, "unknown field `span`"),
    ],
)
def test_params_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

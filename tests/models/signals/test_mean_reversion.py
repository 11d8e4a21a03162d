import msgspec
import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.tsa.stattools import adfuller

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.signals.mean_reversion import Model, Params
from tests.models.snapshots import of_closes

ABC = ("A", "B", "C")
WATCHED = Watched(instruments=ABC)
ALONE = Watched(instruments=ABC[:1])
PARAMS = Params(window=60, lag=2, entry_p=0.15, exit_p=0.3, max_half_life=15, full_z=1.5, stop_z=3)
WARM = 60 + 2 + 1


def reverting(length, n, half_life=5.0, seed=17):
    """Prices whose logarithms revert to 0 with the given half-life."""
    steps = np.random.default_rng(seed).normal(scale=0.01, size=(length, n))
    log_price = np.zeros((length, n))
    for t in range(1, length):
        log_price[t] = 0.5 ** (1 / half_life) * log_price[t - 1] + steps[t]
    return 100 * np.exp(log_price)


@pytest.fixture
def prices(closes):
    """One series that reverts throughout, one that stops to do so half way, and one that never does."""
    stops = np.concatenate([reverting(300, 1, seed=1), 100 * closes[300:, [1]] / closes[300, 1]])
    return np.concatenate([reverting(600, 1), stops, closes[:, [0]]], axis=1)


def independent(price, params=PARAMS):
    """One instrument bar by bar, through polyfit, statsmodels and TA-Lib."""
    x = np.log(price)
    upper, _, lower = talib.BBANDS(x, 20, 2.0, 2.0, matype=talib.MA_Type.SMA)
    score, confidence = np.full((2, len(x)), np.nan)
    on, sure = False, np.nan
    for t in range(WARM, len(x)):
        seen = x[t - params.window - 1 : t]
        b, a = np.polyfit(seen[:-1], seen[1:], 1)
        longer = x[t - params.window - params.lag - 1 : t]
        p = adfuller(longer, params.lag, "c", autolag=None, result_object=False)[1]  # pyright: ignore[reportArgumentType] - the stub forgets None
        viewed, z = False, np.nan
        if 0 < b < 1:
            left = seen[1:] - a - b * seen[:-1]
            s = np.sqrt((left**2).sum() / (params.window - 2) / (1 - b**2))
            draws = params.window * (1 - b) / (1 + b)
            bands = 4 * (x[t] - lower[t]) / (upper[t] - lower[t]) - 2
            z = (draws * (x[t] - a / (1 - b)) / s + bands) / (1 + draws)
            slow = np.log(0.5) / np.log(b) > params.max_half_life
            viewed = p <= (params.exit_p if on else params.entry_p) and not slow and abs(z) <= params.stop_z
        if viewed:
            sure = min(1 - p, 1 - 2 * norm.sf(abs(z)))
            score[t] = np.clip(-z / params.full_z, -1, 1)
        elif on:
            score[t] = 0
        if viewed or on:
            confidence[t] = sure
        on = viewed
    return score, confidence


def test_equals_an_independent_calculation(prices, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(prices))
    for i in range(3):
        expected, sure = independent(prices[:, i])
        np.testing.assert_allclose(score[:, i], expected, atol=1e-9)
        np.testing.assert_allclose(confidence[:, i], sure, atol=1e-9)
        assert np.isfinite(expected).sum() > 50


def test_is_in_range_and_has_no_view_before_it_is_warm(prices, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(prices))
    assert np.isnan(score[:WARM]).all()
    np.testing.assert_array_equal(np.isnan(score), np.isnan(confidence))
    assert np.nanmax(np.abs(score)) <= 1
    assert np.nanmin(confidence) >= 0
    assert np.nanmax(confidence) <= 1


@pytest.mark.parametrize(("jump", "side"), [(0.03, -1.0), (-0.03, 1.0)])
def test_a_price_above_its_equilibrium_is_a_short_and_below_a_long(rounds, run, jump, side):
    prices = reverting(300, 1, half_life=2.0)
    prices[-1] = 100 * np.exp(jump)
    score, confidence = run(Model(Params(), ALONE), rounds(prices))
    assert side * score[-1, 0] > 0.5
    assert confidence[-1, 0] > 0.8


def test_there_are_views_where_prices_revert_and_few_where_they_walk(rounds, run):
    """On walks the test errs as often as it says, and a view lasts until it is refuted."""
    watched = Watched(instruments=tuple(f"S{i}" for i in range(60)))
    walks = np.exp(np.random.default_rng(3).normal(scale=0.01, size=(700, 60)).cumsum(axis=0))
    shares = {}
    for name, prices in (("reverts", reverting(700, 60)), ("walks", walks)):
        score, _ = run(Model(Params(), watched), rounds(prices))
        shares[name] = np.isfinite(score[200:]).mean()
    assert shares["reverts"] > 0.8
    assert shares["walks"] < 0.2


def test_a_typical_view_is_the_stated_one_and_what_it_expects_comes(rounds, run):
    watched = Watched(instruments=tuple(f"S{i}" for i in range(60)))
    prices = reverting(700, 60)
    score, confidence = run(Model(Params(), watched), rounds(prices))
    assert np.nanmean(np.abs(score)) == pytest.approx(0.4, abs=0.03)
    assert np.nanmean(confidence) == pytest.approx(0.5, abs=0.05)
    following = np.diff(np.log(prices), axis=0) * np.where(np.isfinite(score[:-1]), score[:-1], 0)
    assert following.mean() > 5 * following.std() / np.sqrt(following.size)


def test_the_end_of_a_reversion_is_said_once(prices, rounds, run):
    """Then who follows this model alone is flat; no view would have held the position."""
    score, confidence = run(Model(PARAMS, WATCHED), rounds(prices))
    for i in (1, 2):
        viewed = np.isfinite(score[:, i])
        ends = np.flatnonzero(viewed[:-1] & ~viewed[1:])
        zeros = np.flatnonzero(score[:, i] == 0)
        assert len(ends) > 0
        assert set(ends) <= set(zeros)
        np.testing.assert_array_equal(confidence[zeros, i], confidence[zeros - 1, i])
        assert (np.abs(score[zeros - 1, i]) > 0).all()  # once, and only after a view


def test_an_extreme_move_ends_the_view_until_the_series_reverts_again(rounds, run):
    prices = reverting(600, 1, half_life=3.0)
    prices[300:] *= 1.5
    score, _ = run(Model(PARAMS, ALONE), rounds(prices))
    assert score[299, 0] != 0
    assert score[300, 0] == 0
    assert np.isnan(score[301:330, 0]).all()
    assert np.isfinite(score[-100:, 0]).mean() > 0.5


def test_reversing_all_returns_flips_the_score(prices, rounds, run):
    score, confidence = run(Model(PARAMS, WATCHED), rounds(prices))
    mirrored, same = run(Model(PARAMS, WATCHED), rounds(prices[0] ** 2 / prices))
    np.testing.assert_allclose(mirrored, -score, atol=1e-8)
    np.testing.assert_allclose(same, confidence, atol=1e-8)
    assert np.nanmax(np.abs(score)) > 0.9


def over(prices, params=PARAMS):
    model = Model(params, Watched(instruments=ABC[: prices.shape[1]]))
    views = [model.update(of_closes(t + 1, t + 1, row, np.isfinite(row))) for t, row in enumerate(prices)]
    return np.array(views).swapaxes(0, 1)


@given(seed=st.integers(0, 1000), scale=st.floats(1e-3, 1e4))
@settings(max_examples=15)
def test_the_price_unit_does_not_matter(seed, scale):
    prices = reverting(200, 2, seed=seed)
    expected = over(prices)
    np.testing.assert_allclose(over(prices * scale), expected, atol=1e-8)
    assert np.isfinite(expected).any()


@given(seed=st.integers(0, 1000), share=st.floats(0.05, 0.5))
@settings(max_examples=15)
def test_gaps_have_no_view_and_leave_the_window(seed, share):
    prices = reverting(300, 2, seed=seed)
    gaps = np.random.default_rng(seed).random(prices.shape) < share
    found = over(np.where(gaps, np.nan, prices))
    for i in range(2):
        assert np.isnan(found[:, gaps[:, i], i]).all()
        np.testing.assert_array_equal(found[:, ~gaps[:, i], i], over(prices[~gaps[:, i]][:, [i]])[:, :, 0])


def test_instruments_do_not_influence_each_other(prices, rounds, run):
    together, _ = run(Model(PARAMS, WATCHED), rounds(prices))
    for i in range(3):
        alone, _ = run(Model(PARAMS, ALONE), rounds(prices[:, [i]]))
        np.testing.assert_array_equal(alone[:, 0], together[:, i])


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_a_bad_price_is_a_missing_one(prices, rounds, run, bad):
    spoilt, fresh = prices.copy(), np.ones(prices.shape, dtype=bool)
    spoilt[400, 0] = bad
    gap = fresh.copy()
    gap[400, 0] = False
    expected, _ = run(Model(PARAMS, WATCHED), rounds(prices, gap))
    np.testing.assert_array_equal(run(Model(PARAMS, WATCHED), rounds(spoilt, fresh))[0], expected)


def test_a_constant_price_has_no_view_and_one_that_freezes_ends_its_view(rounds, run):
    score, confidence = run(Model(PARAMS, ALONE), rounds(np.full((200, 1), 42.0)))
    assert np.isnan(score).all()
    assert np.isnan(confidence).all()
    prices = reverting(500, 1)
    prices[300:] = prices[299]
    score, _ = run(Model(PARAMS, ALONE), rounds(prices))
    assert np.isnan(score[-100:]).all()
    seen = score[np.isfinite(score)]
    assert seen[-1] == 0


def test_a_reversion_that_fits_to_the_last_bit_is_no_unit_to_divide_by(rounds, run):
    """Where the residual is 0 there is no view; a division by it would be a warning, and so a failure here."""
    exact = np.exp(0.5 ** np.arange(0.0, 40.0))[:, np.newaxis]
    score, _ = run(Model(Params(window=30, lag=0, entry_p=0.99, exit_p=0.995), ALONE), rounds(exact))
    assert np.isnan(score).any()
    assert not (np.abs(score) > 1).any()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"full_z": 3.0, "stop_z": 3.0}, "stop_z 3.0 must be above full_z 3.0"),
        ({"entry_p": 0.3}, "exit_p 0.2 must be at least entry_p 0.3"),
        ({"window": 29}, ">= 30"),
        ({"window": 60.5}, "Expected `int`"),
        ({"lag": 6}, "<= 5"),
        ({"max_half_life": 0}, "> 0"),
        ({"full_z": 0}, "> 0"),
        ({"mean_span": 20}, "unknown field `mean_span`"),
    ],
)
def test_params_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

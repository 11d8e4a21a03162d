import msgspec
import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.messages import MarketSnapshot, Watched
from nautilus_ai_firm.models.signals.ttm_squeeze import Model, Params

ABC = ("A", "B", "C")
PARAMS = Params(hold_bars=12, half_life=4.0, full_atr=1.5)
LENGTH, WARM = 20, 39


@pytest.fixture
def bars():
    """High, low and close of three random walks over 900 bars, each bar from 30 steps whose size comes in waves."""
    rng = np.random.default_rng(31)
    size = 0.002 * np.exp(np.sin(np.arange(900) / 15))[:, np.newaxis, np.newaxis]
    path = rng.normal(size=(900, 30, 3)) * size
    path = np.array([100.0, 20.0, 3000.0]) * np.exp(path.reshape(-1, 3).cumsum(axis=0)).reshape(900, 30, 3)
    return np.stack([path.max(axis=1), path.min(axis=1), path[:, -1]])


def over(bars, params=PARAMS, fresh=None):
    """Run a model over bars, shape (3, n_rounds, n_instruments), and stack its scores and confidences."""
    fresh = np.ones(bars.shape[1:], dtype=bool) if fresh is None else fresh
    model = Model(params, Watched(instruments=ABC[: bars.shape[2]]))
    views = [
        model.update(
            MarketSnapshot(
                round=t + 1,
                ts_event=t + 1,
                open=bars[2, t].copy(),
                high=bars[0, t].copy(),
                low=bars[1, t].copy(),
                close=bars[2, t].copy(),
                volume=np.ones(bars.shape[2]),
                fresh=fresh[t].copy(),
                inputs=np.empty(0),
                inputs_fresh=np.empty(0, dtype=bool),
            )
        )
        for t in range(bars.shape[1])
    ]
    return np.array(views).swapaxes(0, 1)


def independent(high, low, close):
    """One instrument through TA-Lib, the state machine bar by bar."""
    upper, middle, lower = talib.BBANDS(close, LENGTH, 2.0, 2.0, matype=talib.MA_Type.SMA)
    atr = talib.SMA(talib.TRANGE(high, low, close), LENGTH)
    donchian = (talib.MAX(high, LENGTH) + talib.MIN(low, LENGTH)) / 2
    distance = close - (donchian + middle) / 2
    momentum, slope = talib.LINEARREG(distance, LENGTH), talib.LINEARREG_SLOPE(distance, LENGTH)
    r_squared = talib.CORREL(distance, np.arange(len(close), dtype=float), LENGTH) ** 2
    score, confidence = np.full((2, len(close)), np.nan)
    fired_at, before = None, None
    for t in range(WARM, len(close)):
        inside = [upper[s] < middle[s] + 1.5 * atr[s] and lower[s] > middle[s] - 1.5 * atr[s] for s in (t - 1, t)]
        if inside[0] and not inside[1]:
            fired_at = t
        elif fired_at is not None and (inside[1] or momentum[t] * momentum[fired_at] < 0 or t - fired_at == 12):
            fired_at = None
        if fired_at is None and before is not None:
            score[t], confidence[t] = 0, r_squared[t]
        before = fired_at
        if fired_at is not None:
            score[t] = max(-1, min(1, momentum[t] / atr[t] / 1.5)) / 2 ** ((t - fired_at) / 4)
            confidence[t] = r_squared[t] if slope[t] * momentum[t] > 0 else 0
    return score, confidence


def test_equals_an_independent_calculation_through_ta_lib(bars):
    score, confidence = over(bars)
    for i in range(3):
        expected = independent(*bars[:, :, i])
        np.testing.assert_allclose(score[:, i], expected[0], atol=1e-9)
        np.testing.assert_allclose(confidence[:, i], expected[1], atol=1e-9)
    assert (np.isfinite(score).sum(axis=0) > 50).all()


def test_is_in_range_and_has_no_view_before_it_is_warm(bars):
    score, confidence = over(bars)
    assert np.isnan(score[:WARM]).all()
    assert np.nanmax(np.abs(score)) <= 1
    assert np.nanmin(confidence) >= 0
    assert np.nanmax(confidence) <= 1
    np.testing.assert_array_equal(np.isnan(score), np.isnan(confidence))


def quiet_then(drift):
    """Sixty bars that go nowhere, then thirty with a drift in average true ranges."""
    path = np.concatenate([0.001 * (-1.0) ** np.arange(60), 0.004 * drift * np.arange(1, 31)])
    close = 50 * np.exp(path)[:, np.newaxis]
    return np.stack([close * 1.002, close / 1.002, close])


@pytest.mark.parametrize("drift", [1.0, -1.0])
def test_a_breakout_is_followed_in_its_direction_for_as_long_as_it_is_held(drift):
    score, confidence = over(quiet_then(drift))
    seen = np.flatnonzero(np.isfinite(score[:, 0]))
    assert 60 <= seen[0] < 68
    np.testing.assert_array_equal(seen, np.arange(seen[0], seen[0] + 13))
    assert score[seen[-1], 0] == 0  # the end of the view
    assert confidence[seen[-1], 0] > 0
    seen = seen[:-1]
    assert (np.sign(score[seen, 0]) == drift).all()
    assert (confidence[seen[1:], 0] > 0.3).all()
    assert abs(score[seen[-1], 0]) <= 2 ** (-11 / 4)


def test_a_move_that_turns_has_no_more_views():
    high, low, close = quiet_then(1.0)
    turn = 70
    for prices in (high, low, close):
        prices[turn:] *= np.exp(-0.02 * np.arange(1, len(prices) - turn + 1))[:, np.newaxis]
    score, _ = over(np.stack([high, low, close]), msgspec.structs.replace(PARAMS, hold_bars=400))
    seen = score[np.isfinite(score)]
    assert seen.size > 5
    assert (seen[:-1] > 0).all()
    assert seen[-1] == 0
    assert np.isnan(score[-10:]).all()


def test_mirroring_prices_flips_the_score(bars):
    score, confidence = over(bars)
    high, low, close = bars
    top = 2 * high.max()
    mirrored, same = over(np.stack([top - low, top - high, top - close]))
    np.testing.assert_allclose(mirrored, -score, atol=1e-9)
    np.testing.assert_allclose(same, confidence, atol=1e-9)
    assert np.nanmax(np.abs(score)) > 0.5


@given(seed=st.integers(0, 1000), exponent=st.integers(-20, 20))
@settings(max_examples=25)
def test_the_price_unit_does_not_matter(seed, exponent):
    """In powers of two, so that not even the last bit may differ and no band may be crossed by rounding."""
    close = 100 * np.exp(np.random.default_rng(seed).normal(scale=0.01, size=(120, 3)).cumsum(axis=0))
    bars = np.stack([close * 1.004, close / 1.004, close])
    np.testing.assert_array_equal(over(bars * 2.0**exponent), over(bars))
    assert np.isfinite(over(bars)).any()


def test_a_stale_instrument_has_no_view_and_goes_on_unharmed(bars):
    fresh = np.ones(bars.shape[1:], dtype=bool)
    fresh[300:305, 0] = False
    fresh[::9, 1] = False
    score, confidence = over(bars, fresh=fresh)
    assert np.isnan(score[~fresh]).all()
    assert np.isnan(confidence[~fresh]).all()
    for i in (0, 1):
        dropped, _ = over(bars[:, fresh[:, i]][:, :, [i]])
        np.testing.assert_array_equal(score[fresh[:, i], i], dropped[:, 0])
        assert np.isfinite(dropped).sum() > 50
    # the control: carried closes that are called fresh narrow the bands
    carried = bars.copy()
    carried[:, 9::9, 1] = bars[2, 8:-1:9, 1]
    fooled, _ = over(carried)
    assert not np.array_equal(fooled[fresh[:, 1], 1], score[fresh[:, 1], 1], equal_nan=True)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_bad_price_makes_the_bar_a_missing_one(bars, bad, place):
    fresh = np.ones(bars.shape[1:], dtype=bool)
    spoilt, gap = bars.copy(), fresh.copy()
    spoilt[place, 400, 1] = bad
    gap[400, 1] = False
    np.testing.assert_array_equal(over(spoilt, fresh=fresh), over(bars, fresh=gap))


def test_a_constant_price_has_no_view():
    score, confidence = over(np.full((3, 200, 1), 42.0))
    assert np.isnan(score).all()
    assert np.isnan(confidence).all()


def test_the_shortest_half_life_leaves_the_first_bar_of_a_move_alone(bars):
    params = {"length": 8, "keltner_width": 2.0, "hold_bars": 40}
    brief, _ = over(bars, Params(half_life=1e-9, **params))
    lasting, _ = over(bars, Params(half_life=500, **params))
    seen = np.isfinite(brief) & (brief != 0)
    assert seen.sum() > 3
    np.testing.assert_array_equal(brief[seen], lasting[seen])
    np.testing.assert_array_equal(np.isnan(brief), np.isnan(lasting))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"length": 4}, ">= 5"),
        ({"length": 20.5}, "Expected `int`"),
        ({"bollinger_width": 0}, "> 0"),
        ({"keltner_width": 11}, "<= 10"),
        ({"full_atr": 0}, "> 0"),
        ({"half_life": 0}, "> 0"),
        ({"hold_bars": 0}, ">= 1"),
        ({"lenght": 20}, "unknown field `lenght`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

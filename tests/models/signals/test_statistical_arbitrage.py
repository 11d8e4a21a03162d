import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.stattools import coint

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.signals import statistical_arbitrage
from nautilus_ai_firm.models.signals.statistical_arbitrage import Model, Params
from tests.models.snapshots import of_closes

UNIVERSE = ("PEP.US", "XOM.US", "KO.US", "CVX.US")
PEP, XOM, KO, CVX = range(4)
PAIRS = (("KO.US", "PEP.US"), ("XOM.US", "CVX.US"))
PARAMS = Params(pairs=PAIRS, window=100, max_lag=3, test_every=10, delta=1e-5, scale_span=30, entry_z=1.5, stop_p=0.3)
N, WINDOW, WANDER = 700, 100, 1e-5 / (1 - 1e-5)
WARM = WINDOW + 30


def market(seed=61, n=N, reversion=0.3):
    """Closes of two pairs whose spreads come back by `reversion` a bar."""
    rng = np.random.default_rng(seed)
    x = rng.normal(scale=0.01, size=(n, 2)).cumsum(axis=0)
    spread, noise = np.zeros((n, 2)), rng.normal(scale=0.005, size=(n, 2))
    for t in range(1, n):
        spread[t] = (1 - reversion) * spread[t - 1] + noise[t]
    y = np.array([0.7, 1.3]) * x + spread
    return np.exp(np.array([4.4, 4.0, 4.2, 4.6]) + np.stack([x[:, 0], y[:, 1], y[:, 0], x[:, 1]], axis=1))


def over(closes, fresh=None, params=PARAMS, universe=UNIVERSE):
    fresh = np.ones(closes.shape, dtype=bool) if fresh is None else fresh
    model = Model(params, Watched(instruments=universe))
    views = []
    for t, row in enumerate(closes):
        snapshot = of_closes(t + 1, t + 1, row, fresh[t])
        views.append(model.update(snapshot))
    return np.array(views).swapaxes(0, 1)


def corrected_p_values(closes):
    """Of both pairs in every round, from statsmodels: pair k is tested in rounds k, k + 10, ..."""
    logs = np.log(closes)
    raw, rows = np.ones(2), []
    for t in range(len(closes)):
        for k, (y, x) in enumerate(((KO, PEP), (XOM, CVX))):
            if t % 10 == k and t + 1 >= WINDOW:
                past = slice(t + 1 - WINDOW, t + 1)
                raw[k] = coint(logs[past, y], logs[past, x], trend="c", maxlag=3, autolag="aic")[1]
        small, large = raw.min(), raw.max()
        rows.append(np.where(raw == small, min(1, 2 * small), max(min(1, 2 * small), large)))  # Holm, for two
    return np.array(rows)


def volatilities(closes):
    squares = pd.DataFrame(np.diff(np.log(closes), axis=0, prepend=np.nan) ** 2)
    return np.sqrt(np.asarray(squares.ewm(span=36).mean()))


def z_scores(y, x, start):
    """z and hedge ratio of one pair whose filter starts after round `start`, in matrices."""
    my, sy, mx, sx = (
        figure
        for w in (y, x)
        for figure in (w[start + 1 - WINDOW : start + 1].mean(), w[start + 1 - WINDOW : start + 1].std())
    )
    past = slice(start + 1 - WINDOW, start + 1)
    c = np.corrcoef(y[past], x[past])[0, 1]
    b, p = np.array([0.0, c]), (1 - c**2) / WINDOW * np.eye(2)
    e, ratio = np.full((2, len(y)), np.nan)
    for t in range(start + 1, len(y)):
        h = np.array([1.0, (x[t] - mx) / sx])
        r = p + WANDER * np.eye(2)
        error = (y[t] - my) / sy - h @ b
        k = r @ h / (h @ r @ h + 1 - c**2)
        b, p = b + k * error, r - np.outer(k, h) @ r
        e[t], ratio[t] = error * sy, b[1] * sy / sx
    usual = np.sqrt(np.asarray((pd.Series(e) ** 2).ewm(span=30, ignore_na=True).mean().shift()))
    z = e / usual
    z[: start + 31] = np.nan
    return z, ratio


def position(z, ratio, p):
    """Side of one pair in every round, by the rules in words."""
    side, armed, sides = 0, True, []
    for t in range(len(z)):
        if np.isfinite(z[t]):
            good = p[t] <= 0.3 and ratio[t] > 0
            if side != 0:
                if abs(z[t]) > 4 or -side * z[t] <= 0.5 or not good:
                    side = 0
            elif armed and 1.5 <= abs(z[t]) <= 4 and good and p[t] <= 0.05:
                side = -int(np.sign(z[t]))
            armed = abs(z[t]) <= 4 and (armed or abs(z[t]) < 1.5)
        sides.append(side)
    return np.array(sides)


def test_equals_an_independent_calculation_with_statsmodels():
    closes = market()
    logs = np.log(closes)
    p_values = corrected_p_values(closes)
    volatility = volatilities(closes)
    score, confidence = over(closes)
    for k, (y, x) in enumerate(((KO, PEP), (XOM, CVX))):
        z, ratio = z_scores(logs[:, y], logs[:, x], 100 + k)  # the first turn with a full window
        side = position(z, ratio, p_values[:, k])
        held, ended = side != 0, (side == 0) & (np.roll(side, 1) != 0)
        hedge = ratio * volatility[:, x] / volatility[:, y]
        own = np.where(held, -z / 4 / np.maximum(1, hedge), np.where(ended, 0, np.nan))
        np.testing.assert_allclose(score[:, y], own, atol=1e-9)
        np.testing.assert_allclose(score[:, x], -own * hedge, atol=1e-9)
        sure = np.where(held, 1 - p_values[:, k], np.nan)
        sure = np.where(ended, np.roll(sure, 1), sure)
        np.testing.assert_allclose(confidence[:, y], sure, atol=1e-8)
        np.testing.assert_allclose(confidence[:, x], sure, atol=1e-8)
        assert held.sum() > 15
        assert ended.sum() > 3


def test_is_in_range_and_has_no_view_before_it_is_warm():
    score, confidence = over(market())
    assert np.isnan(score[:WARM]).all()
    assert np.nanmax(np.abs(score)) <= 1
    assert np.nanmin(confidence) > 0.69  # 1 - stop_p
    assert np.nanmax(confidence) <= 1
    np.testing.assert_array_equal(np.isnan(score), np.isnan(confidence))


def test_positions_sized_by_volatility_are_hedged():
    """Over all rounds with a view, the legs' moves offset each other."""
    closes = market()
    score, _ = over(closes)
    volatility = volatilities(closes)
    held = np.nan_to_num(score / volatility)[:-1]
    moves = np.diff(np.log(closes), axis=0) * held
    assert (moves[:, KO] + moves[:, PEP]).var() < 0.6 * moves[:, KO].var()
    assert (moves.sum(axis=1)).sum() > 0  # spreads made to come back do


@pytest.mark.parametrize("jump", [0.015, -0.015])
def test_a_rich_first_leg_is_sold_and_the_second_bought(jump):
    closes = market()
    closes[600, KO] = np.exp(4.2 + 0.7 * (np.log(closes[600, PEP]) - 4.4) + jump)
    before, after = over(market())[0][600], over(closes)[0][600]
    assert np.isnan(before[[KO, PEP]]).all()
    assert np.sign(after[[KO, PEP]]).tolist() == [-np.sign(jump), np.sign(jump)]


def test_a_spread_beyond_all_measure_is_not_traded_until_it_came_back():
    closes = market()
    closes[600:, KO] *= 1.3
    score, _ = over(closes)
    assert np.isnan(score[601:640, [KO, PEP]]).all()
    assert np.isfinite(score[600:, [XOM, CVX]]).any()


def test_broken_cointegration_ends_the_position():
    """From round 400 on the first pair is two unrelated walks."""
    closes = market()
    steps = np.random.default_rng(3).normal(scale=0.01, size=N - 400)
    closes[400:, KO] = closes[399, KO] * np.exp(steps.cumsum())
    score, _ = over(closes)
    whole, _ = over(market())
    assert np.isfinite(score[:400, KO]).any()
    assert np.isnan(score[520:, [KO, PEP]]).all()
    assert np.isfinite(whole[520:, [KO, PEP]]).any()
    for place in (KO, PEP):
        seen = np.flatnonzero(np.isfinite(score[:, place]))
        assert score[seen[-1], place] == 0
    # the control: without the test the walks would be traded
    blind = msgspec.structs.replace(PARAMS, entry_p=0.99999, stop_p=0.99999)
    assert np.isfinite(over(closes, params=blind)[0][520:, [KO, PEP]]).any()


def test_walks_that_have_nothing_in_common_are_rarely_traded_because_p_values_are_corrected(monkeypatch):
    """In 28 pairs at 5 % each some pair looks cointegrated nearly always."""
    corrected = screened_walks()
    monkeypatch.setattr(statistical_arbitrage, "holm", lambda p_values: p_values)
    blind = screened_walks()
    assert blind == 12
    assert corrected <= blind / 2


def screened_walks():
    """Count the markets of eight random walks, out of twelve, in which any pair is traded."""
    universe = tuple(f"S{i}.US" for i in range(8))
    traded = 0
    for seed in range(12):
        walks = np.exp(np.random.default_rng(seed).normal(scale=0.01, size=(300, 8)).cumsum(axis=0))
        screened = Params(screen=universe, window=100, max_lag=1, test_every=20, scale_span=30)
        traded += int(np.isfinite(over(walks, params=screened, universe=universe)[0]).any())
    return traded


def test_a_screened_pair_is_found_among_unrelated_instruments():
    closes = np.column_stack(
        [market(), np.exp(np.random.default_rng(1).normal(scale=0.01, size=(N, 2)).cumsum(axis=0))]
    )
    universe = (*UNIVERSE, "GE.US", "GM.US")
    params = msgspec.structs.replace(PARAMS, pairs=(), screen=("KO.US", "PEP.US", "GE.US", "GM.US"))
    score, _ = over(closes, params=params, universe=universe)
    assert np.isfinite(score[:, [KO, PEP]]).any(axis=0).all()
    assert np.isnan(score[:, [XOM, CVX]]).all()


@given(seed=st.integers(0, 1000), exponents=st.tuples(*[st.integers(-8, 8)] * 4))
@settings(max_examples=10)
def test_units_of_prices_do_not_matter_and_mirrored_returns_flip_the_score(seed, exponents):
    closes = market(seed, 260)
    score, confidence = over(closes)
    np.testing.assert_allclose(over(closes * 10.0 ** np.array(exponents)), [score, confidence], atol=1e-7)
    np.testing.assert_allclose(over(closes[0] ** 2 / closes), [-score, confidence], atol=1e-7)


def test_a_stale_leg_has_no_view_the_other_keeps_its_own_and_both_go_on_unharmed():
    closes = market()
    whole, _ = over(closes)
    held = np.flatnonzero(np.isfinite(whole[:, KO]) & (whole[:, KO] != 0))
    gap = int(held[held > 400][0]) + 1
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[gap, PEP] = False
    spoilt = np.where(fresh, closes, 7.0)
    score, confidence = over(spoilt, fresh)
    assert np.isnan(score[gap, PEP])
    assert np.isnan(confidence[gap, PEP])
    assert score[gap, KO] == score[gap - 1, KO]
    assert np.isfinite(score[gap + 1 :, PEP]).any()
    np.testing.assert_array_equal(score[:, [XOM, CVX]], whole[:, [XOM, CVX]])
    # the control: called fresh, the price is a spread beyond all measure
    assert not np.array_equal(over(spoilt)[0][gap + 1 :], score[gap + 1 :], equal_nan=True)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_a_bad_price_is_a_missing_bar(bad):
    closes, fresh = market(n=300), np.ones((300, 4), dtype=bool)
    spoilt = closes.copy()
    spoilt[200, XOM] = bad
    fresh[200, XOM] = False
    np.testing.assert_array_equal(over(spoilt), over(closes, fresh))


@pytest.mark.parametrize("case", ["constant", "same"])
def test_a_pair_without_a_spread_has_no_view(case):
    closes = market()
    closes[:, KO] = 50.0 if case == "constant" else 3 * closes[:, PEP]
    score, _ = over(closes)
    assert np.isnan(score[:, [KO, PEP]]).all()
    assert np.isfinite(score[:, [XOM, CVX]]).any()


def test_an_instrument_in_several_pairs_has_the_sum_and_never_more_than_one():
    closes = market()
    closes[:, CVX] = closes[:, PEP] * np.exp(np.random.default_rng(5).normal(scale=0.004, size=N))
    params = msgspec.structs.replace(PARAMS, pairs=(("KO.US", "PEP.US"), ("CVX.US", "PEP.US")), entry_z=1.0, stop_z=2.0)
    score, _ = over(closes, params=params)
    alone = [
        np.nan_to_num(over(closes, params=msgspec.structs.replace(params, pairs=(pair,)))[0][:, PEP])
        for pair in params.pairs
    ]
    total = alone[0] + alone[1]
    assert np.nanmax(np.abs(score)) <= 1
    assert (np.abs(total) > 1).any()
    both = (alone[0] != 0) & (alone[1] != 0) & (np.abs(total) <= 1)
    assert both.sum() > 10


def test_a_name_that_is_not_in_the_universe_is_refused():
    with pytest.raises(ValueError, match=r"XOM.US is not in the universe \(KO.US, PEP.US\)"):
        Model(PARAMS, Watched(instruments=("KO.US", "PEP.US")))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pairs": []}, "pairs and screen name 0 pairs, allowed are 1 to 500"),
        ({"pairs": [], "screen": [f"S{i}" for i in range(33)]}, "name 528 pairs"),
        ({"pairs": [["A", "A"]]}, "name A as a pair with itself"),
        ({"screen": ["B", "A"]}, "pairs and screen name A and B more than once"),
        ({"pairs": [["A", "B", "C"]]}, "length 2"),
        ({"exit_z": 2.0}, "exit_z 2.0, entry_z 2.0 and stop_z 4.0 must rise"),
        ({"stop_p": 0.01}, "entry_p 0.05 must be at most stop_p 0.01"),
        ({"window": 59}, ">= 60"),
        ({"max_lag": 21}, "<= 20"),
        ({"test_every": 0}, ">= 1"),
        ({"delta": 0}, "> 0"),
        ({"lookback": 20}, "unknown field `lookback`"),
    ],
)
def test_params_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"pairs": [["A", "B"]]} | given, Params)

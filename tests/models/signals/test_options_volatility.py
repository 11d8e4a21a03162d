from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import MarketSnapshot, Watched
from nautilus_ai_firm.models.signals.options_volatility import Model, Params
from tests.models.option_surface import Surface, chain_of, without_contracts

UNIVERSE = ("KO.US", "A.US", "SPY.US")
KO, A, SPY = range(3)
N = 90
PARAMS = Params(rate_per_year=0.03, realized_returns=10, rank_rounds=20, history_span=15)
WARM = 10 + 15 - 1  # the first premium comes with the tenth return, and 15 of them make a z-score
STRIKES = np.exp(np.arange(-0.3, 0.301, 0.03))
NAMES = ("volatility", "slope", "skew", "rank", "premium")


@pytest.fixture(scope="module")
def paths():
    """Levels and skews of the surface, and closes that move as much as options say, over 90 days."""
    rng = np.random.default_rng(12)
    level = 0.25 * np.exp(0.05 * rng.normal(size=N).cumsum())
    skew = -0.06 + 0.02 * np.sin(np.arange(N) / 7) + 0.003 * rng.normal(size=N)
    steps = rng.normal(size=(N, 3)) * level[:, np.newaxis] / np.sqrt(365)
    return level, skew, np.array([40.0, 100.0, 190.0]) * np.exp(steps.cumsum(axis=0))


@pytest.fixture(scope="module")
def chains(paths):
    """One chain a day on A, whose surface is known."""
    level, skew, closes = paths
    return [
        chain_of(
            Surface(short=level[t], long=level[t] + 0.04, skew=skew[t]),
            (t + 1) * DAY_NS,
            spot=closes[t, A],
            strikes=closes[t, A] * STRIKES,
            days=(14, 28, 42, 84, 112),
        )
        for t in range(N)
    ]


def over(chains, closes, params=PARAMS, fresh=None):
    """Run a model over daily rounds; returns scores, confidences, and readings of A by name."""
    fresh = np.ones(closes.shape, dtype=bool) if fresh is None else fresh
    model = Model(params, Watched(instruments=UNIVERSE, chains=("A.US",)))
    views, readings = [], []
    for t, chain in enumerate(chains):
        views.append(model.update(snapshot(t, closes[t], fresh[t], (chain,))))
        readings.append([getattr(model.readings, name)[0] for name in NAMES])
    score, confidence = np.array(views).swapaxes(0, 1)
    return score, confidence, pd.DataFrame(readings, columns=list(NAMES))


def snapshot(t, close, fresh, chains):
    return MarketSnapshot(
        round=t + 1,
        ts_event=(t + 1) * DAY_NS,
        **{name: close.copy() for name in ("open", "high", "low", "close", "volume")},
        fresh=fresh.copy(),
        inputs=np.empty(0),
        inputs_fresh=np.empty(0, dtype=bool),
        chains=chains,
    )


@pytest.fixture(scope="module")
def run(chains, paths):
    """The model over the market as it is."""
    return over(chains, paths[2])


def test_readings_are_those_of_the_surface(run, paths):
    level, skew, closes = paths
    readings = run[2]
    near, far = (level + 0.04 * (1 - np.exp(-4 * days / 365)) for days in (30, 90))
    np.testing.assert_allclose(readings["volatility"], near, atol=2e-3)
    np.testing.assert_allclose(readings["slope"], far - near, atol=2e-3)
    assert np.corrcoef(readings["skew"], skew)[0, 1] > 0.98
    assert (readings["skew"] < 0).all()
    low, high = (getattr(readings["volatility"].rolling(20), name)() for name in ("min", "max"))
    np.testing.assert_allclose(readings["rank"], (readings["volatility"] - low) / (high - low), atol=1e-12)
    squares = pd.Series(np.log(closes[:, A])).diff() ** 2
    realized = np.asarray(squares.rolling(10).sum()) * 365 / 10
    np.testing.assert_allclose(readings["premium"], readings["volatility"] ** 2 - realized, atol=1e-9)
    assert readings["rank"].isna().sum() == 19
    assert readings["premium"].isna().sum() == 10


def z_scores(x):
    deviation = x - x.ewm(span=15).mean()
    return deviation / np.sqrt((deviation.iloc[1:] ** 2).ewm(span=15).mean()).shift()


@pytest.mark.parametrize(("premium_weight", "skew_weight"), [(1.0, 1.0), (1.0, 0.25), (0.5, 0.0), (0.0, 1.0)])
def test_equals_an_independent_batch_calculation_from_its_readings(chains, paths, run, premium_weight, skew_weight):
    params = msgspec.structs.replace(PARAMS, premium_weight=premium_weight, skew_weight=skew_weight)
    score, confidence, _ = over(chains, paths[2], params)
    premium = z_scores(run[2]["premium"].dropna()).reindex(range(N)).where(np.arange(N) >= WARM)
    skew = z_scores(run[2]["skew"]).where(np.arange(N) >= 14)
    parts = [(premium_weight, premium), (skew_weight, skew)]
    used = [(weight, z) for weight, z in parts if weight]
    expected = sum(weight * (z / 2).clip(-1, 1) for weight, z in used) / sum(weight for weight, _ in used)
    t = sum(weight * z for weight, z in used) / np.sqrt(sum(weight**2 for weight, _ in used))
    np.testing.assert_allclose(score[:, A], expected, atol=1e-9)
    np.testing.assert_allclose(confidence[:, A], 1 - 2 * norm.sf(np.abs(t)), atol=1e-9)
    assert np.isfinite(score[:, A]).sum() == N - (WARM if premium_weight else 14)
    assert np.isnan(score[:, [KO, SPY]]).all()
    assert np.isnan(confidence[:, [KO, SPY]]).all()


def test_is_in_range_and_has_views_of_both_signs(run):
    score, confidence, _ = run
    seen = score[np.isfinite(score)]
    assert np.abs(seen).max() <= 1
    assert seen.min() < -0.2
    assert seen.max() > 0.2
    assert np.nanmin(confidence) >= 0
    assert np.nanmax(confidence) <= 1


def last_score(paths, chains, surface, params):
    closes = paths[2]
    last = chain_of(surface, N * DAY_NS, closes[-1, A], closes[-1, A] * STRIKES, (14, 28, 42, 84, 112))
    return over([*chains[:-1], last], closes, params)[0][-1, A]


def test_dear_options_are_risk_on_and_dear_puts_are_risk_off(paths, chains):
    level, skew, _ = paths
    premium_alone = msgspec.structs.replace(PARAMS, skew_weight=0.0)
    skew_alone = msgspec.structs.replace(PARAMS, premium_weight=0.0)
    surface = Surface(short=level[-1], long=level[-1] + 0.04, skew=skew[-1])
    dear = replace(surface, short=level[-1] + 0.15, long=level[-1] + 0.19)
    cheap = replace(surface, short=level[-1] - 0.1, long=level[-1] - 0.06)
    assert last_score(paths, chains, dear, premium_alone) > 0.5
    assert last_score(paths, chains, cheap, premium_alone) < last_score(paths, chains, surface, premium_alone) - 0.2
    assert last_score(paths, chains, replace(surface, skew=skew[-1] - 0.06), skew_alone) < -0.5
    assert last_score(paths, chains, replace(surface, skew=skew[-1] + 0.06), skew_alone) > 0.5


def scaled(chain, factor):
    names = ("strike", "bid", "ask")
    return replace(chain, spot=chain.spot * factor, **{name: getattr(chain, name) * factor for name in names})


def test_a_split_changes_no_reading_and_no_view(run, chains, paths):
    """Seven for one: spot, strikes and prices of the chain fall to a seventh; the closes are adjusted."""
    split = [chain if t < 50 else scaled(chain, 1 / 7) for t, chain in enumerate(chains)]
    score, confidence, readings = over(split, paths[2])
    np.testing.assert_allclose(score, run[0], atol=1e-7)
    np.testing.assert_allclose(confidence, run[1], atol=1e-7)
    np.testing.assert_allclose(readings, run[2], atol=1e-9)
    # the control: a spot that falls alone has nothing to do with its strikes any more
    torn = [chain if t < 50 else replace(chain, spot=chain.spot / 7) for t, chain in enumerate(chains)]
    assert np.isnan(np.asarray(over(torn, paths[2])[2]["skew"])[50:]).all()


def test_the_unit_of_closes_does_not_matter(run, chains, paths):
    np.testing.assert_allclose(over(chains, paths[2] * 42)[0], run[0], atol=1e-8)


EMPTY = without_contracts("A.US")


@pytest.mark.parametrize("kind", ["no contracts", "no quotes", "no spot", "no bids"])
def test_a_chain_without_readings_has_no_view_and_goes_on_unharmed(run, chains, paths, kind):
    gone = {
        "no contracts": EMPTY,
        "no quotes": replace(chains[60], bid=np.full_like(chains[60].bid, np.nan)),
        "no spot": replace(chains[60], spot=np.nan),
        "no bids": replace(chains[60], bid=np.zeros_like(chains[60].bid)),
    }[kind]
    score, confidence, readings = over([*chains[:60], gone, *chains[61:]], paths[2])
    assert np.isnan(score[60]).all()
    assert np.isnan(confidence[60]).all()
    assert readings.loc[60].isna().all()
    np.testing.assert_array_equal(score[:60], run[0][:60])
    assert np.isfinite(score[61:, A]).all()
    np.testing.assert_array_equal(readings["premium"][61:], run[2]["premium"][61:])


def test_a_stale_underlying_has_no_view(run, chains, paths):
    fresh = np.ones((N, 3), dtype=bool)
    fresh[60, A] = fresh[70, KO] = False
    score, _, readings = over(chains, paths[2], fresh=fresh)
    assert np.isnan(score[60]).all()
    assert readings.loc[60].isna().all()
    assert np.isfinite(score[61:, A]).all()
    np.testing.assert_array_equal(score[:60], run[0][:60])


def test_two_chains_have_readings_of_their_own(chains, paths, run):
    level, _, closes = paths
    model = Model(PARAMS, Watched(instruments=UNIVERSE, chains=("SPY.US", "A.US")))
    views = []
    for t, chain in enumerate(chains):
        spot = closes[t, SPY]
        other = chain_of(Surface(short=level[t] / 2), (t + 1) * DAY_NS, spot, spot * STRIKES, (14, 28, 42, 84, 112))
        views.append(model.update(snapshot(t, closes[t], np.ones(3, dtype=bool), (other, chain)))[0])
    np.testing.assert_allclose(np.array(views)[:, A], run[0][:, A], atol=1e-9)
    assert np.isfinite(np.array(views)[WARM:, SPY]).all()
    assert model.readings.volatility[0] < model.readings.volatility[1]


def test_a_firm_without_chains_or_with_one_on_something_else_is_refused():
    with pytest.raises(ValueError, match="does not watch any"):
        Model(PARAMS, Watched(instruments=UNIVERSE))
    with pytest.raises(ValueError, match=r"QQQ.US has a chain and is not in the universe \(KO.US, A.US, SPY.US\)"):
        Model(PARAMS, Watched(instruments=UNIVERSE, chains=("QQQ.US",)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rate_per_year": -0.01}, ">= 0"),
        ({"rate_per_year": 1}, "<= 0.5"),
        ({"tenor_days": 5}, ">= 7"),
        ({"long_tenor_days": 30}, "long_tenor_days 30.0 must be above tenor_days 30.0"),
        ({"min_days": 0}, ">= 1"),
        ({"max_relative_spread": 3}, "<= 2"),
        ({"realized_returns": 1}, ">= 2"),
        ({"rank_rounds": 1}, ">= 2"),
        ({"history_span": 5}, ">= 10"),
        ({"premium_weight": 0, "skew_weight": 0}, "at least one must be above 0"),
        ({"smile": 1}, "unknown field `smile`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"rate_per_year": 0.02} | given, Params)


def test_the_rate_has_no_default():
    with pytest.raises(msgspec.ValidationError, match="missing required field `rate_per_year`"):
        msgspec.convert({}, Params)

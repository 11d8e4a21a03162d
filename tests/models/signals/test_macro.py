from dataclasses import replace

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.messages import MarketSnapshot, Watched
from nautilus_ai_firm.models.estimators.crossover import crossover_response
from nautilus_ai_firm.models.signals.macro import Model, Params, Weights

ABC = ("A", "B", "C")
NAMES = ("unused", "credit", "wti", "spx", "slope", "dxy")
WATCHED = Watched(instruments=ABC, inputs=NAMES)
CALM = Weights(credit_spread=1.0, yield_spread=0.9, oil=0.5, dollar=0.4, volatility=0.8)
STRESS = Weights(credit_spread=0.3, yield_spread=0.2, oil=0.0, dollar=1.0, volatility=0.6)
PARAMS = Params(
    credit_spread="credit",
    yield_spread="slope",
    oil="wti",
    dollar="dxy",
    index="spx",
    credit_span=10,
    credit_scale_span=20,
    yield_span=15,
    yield_scale_span=40,
    oil_fast_span=8,
    dollar_fast_span=12,
    dollar_volatility_span=20,
    volatility_span=20,
    long_volatility_span=60,
    calm=CALM,
    stress=STRESS,
    stress_begins_z=1.0,
    stress_ends_z=0.2,
    full_z=2.0,
)
WARM = 20 + 60 - 1  # the index needs 20 returns for a volatility, and 60 volatilities for their level


@pytest.fixture
def inputs():
    """Six inputs over 600 rounds; the credit spread changes every fifth round only."""
    rng = np.random.default_rng(21)
    spread = np.repeat(1 + 0.05 * rng.normal(size=120).cumsum(), 5)
    size = 0.01 * np.exp(0.8 * np.sin(np.arange(600) / 30))[:, np.newaxis]
    walks = np.exp((size * rng.normal(size=(600, 3)) * [2, 1, 0.5]).cumsum(axis=0))
    slope = 0.02 + 0.001 * rng.normal(size=600).cumsum()
    return np.column_stack(
        [np.full(600, np.nan), spread, 60 * walks[:, 0], 1200 * walks[:, 1], slope, 90 * walks[:, 2]]
    )


@pytest.fixture
def changed():
    """Rounds in which each input changed."""
    fresh = np.ones((600, 6), dtype=bool)
    fresh[:, 0] = False
    fresh[:, 1] = np.arange(600) % 5 == 0
    return fresh


def z_scores(x, mean_span, scale_span):
    deviation = x - x.ewm(span=mean_span).mean()
    return deviation / np.sqrt((deviation.iloc[1:] ** 2).ewm(span=scale_span).mean()).shift()


def trend(price, fast, span):
    logs = pd.Series(np.log(price))
    volatility = np.sqrt((logs.diff() ** 2).ewm(span=span).mean())
    crossover = (logs.ewm(span=fast).mean() - logs.ewm(span=4 * fast).mean()) / volatility
    return crossover / crossover_response(fast).deviation


def independent(inputs):
    """Score, confidence and regime of each round from pandas, for the parameters of this file."""
    frame = pd.DataFrame(inputs, columns=list(NAMES))
    returns = pd.Series(np.log(frame["spx"])).diff()
    level = np.log((returns**2).ewm(span=20, min_periods=20).mean().dropna()) / 2
    volatility = z_scores(level, 60, 60).reindex(frame.index)
    readings = np.column_stack(
        [
            -z_scores(frame["credit"][::5], 10, 20).reindex(frame.index).ffill(),
            z_scores(frame["slope"], 15, 40),
            trend(frame["wti"], 8, 36),
            -trend(frame["dxy"], 12, 20),
            -volatility,
        ]
    )
    stress, regime = False, []
    for value in volatility.where(np.arange(600) >= WARM):
        stress = value >= 1.0 or (stress and not value <= 0.2)
        regime.append(stress)
    weights = np.array([msgspec.structs.astuple(STRESS if stress else CALM) for stress in regime])
    score = (weights * np.clip(readings / 2, -1, 1)).sum(axis=1) / weights.sum(axis=1)
    t = (weights * readings).sum(axis=1) / np.sqrt((weights**2).sum(axis=1))
    return score, 1 - 2 * norm.sf(np.abs(t)), np.array(regime)


def test_equals_an_independent_batch_calculation(closes, rounds, run, inputs, changed):
    expected, surety, regime = independent(inputs)
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    for i in range(3):
        np.testing.assert_allclose(score[WARM:, i], expected[WARM:], atol=1e-9)
        np.testing.assert_allclose(confidence[WARM:, i], surety[WARM:], atol=1e-9)
    assert np.isnan(score[:WARM]).all()
    assert np.isfinite(score[WARM:]).all()
    assert (np.abs(score[WARM:]) <= 1).all()
    assert 0.1 < regime[WARM:].mean() < 0.9  # both regimes were compared


def alone(name, **spans):
    """Parameters under which one reading has weight in either regime."""
    none = dict.fromkeys(Weights.__struct_fields__, 0.0)
    weights = Weights(**(none | {name: 1.0}))
    return msgspec.structs.replace(PARAMS, calm=weights, stress=weights, **spans)


@pytest.mark.parametrize(
    ("name", "place", "direction"),
    [("credit_spread", 1, -1), ("yield_spread", 4, 1), ("oil", 2, 1), ("dollar", 5, -1)],
)
def test_a_rise_is_risk_on_or_off_as_stated(closes, rounds, run, inputs, name, place, direction):
    inputs[550:, place] *= np.linspace(1.1, 2, 50)
    score, _ = run(Model(alone(name), WATCHED), rounds(closes, inputs=inputs))
    assert (direction * score[-1] > 0.3).all()


def test_unusual_volatility_is_risk_off(closes, rounds, run, inputs):
    inputs[590:, 3] *= np.exp(0.05 * (-1.0) ** np.arange(10))
    score, _ = run(Model(alone("volatility"), WATCHED), rounds(closes, inputs=inputs))
    assert (score[-1] < -0.5).all()


def test_an_index_of_volatility_is_read_as_it_is(closes, rounds, run, inputs):
    returns = np.diff(np.log(inputs[:, 3]), prepend=np.nan)
    inputs[:, 0] = 100 * np.sqrt(pd.Series(returns**2).ewm(span=20, min_periods=20).mean())
    changed = np.isfinite(inputs)
    realised, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    implied = msgspec.structs.replace(PARAMS, index=None, volatility_index="unused")
    score, _ = run(Model(implied, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    np.testing.assert_allclose(score, realised, atol=1e-9)
    assert np.isfinite(score[WARM:]).all()


def test_the_regime_decides_what_counts(closes, rounds, run, inputs):
    """With the same readings, the weights of the other regime give another score, and only in that regime."""
    _, _, regime = independent(inputs)
    market = rounds(closes, inputs=inputs)
    score, _ = run(Model(PARAMS, WATCHED), market)
    calm_only, _ = run(Model(msgspec.structs.replace(PARAMS, stress=CALM), WATCHED), market)
    differs = (np.abs(score - calm_only) > 1e-6)[:, 0]
    assert not differs[~regime].any()
    assert differs[regime & (np.arange(600) >= WARM)].mean() > 0.95


def test_typical_views_are_the_stated_ones(closes, rounds, run):
    """Readings of nothing: white figures and walks."""
    rng = np.random.default_rng(5)
    inputs = np.exp(0.01 * rng.normal(size=(600, 6)).cumsum(axis=0))
    inputs[:, [1, 4]] = rng.normal(size=(600, 2))
    market = rounds(closes, inputs=inputs)
    level, _ = run(Model(alone("yield_spread"), WATCHED), market)
    four = msgspec.structs.replace(PARAMS, yield_spread=None)
    whole, _ = run(Model(msgspec.structs.replace(four, calm=Weights(), stress=Weights()), WATCHED), market)
    assert np.nanmean(np.abs(level)) == pytest.approx(0.4, abs=0.05)
    assert np.nanmean(np.abs(whole)) == pytest.approx(0.2, abs=0.04)


def test_only_what_is_named_is_read(closes, rounds, run, inputs):
    inputs[:, [1, 4, 5]] = np.nan
    params = msgspec.structs.replace(PARAMS, credit_spread=None, yield_spread=None, dollar=None)
    score, _ = run(Model(params, WATCHED), rounds(closes, inputs=inputs))
    assert np.isfinite(score[WARM:]).all()


def test_units_of_the_inputs_do_not_matter(closes, rounds, run, inputs):
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs))
    scaled, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs * [1, 100, 42, 0.1, 7, 3]))
    np.testing.assert_allclose(scaled, score, atol=1e-8)
    assert np.nanmax(np.abs(score)) > 0.2


def test_stale_instruments_have_no_view(closes, rounds, run, inputs):
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[500, 1] = False
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes, fresh, inputs))
    assert np.isnan(score[500]).tolist() == [False, True, False]
    assert np.isnan(confidence[500]).tolist() == [False, True, False]


def test_a_value_that_does_not_count_as_changed_is_not_an_observation(closes, rounds, run, inputs, changed):
    spoilt = np.where(changed, inputs, inputs * 7)
    expected, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=spoilt, inputs_fresh=changed))
    np.testing.assert_array_equal(score, expected)
    # the control: called fresh, they are
    fooled, _ = run(
        Model(PARAMS, WATCHED),
        rounds(closes, inputs=spoilt, inputs_fresh=np.isfinite(spoilt)),
    )
    assert not np.array_equal(fooled, expected, equal_nan=True)


def test_a_negative_oil_price_is_no_observation(closes, rounds, run, inputs):
    """Settlement of 20 April 2020: -37.63."""
    inputs[500, 2] = -37.63
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs))
    assert np.isfinite(score[WARM:]).all()


@pytest.mark.parametrize("places", [(0, 1, 2), (0, 2)])
def test_a_reading_holds_between_publications_and_its_end_is_said_once(closes, rounds, run, inputs, changed, places):
    changed[400:, 1] = False
    fresh = np.ones(closes.shape, dtype=bool)
    last = 395  # its last publication
    fresh[last + 71, [i for i in range(3) if i not in places]] = False
    params = alone("credit_spread", max_age_rounds=70)
    score, confidence = run(Model(params, WATCHED), rounds(closes, fresh, inputs, changed))
    assert (score[last : last + 71] == score[last]).all()
    for i in range(3):
        end = last + 71 if i in places else last + 72  # one that was stale is told as soon as it is back
        assert score[end, i] == 0
        assert confidence[end, i] == confidence[last, i]
        assert np.isnan(score[end + 1 :, i]).all()
    assert np.isnan(score[last + 71]).tolist() == [i not in places for i in range(3)]


def test_views_return_with_the_figures(closes, rounds, run, inputs, changed):
    changed[300:500, 1] = False
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    assert np.isnan(score[400:500]).all()
    assert np.isfinite(score[500:]).all()


def test_a_reading_without_weight_is_not_waited_for(closes, rounds, run, inputs):
    inputs[:, 2] = np.nan
    silent = msgspec.structs.replace(PARAMS, calm=Weights(oil=0.0), stress=Weights(oil=0.0))
    score, _ = run(Model(silent, WATCHED), rounds(closes, inputs=inputs))
    assert np.isfinite(score[WARM:]).all()
    waiting, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs))
    assert np.isnan(waiting).all()


def test_volatility_is_waited_for_even_without_weight(closes, rounds, run, inputs):
    """It tells the regime."""
    inputs[:, 3] = 1200.0
    score, _ = run(Model(alone("oil"), WATCHED), rounds(closes, inputs=inputs))
    assert np.isnan(score).all()


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_opposite_figures_have_opposite_scores(seed):
    """Spreads, trends and inverse volatilities turned round, in one regime."""
    rng = np.random.default_rng(seed)
    inputs = np.exp(0.01 * rng.normal(size=(150, 6)).cumsum(axis=0))
    params = msgspec.structs.replace(
        PARAMS, index=None, volatility_index="spx", stress=CALM, stress_begins_z=9.0, stress_ends_z=-9.0
    )
    scores = []
    for figures in (inputs, 1 / inputs):
        read = figures.copy()
        read[:, [1, 4]] = np.log(figures[:, [1, 4]])
        model = Model(params, WATCHED)
        scores.append([model.update(replace(A_ROUND, inputs=row, inputs_fresh=np.ones(6, dtype=bool))) for row in read])
    (score, sure), (mirrored, same) = (np.array(one).swapaxes(0, 1) for one in scores)
    np.testing.assert_allclose(mirrored, -score, atol=1e-8)
    np.testing.assert_allclose(same, sure, atol=1e-8)
    assert np.isfinite(score[-1]).all()


A_ROUND = MarketSnapshot(
    round=1,
    ts_event=1,
    open=np.ones(3),
    high=np.ones(3),
    low=np.ones(3),
    close=np.ones(3),
    volume=np.ones(3),
    fresh=np.ones(3, dtype=bool),
    inputs=np.empty(0),
    inputs_fresh=np.empty(0, dtype=bool),
)


def test_an_unknown_input_is_refused_by_name_with_those_that_exist():
    with pytest.raises(ValueError, match=r"brent is not among the inputs \(credit, slope, wti\)"):
        Model(msgspec.structs.replace(PARAMS, oil="brent"), Watched(instruments=ABC, inputs=("credit", "slope", "wti")))
    with pytest.raises(ValueError, match="there are none"):
        Model(PARAMS, Watched(instruments=ABC))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"volatility_index": "vix"}, "one of index and volatility_index must be named, and not both"),
        ({"index": None}, "one of index and volatility_index must be named, and not both"),
        (
            {"stress": {"oil": 0, "volatility": 0, "credit_spread": 0}},
            "stress weighs credit_spread, oil, volatility with 0",
        ),
        ({"calm": {"oil": 1.5}}, "<= 1.0 - at `\\$.calm.oil`"),
        ({"credit_span": 40}, "credit_scale_span 36.0 must be at least credit_span 40"),
        ({"yield_span": 800}, "yield_scale_span 750.0 must be at least yield_span 800"),
        ({"volatility_span": 300}, "long_volatility_span 250.0 must be above volatility_span 300"),
        ({"stress_ends_z": 1.5}, "stress_ends_z 1.5 must be below stress_begins_z 1.5"),
        ({"max_age_rounds": 0}, ">= 1"),
        ({"gold": "xau"}, "unknown field `gold`"),
    ],
)
def test_params_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"credit_spread": "credit", "oil": "wti", "index": "spx"} | given, Params)

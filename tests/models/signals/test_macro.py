import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from nautilus_ai_firm.messages import Watched
from nautilus_ai_firm.models.estimators.crossover import random_walk_deviation
from nautilus_ai_firm.models.signals.macro import Model, Params

ABC = ("A", "B", "C")
NAMES = ("unused", "credit", "wti", "spx")
WATCHED = Watched(instruments=ABC, inputs=NAMES)
PARAMS = Params(
    credit_spread="credit",
    oil="wti",
    index="spx",
    credit_span=10,
    credit_scale_span=20,
    oil_fast_span=8,
    volatility_span=20,
    long_volatility_span=60,
    credit_weight=1.0,
    oil_weight=0.5,
    volatility_weight=0.8,
    full_z=2.0,
)
WARM = 20 + 60 - 1  # the index needs 20 returns for a volatility, and 60 volatilities for their level


@pytest.fixture
def inputs():
    """Four inputs over 600 rounds; the spread changes every fifth round only."""
    rng = np.random.default_rng(21)
    spread = np.repeat(1 + 0.05 * rng.normal(size=120).cumsum(), 5)
    walks = np.exp(rng.normal(scale=[0.02, 0.01], size=(600, 2)).cumsum(axis=0))
    return np.column_stack([np.full(600, np.nan), spread, 60 * walks[:, 0], 1200 * walks[:, 1]])


@pytest.fixture
def changed():
    """Rounds in which each input changed."""
    fresh = np.ones((600, 4), dtype=bool)
    fresh[:, 0] = False
    fresh[:, 1] = np.arange(600) % 5 == 0
    return fresh


def z_scores(x, mean_span, scale_span):
    deviation = x - x.ewm(span=mean_span).mean()
    return deviation / np.sqrt((deviation.iloc[1:] ** 2).ewm(span=scale_span).mean()).shift()


def test_equals_an_independent_batch_calculation(closes, rounds, run, inputs, changed):
    frame = pd.DataFrame(inputs, columns=list(NAMES))
    credit = -z_scores(frame["credit"][::5], 10, 20).reindex(frame.index).ffill()
    log_oil, returns = frame["wti"].transform(np.log), frame["spx"].transform(np.log).diff()
    oil = (log_oil.ewm(span=8).mean() - log_oil.ewm(span=32).mean()) / np.sqrt(
        (log_oil.diff() ** 2).ewm(span=36).mean()
    )
    level = (returns**2).ewm(span=20, min_periods=20).mean().dropna().transform(np.log) / 2
    z = np.column_stack([credit, oil / random_walk_deviation([8], [1]), -z_scores(level, 60, 60).reindex(frame.index)])
    weights = np.array([1, 0.5, 0.8])
    expected = np.clip(z / 2, -1, 1) @ weights / weights.sum()
    surety = 1 - 2 * norm.sf(np.abs(z @ weights / np.sqrt((weights**2).sum())))
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    for i in range(3):
        np.testing.assert_allclose(score[WARM:, i], expected[WARM:], atol=1e-8)
        np.testing.assert_allclose(confidence[WARM:, i], surety[WARM:], atol=1e-8)
    assert np.isnan(score[:WARM]).all()
    assert np.isfinite(score[WARM:]).all()
    assert (np.abs(score[WARM:]) <= 1).all()


def alone(name):
    weights = dict.fromkeys(("credit_weight", "oil_weight", "volatility_weight"), 0.0)
    return msgspec.structs.replace(PARAMS, **(weights | {f"{name}_weight": 1.0}))


@pytest.mark.parametrize(("name", "place", "direction"), [("credit", 1, -1), ("oil", 2, 1)])
def test_a_rise_is_risk_off_for_the_spread_and_risk_on_for_oil(closes, rounds, run, inputs, name, place, direction):
    inputs[550:, place] *= np.linspace(1.1, 2, 50)
    score, _ = run(Model(alone(name), WATCHED), rounds(closes, inputs=inputs))
    assert (direction * score[-1] > 0.3).all()


def test_unusual_volatility_is_risk_off(closes, rounds, run, inputs):
    inputs[590:, 3] *= np.exp(0.05 * (-1.0) ** np.arange(10))
    score, _ = run(Model(alone("volatility"), WATCHED), rounds(closes, inputs=inputs))
    assert (score[-1] < -0.5).all()


def test_units_of_the_inputs_do_not_matter(closes, rounds, run, inputs):
    score, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs))
    scaled, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs * [1, 100, 42, 0.1]))
    np.testing.assert_allclose(scaled, score, atol=1e-8)
    assert np.nanmax(np.abs(score)) > 0.2


def test_stale_instruments_have_no_view(closes, rounds, run, inputs):
    fresh = np.ones(closes.shape, dtype=bool)
    fresh[500, 1] = False
    score, confidence = run(Model(PARAMS, WATCHED), rounds(closes, fresh, inputs))
    assert np.isnan(score[500]).tolist() == [False, True, False]
    assert np.isnan(confidence[500]).tolist() == [False, True, False]


def test_a_reading_holds_between_publications_and_expires(closes, rounds, run, inputs, changed):
    changed[400:, 1] = False
    params = msgspec.structs.replace(alone("credit"), max_age_rounds=70)
    score, _ = run(Model(params, WATCHED), rounds(closes, inputs=inputs, inputs_fresh=changed))
    last = 395  # its last publication
    assert (score[last : last + 71] == score[last]).all()
    assert np.isnan(score[last + 71 :]).all()


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


def test_a_reading_without_weight_is_not_waited_for(closes, rounds, run, inputs):
    inputs[:, 2] = np.nan
    score, _ = run(
        Model(msgspec.structs.replace(PARAMS, oil_weight=0.0), WATCHED),
        rounds(closes, inputs=inputs),
    )
    assert np.isfinite(score[WARM:]).all()
    waiting, _ = run(Model(PARAMS, WATCHED), rounds(closes, inputs=inputs))
    assert np.isnan(waiting).all()


def test_an_unknown_input_is_refused_by_name_with_those_that_exist():
    with pytest.raises(ValueError, match=r"oil = 'brent' is not among the inputs \(credit, wti\)"):
        Model(msgspec.structs.replace(PARAMS, oil="brent"), Watched(instruments=ABC, inputs=("credit", "wti")))
    with pytest.raises(ValueError, match="there are none"):
        Model(PARAMS, Watched(instruments=ABC))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"credit_weight": 0, "oil_weight": 0, "volatility_weight": 0}, "at least one must be above 0"),
        ({"credit_span": 40}, "credit_scale_span 36.0 must be at least credit_span 40"),
        ({"volatility_span": 300}, "long_volatility_span 250.0 must be above volatility_span 300"),
        ({"max_age_rounds": 0}, ">= 1"),
        ({"gold": "xau"}, "unknown field `gold`"),
    ],
)
def test_params_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert({"credit_spread": "credit", "oil": "wti", "index": "spx"} | given, Params)

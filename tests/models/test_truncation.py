"""No model and no estimator looks ahead: what it said of the past does not change when the future is cut off."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nautilus_ai_firm.messages import Quotes, Watched
from nautilus_ai_firm.models.estimators.beta import EwmaBeta
from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.line import fit_line
from nautilus_ai_firm.models.estimators.order_book import top_of_book
from nautilus_ai_firm.models.estimators.range_rank import RangeRank
from nautilus_ai_firm.models.estimators.realized_variance import RealizedVariance
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility
from nautilus_ai_firm.models.estimators.window import RollingWindow
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore
from nautilus_ai_firm.models.signals import (
    index_spread,
    macro,
    market_making,
    mean_reversion,
    momentum,
    options_volatility,
    statistical_arbitrage,
    ttm_squeeze,
)
from tests.models.option_surface import Surface, chain_of

UNIVERSE = ("A", "B", "C")
INPUTS = ("credit", "oil", "index")
MACRO = macro.Params(
    credit_spread="credit",
    oil="oil",
    index="index",
    credit_scale_span=12,
    oil_fast_span=4,
    volatility_span=10,
    long_volatility_span=20,
)

INDEX_SPREAD = index_spread.Params(benchmark="B", indices=("A", "C"), beta_span=20, scale_span=30)

MARKET_MAKING = market_making.Params(volatility_span=10, relation_span=20)

OPTIONS = options_volatility.Params(rate_per_year=0.03, realized_returns=5, rank_rounds=20, history_span=10)

PAIRS = statistical_arbitrage.Params(
    screen=UNIVERSE, window=60, test_every=7, entry_p=0.99, stop_p=0.999, scale_span=10, entry_z=0.5, exit_z=0.1
)

WATCHED = Watched(instruments=UNIVERSE, inputs=INPUTS, chains=("A",), quotes=True)


def signal(module, params):
    def outputs(market):
        model = module.Model(params, WATCHED)
        return [model.update(snapshot) for snapshot in market]

    return outputs


def signal_and(attribute, module, params):
    """What a model says, and what else it shows."""

    def outputs(market):
        model = module.Model(params, WATCHED)
        said = []
        for snapshot in market:
            view = model.update(snapshot)
            shown = getattr(model, attribute)
            said.append((*view, *(getattr(shown, name) for name in shown.__slots__)))
        return said

    return outputs


def estimator(make, update):
    def outputs(market):
        made = make(len(market[0].close))
        return [(update(made, snapshot),) for snapshot in market]

    return outputs


def full_sample_z_score(market):
    """The planted fault: mean and deviation of the whole sample, the future included."""
    log_close = np.log([snapshot.close for snapshot in market])
    return [(row,) for row in (log_close - np.nanmean(log_close, axis=0)) / np.nanstd(log_close, axis=0)]


def reused_array(market):
    """The planted fault: one array handed out in each round and overwritten in the next."""
    mean = np.zeros(len(market[0].close))
    outputs = []
    for snapshot in market:
        mean += (np.nan_to_num(snapshot.close) - mean) / snapshot.round
        outputs.append((mean,))
    return outputs


HONEST = {
    "momentum": signal(momentum, momentum.Params(fast_spans=(4, 8))),
    "mean_reversion": signal(mean_reversion, mean_reversion.Params(scale_span=30)),
    "macro": signal(macro, MACRO),
    "index_spread": signal(index_spread, INDEX_SPREAD),
    "statistical_arbitrage": signal(statistical_arbitrage, PAIRS),
    "ttm_squeeze": signal(ttm_squeeze, ttm_squeeze.Params(length=5, keltner_width=2.5, hold_bars=500)),
    "market_making": signal_and("intent", market_making, MARKET_MAKING),
    "options_volatility": signal_and("readings", options_volatility, OPTIONS),
    "ewma": estimator(lambda n: Ewma(20, n), lambda made, s: made.update(s.close)),
    "volatility": estimator(lambda n: EwmaVolatility(20, n), lambda made, s: made.update(s.close, s.fresh)),
    "correlation": estimator(lambda n: EwmaCorrelation(20, n), lambda made, s: made.update(s.close, s.fresh)),
    "crossover": estimator(lambda n: EwmaCrossover((4, 8), 20, n), lambda made, s: made.update(s.close, s.fresh)),
    "beta": estimator(lambda n: EwmaBeta(20, n, 20), lambda made, s: made.update(s.close, s.close[::-1])),
    "window": estimator(lambda n: RollingWindow(20, n), lambda made, s: fit_line(made.update(s.close)).end),
    "order_book": estimator(lambda _: None, lambda _, s: top_of_book(s.quotes).microprice),
    "range_rank": estimator(lambda n: RangeRank(20, n), lambda made, s: made.update(s.close)),
    "realized_variance": estimator(
        lambda n: RealizedVariance(20, n), lambda made, s: made.update(s.ts_event, s.close, s.fresh)
    ),
    "z_score": estimator(lambda n: EwmaZScore(20, 30, n, 20), lambda made, s: made.update(s.close)),
}
PLANTED = {"full_sample_z_score": full_sample_z_score, "reused_array": reused_array}


@pytest.fixture
def market(closes, rounds):
    fresh = np.random.default_rng(13).random(closes.shape) > 0.05
    snapshots = rounds(np.where(fresh, closes, np.nan), fresh, inputs=closes[:, ::-1])
    return [
        replace(one, quotes=quotes_of(one), chains=(chain_at(one.round, one.ts_event, float(closes[t, 0])),))
        for t, one in enumerate(snapshots)
    ]


def quotes_of(snapshot):
    sizes = np.random.default_rng(snapshot.round).uniform(1, 100, size=(2, len(snapshot.close)))
    return Quotes(
        bid=snapshot.close * 0.9999,
        ask=snapshot.close * 1.0001,
        bid_size=sizes[0],
        ask_size=sizes[1],
        fresh=snapshot.fresh.copy(),
    )


@cache
def chain_at(round_, ts_ns, spot):
    """A few options on A, of a surface that moves; there are none any more after 240 rounds."""
    surface = Surface(short=0.22 + 0.05 * np.sin(round_ / 9), skew=-0.06 + 0.02 * np.cos(round_ / 5))
    strikes = spot * np.array([0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12])
    return chain_of(surface, ts_ns, spot, strikes, (21, 42, 112) if round_ <= 240 else ())


def differing_cuts(outputs, market):
    """Count the cuts after which a past output differs in any bit, and the finite numbers that were compared."""
    whole = outputs(market)
    differing, compared = 0, 0
    for cut in (120, 233, 377, 599):
        for before, after in zip(whole, outputs(market[:cut]), strict=False):
            for one, other in zip(before, after, strict=True):
                compared += int(np.isfinite(one).sum())
                differing += one.tobytes() != other.tobytes()
    return differing, compared


@pytest.mark.parametrize("outputs", HONEST.values(), ids=HONEST.keys())
def test_cutting_the_future_changes_no_bit_of_the_past(outputs, market):
    differing, compared = differing_cuts(outputs, market)
    assert differing == 0
    assert compared > 1000


@pytest.mark.parametrize("outputs", PLANTED.values(), ids=PLANTED.keys())
def test_the_test_above_finds_planted_faults(outputs, market):
    differing, _ = differing_cuts(outputs, market)
    assert differing > 1000

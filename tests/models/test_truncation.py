"""No model and no estimator looks ahead: what it said of the past does not change when the future is cut off."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS
from nautilus_ai_firm.messages import Events, Quotes, Watched
from nautilus_ai_firm.models.estimators.autoregression import RollingAutoregression
from nautilus_ai_firm.models.estimators.beta import EwmaBeta
from nautilus_ai_firm.models.estimators.bollinger import percent_b
from nautilus_ai_firm.models.estimators.correlation import EwmaCorrelation
from nautilus_ai_firm.models.estimators.crossover import EwmaCrossover
from nautilus_ai_firm.models.estimators.dickey_fuller import dickey_fuller
from nautilus_ai_firm.models.estimators.directional import DirectionalIndex
from nautilus_ai_firm.models.estimators.ewma import Ewma
from nautilus_ai_firm.models.estimators.line import fit_line
from nautilus_ai_firm.models.estimators.macd import MacdHistogram
from nautilus_ai_firm.models.estimators.order_book import top_of_book
from nautilus_ai_firm.models.estimators.ornstein_uhlenbeck import fit_ornstein_uhlenbeck
from nautilus_ai_firm.models.estimators.range_rank import RangeRank
from nautilus_ai_firm.models.estimators.reactions import Reactions
from nautilus_ai_firm.models.estimators.realized_variance import RealizedVariance
from nautilus_ai_firm.models.estimators.rolling_sum import RollingSum
from nautilus_ai_firm.models.estimators.seasonality import Seasonality
from nautilus_ai_firm.models.estimators.session_bars import SessionBars
from nautilus_ai_firm.models.estimators.view_end import ViewEnd
from nautilus_ai_firm.models.estimators.volatility import EwmaVolatility
from nautilus_ai_firm.models.estimators.wilder import RelativeStrength
from nautilus_ai_firm.models.estimators.window import RollingWindow
from nautilus_ai_firm.models.estimators.z_score import EwmaZScore
from nautilus_ai_firm.models.execution.pyramid import Pyramid
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules
from nautilus_ai_firm.models.risk.held_options import HeldContract, HeldOptions, QuoteReading
from nautilus_ai_firm.models.signals import (
    event_driven,
    index_spread,
    macro,
    market_making,
    mean_reversion,
    momentum,
    options_volatility,
    session_effects,
    statistical_arbitrage,
    ttm_squeeze,
)
from tests.models.option_surface import Surface, chain_of

UNIVERSE = ("A", "B", "C")
INPUTS = ("credit", "oil", "index")
EVENTS = ("fomc",)
BARS = 6
EVENT_NS = np.arange(5, 120, 3) * DAY_NS + 3 * HOUR_NS
MACRO = macro.Params(
    credit_spread="credit",
    dollar="oil",
    dollar_fast_span=8,
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

WATCHED = Watched(instruments=UNIVERSE, inputs=INPUTS, events=EVENTS, chains=("A",), quotes=True)


READING = QuoteReading(rate_per_year=0.03, max_relative_spread=0.5, max_carried_rounds=3)

SESSION = session_effects.Params(min_sessions=5, volatility_span=20)
EVENT_DRIVEN = event_driven.Params(
    kinds=EVENTS, before_hours=30, min_events=2, min_reaction=0, gap_deviations=1.5, volatility_span=20, gap_span=10
)


def hourly(market):
    """The same bars as hours of sessions of six, with an event every three days."""
    timed = []
    for t, snapshot in enumerate(market):
        opens = t // BARS * DAY_NS
        ts = opens + (t % BARS + 1) * HOUR_NS
        last, ahead = EVENT_NS[ts >= EVENT_NS], EVENT_NS[(ts < EVENT_NS) & (ts + 2 * DAY_NS > EVENT_NS)]
        known = [np.full((1, 3), times[place] if len(times) else 0) for times, place in ((last, -1), (ahead, 0))]
        events = Events(last_ns=known[0], next_ns=known[1])
        close = opens + BARS * HOUR_NS
        timed.append(replace(snapshot, ts_event=ts, session_open_ns=opens + 1, session_close_ns=close, events=events))
    return timed


def in_sessions(outputs):
    return lambda market: outputs(hourly(market))


def session_bars(market):
    bars = SessionBars(3)
    return [(bars.returns, bars.gaps, bars.drift) for snapshot in market if bars.update(snapshot)]


def seasonality(market):
    season = Seasonality(5, BARS, 3)
    outputs = []
    for t, snapshot in enumerate(market):
        season.update(np.full(3, t % BARS), snapshot.close)
        outputs.append(season.measure((t + 1) % BARS, 2))
    return outputs


def reactions(market):
    reacting = Reactions(2, 1, 3)
    outputs = []
    for t, snapshot in enumerate(market):
        reacting.start(np.full((1, 3), t % 3 == 0))
        reacting.update(snapshot.close, np.ones(3))
        outputs.append((reacting.z, reacting.wildness(2)))
    return outputs


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


def pyramid(market):
    """Layers of views that come and go, filled at the close at which they are decided."""
    rules = PyramidRules(
        confirm="atr",
        atr_multiples=(0.5, 1.0, 1.5),
        breakout_rounds=3,
        min_adx=10.0,
        volume_factor=0.9,
        volume_rounds=5,
        exit_rounds=20,
        exit_adx=12.0,
        max_atr_ratio=3.0,
        atr_average_rounds=20,
        max_rounds=60,
        take_profit=(0.2, 0.2, 0.2, 0.2),
        cool_down_rounds=2,
    )
    made, equity, outputs = Pyramid(rules, UNIVERSE, np.ones(3, dtype=np.int64), 0.05), 1e7, []
    positions, averages = np.zeros(3, dtype=np.int64), np.full(3, np.nan)
    for snapshot in market:
        made.observe(snapshot)
        price = np.where(np.isnan(snapshot.close), 1.0, snapshot.close)
        intended = 0.3 * np.sign(np.sin((snapshot.round + np.arange(3) * 40) / 40))
        weights, plans = made.decide(snapshot, intended, positions * price / equity, positions, averages, equity)
        stops = [layer.stop or 0.0 for plan in plans for layer in plan.layers]
        outputs.append((weights, np.array(stops), np.array([plan.unlocked for plan in plans])))
        target = np.where(np.isnan(weights), positions, np.trunc(weights * equity / price)).astype(np.int64)
        grown = (np.abs(target) > np.abs(positions)) & (target * positions >= 0)
        held = np.where(positions == 0, 0.0, positions * np.nan_to_num(averages))
        added = (held + (target - positions) * price) / np.where(target == 0, 1, target)
        averages = np.where(target == 0, np.nan, np.where(grown, added, averages))
        positions = target
    return outputs


def held_options(market):
    """Two options beside the firm, quoted in most rounds until the 240th, and carried for three where they are not."""
    expiry_ns = market[0].ts_event + 300 * DAY_NS
    terms = {"chain": 0, "underlying": 0, "strike": 100.0, "expiry_ns": expiry_ns, "multiplier": 100.0, "quantity": 5}
    contracts = [HeldContract(name=str(is_call), is_call=is_call, **terms) for is_call in (True, False)]
    made, outputs = HeldOptions(contracts, READING), []
    for snapshot in market:
        days = 300 - (snapshot.ts_event - market[0].ts_event) // DAY_NS
        quoted = snapshot.round <= 240 and snapshot.round % 7 > 0
        surface = Surface(short=0.22 + 0.05 * np.sin(snapshot.round / 9))
        spot = float(snapshot.chains[0].spot)
        chain = chain_of(surface, snapshot.ts_event, spot, np.array([95.0, 100.0, 105.0]), (days,) if quoted else ())
        made.update(replace(snapshot, chains=(chain,)))
        outputs.append((made.exposures(1e6).rows,))
    return outputs


HONEST = {
    "momentum": signal(momentum, momentum.Params(fast_spans=(4, 8))),
    "mean_reversion": signal(
        mean_reversion, mean_reversion.Params(window=30, entry_p=0.99, exit_p=0.995, max_half_life=500)
    ),
    "macro": signal(macro, MACRO),
    "index_spread": signal(index_spread, INDEX_SPREAD),
    "statistical_arbitrage": signal(statistical_arbitrage, PAIRS),
    "ttm_squeeze": signal(ttm_squeeze, ttm_squeeze.Params(length=5, keltner_width=2.5, hold_bars=500)),
    "session_effects": in_sessions(signal(session_effects, SESSION)),
    "event_driven": in_sessions(signal(event_driven, EVENT_DRIVEN)),
    "market_making": signal_and("intent", market_making, MARKET_MAKING),
    "options_volatility": signal_and("readings", options_volatility, OPTIONS),
    "ewma": estimator(lambda n: Ewma(20, n), lambda made, s: made.update(s.close)),
    "volatility": estimator(lambda n: EwmaVolatility(20, n), lambda made, s: made.update(s.close, s.fresh)),
    "correlation": estimator(lambda n: EwmaCorrelation(20, n), lambda made, s: made.update(s.close, s.fresh)),
    "crossover": estimator(lambda n: EwmaCrossover((4, 8), 20, n), lambda made, s: made.update(s.close, s.fresh)),
    "autoregression": estimator(
        lambda n: RollingAutoregression(30, 1, n), lambda made, s: dickey_fuller(made.update(np.log(s.close)))
    ),
    "ornstein_uhlenbeck": estimator(
        lambda n: RollingAutoregression(30, 0, n),
        lambda made, s: fit_ornstein_uhlenbeck(made.update(np.log(s.close))).mean,
    ),
    "percent_b": estimator(lambda n: RollingWindow(20, n), lambda made, s: percent_b(made.update(s.close))),
    "macd": estimator(lambda n: MacdHistogram(12, 26, 9, n), lambda made, s: made.update(s.close)),
    "relative_strength": estimator(lambda n: RelativeStrength(14, n), lambda made, s: made.update(s.close)),
    "directional": estimator(DirectionalIndex, lambda made, s: made.update(np.stack([s.close] * 3))),
    "rolling_sum": estimator(lambda n: RollingSum(20, 1, n), lambda made, s: made.update(s.close[np.newaxis], s.fresh)),
    "beta": estimator(lambda n: EwmaBeta(20, n, 20), lambda made, s: made.update(s.close, s.close[::-1])),
    "window": estimator(lambda n: RollingWindow(20, n), lambda made, s: fit_line(made.update(s.close)).end),
    "order_book": estimator(lambda _: None, lambda _, s: top_of_book(s.quotes).microprice),
    "range_rank": estimator(lambda n: RangeRank(20, n), lambda made, s: made.update(s.close)),
    "realized_variance": estimator(
        lambda n: RealizedVariance(20, n), lambda made, s: made.update(s.ts_event, s.close, s.fresh)
    ),
    "z_score": estimator(lambda n: EwmaZScore(20, 30, n, 20), lambda made, s: made.update(s.close)),
    "session_bars": in_sessions(session_bars),
    "seasonality": seasonality,
    "reactions": reactions,
    "pyramid": pyramid,
    "held_options": held_options,
    "view_end": estimator(ViewEnd, lambda made, s: made.update(s.close, s.close, s.fresh)[0]),
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

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from nautilus_ai_firm.durations import DAY_NS, MINUTE_NS
from nautilus_ai_firm.messages import MarketSnapshot, Quotes, Watched
from nautilus_ai_firm.models.estimators.standstill import Standstill
from nautilus_ai_firm.models.signals.market_making import Model, Params

ABC = ("A", "B", "C")
PARAMS = Params(volatility_span=20, relation_span=50)
WARM = 20 + 50  # a lead needs 20 returns of the mid, and 50 leads must have been followed by a return
BID, ASK, BID_SIZE, ASK_SIZE = range(4)


def market(seed=5, n=500, follows=0.5):
    """Best quotes of three instruments, shape (4, n, 3); the imbalance of each round moves the mid of the next."""
    rng = np.random.default_rng(seed)
    imbalance = rng.uniform(0.05, 0.95, size=(n, 3))
    steps = rng.normal(size=(n, 3))
    steps[1:] += follows * (imbalance[:-1] - 0.5) * np.sqrt(12)
    mid = np.array([200.0, 30.0, 1500.0]) * np.exp((steps * 2e-4).cumsum(axis=0))
    half, size = mid * 2e-5, rng.uniform(100, 5000, size=(n, 3))
    return np.stack([mid - half, mid + half, size * imbalance, size * (1 - imbalance)])


def over(books, params=PARAMS, fresh=None, per_session=None):
    """Run a model over best quotes; returns scores and confidences, and the model after each round."""
    n = books.shape[2]
    fresh = np.ones(books.shape[1:], dtype=bool) if fresh is None else fresh
    model = Model(params, Watched(instruments=ABC[:n], quotes=True))
    views, intents = [], []
    for t in range(books.shape[1]):
        ts = t * MINUTE_NS if per_session is None else t // per_session * DAY_NS + t % per_session * MINUTE_NS
        names = ("bid", "ask", "bid_size", "ask_size")
        quotes = Quotes(**{name: books[k, t].copy() for k, name in enumerate(names)}, fresh=fresh[t].copy())
        views.append(model.update(snapshot(t + 1, ts, books[BID, t], quotes)))
        intents.append([model.intent.bid_offset, model.intent.ask_offset, model.intent.inventory_offset])
    score, confidence = np.array(views).swapaxes(0, 1)
    return score, confidence, np.array(intents).swapaxes(0, 1)


def snapshot(round_, ts_ns, close, quotes):
    return MarketSnapshot(
        round=round_,
        ts_event=ts_ns + DAY_NS,
        **{name: close.copy() for name in ("open", "high", "low", "close", "volume")},
        fresh=np.ones(len(close), dtype=bool),
        inputs=np.empty(0),
        inputs_fresh=np.empty(0, dtype=bool),
        quotes=quotes,
    )


def independent(book, counts):
    """One instrument through pandas; `counts` tells which returns are no night."""
    bid, ask, bid_size, ask_size = (pd.Series(values) for values in book)
    mid, micro = (bid + ask) / 2, (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    returns = pd.Series(np.log(mid)).diff().where(counts)
    sigma = (returns**2).ewm(span=20, min_periods=20, ignore_na=True).mean() ** 0.5
    lead = pd.Series(np.log(micro / mid)) / sigma
    pairs = pd.DataFrame({"x": lead.shift(), "y": returns / sigma.shift()}).dropna()
    weights = 1 - 2 / 51
    known = {}
    for k, at in enumerate(pairs.index, 1):
        w = weights ** np.arange(k - 1, -1, -1)
        x, y = pairs["x"].to_numpy()[:k], pairs["y"].to_numpy()[:k]
        rho = (w * x * y).sum() / np.sqrt((w * x**2).sum() * (w * y**2).sum())
        effective = w.sum() ** 2 / (w**2).sum()
        known[at] = rho * np.sqrt((effective - 1) / (1 - rho**2)) if k >= 50 else np.nan
    t = pd.Series(known, dtype=float).reindex(range(len(mid))).ffill()
    spread = 100 * sigma**2 * 10 + 2 / 100 * np.log(1 + 100 / 10_000)
    offsets = [spread / 2 - (micro / mid - 1), spread / 2 + (micro / mid - 1), 100 * sigma**2 * 10]
    return (lead / 0.1).clip(-1, 1).where(t.notna()), (1 - 2 * norm.sf(np.maximum(t, 0))), offsets


@pytest.mark.parametrize("per_session", [None, 60])
def test_equals_an_independent_batch_calculation(per_session):
    books = market()
    counts = np.ones(500, dtype=bool) if per_session is None else np.arange(500) % per_session != 0
    score, confidence, intents = over(books, per_session=per_session)
    for i in range(3):
        expected, surety, offsets = independent(books[:, :, i], counts)
        np.testing.assert_allclose(score[:, i], expected, atol=1e-9)
        np.testing.assert_allclose(confidence[:, i], np.where(np.isnan(expected), np.nan, surety), atol=1e-9)
        np.testing.assert_allclose(intents[:, :, i], offsets, atol=1e-12)
    assert np.isnan(score[:WARM]).all()
    assert np.isfinite(score[WARM + 8 :]).all()
    assert np.isfinite(intents[:, 20 + 8 :]).all()


def test_is_in_range_and_typical_where_imbalance_is_uniform():
    score, confidence, _ = over(market())
    assert np.nanmax(np.abs(score)) <= 1
    assert np.nanmin(confidence) >= 0
    assert np.nanmax(confidence) <= 1
    assert 0.3 < np.nanmean(np.abs(score)) < 0.6


@pytest.mark.parametrize(("follows", "low", "high"), [(0.8, 0.95, 1), (0.0, 0.1, 0.45), (-0.8, 0, 0.01)])
def test_is_sure_where_the_order_book_leads_and_not_where_it_misleads(follows, low, high):
    """Of unrelated series t is standard normal, so that half of the time it is below 0, and its mean 0.25."""
    _, confidence, _ = over(market(n=3000, follows=follows), msgspec.structs.replace(PARAMS, relation_span=200))
    assert low < np.nanmean(confidence) + 1e-9 < high + 1e-6


def test_more_bid_than_offered_is_a_long_and_moves_both_quotes_up():
    books = market()
    books[BID_SIZE, -1], books[ASK_SIZE, -1] = [900, 500, 100], [100, 500, 900]
    score, _, intents = over(books)
    bid_offset, ask_offset, _ = intents[:, -1]
    assert score[-1, 0] > 0.3
    assert abs(score[-1, 1]) < 1e-9
    assert score[-1, 2] < -0.3
    assert bid_offset[0] < ask_offset[0]
    np.testing.assert_allclose(bid_offset[1], ask_offset[1], rtol=1e-9)
    assert bid_offset[2] > ask_offset[2]


def test_the_quotes_of_an_intent_are_those_of_the_paper_in_prices():
    """With all in prices instead of fractions: γ / mid, κ / mid and σ mid; half of the inventory is held."""
    books = market()
    _, _, intents = over(books)
    bid, ask, bid_size, ask_size = books[:, -1]
    mid, fair = (bid + ask) / 2, (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    bid_offset, ask_offset, inventory_offset = intents[:, -1]
    sigma = np.sqrt(inventory_offset / 1000) * mid
    reservation = fair - 0.5 * (100 / mid) * sigma**2 * 10
    spread = (100 / mid) * sigma**2 * 10 + 2 / (100 / mid) * np.log(1 + 100 / 10_000)
    np.testing.assert_allclose(mid * (1 - bid_offset - 0.5 * inventory_offset), reservation - spread / 2, rtol=1e-12)
    np.testing.assert_allclose(mid * (1 + ask_offset - 0.5 * inventory_offset), reservation + spread / 2, rtol=1e-12)


def test_the_dealers_character_moves_the_quotes_and_never_the_score():
    books = market()
    score, confidence, intents = over(books)
    bold = msgspec.structs.replace(PARAMS, risk_aversion=1.0, arrival_decay=50_000.0, horizon_rounds=100.0)
    other, same, closer = over(books, bold)
    np.testing.assert_array_equal(other, score)
    np.testing.assert_array_equal(same, confidence)
    assert (closer[:2, -1] < intents[:2, -1]).all()


def test_swapping_the_sides_flips_the_score():
    books = market()
    score, confidence, intents = over(books)
    mirrored = np.stack([1 / books[ASK], 1 / books[BID], books[ASK_SIZE], books[BID_SIZE]])
    other, same, swapped = over(mirrored)
    # a reciprocal is no exact mirror: means of prices and of reciprocals differ by half a squared spread
    np.testing.assert_allclose(other, -score, atol=1e-3)
    np.testing.assert_allclose(same, confidence, atol=1e-3)
    np.testing.assert_allclose(swapped[[1, 0, 2]], intents, atol=1e-8)
    assert np.nanmax(np.abs(score)) > 0.5


@given(seed=st.integers(0, 1000), price=st.integers(-20, 20), size=st.integers(-20, 20))
@settings(max_examples=20)
def test_units_of_prices_and_sizes_do_not_matter(seed, price, size):
    books = market(seed, 120)
    scaled = books * 2.0 ** np.array([price, price, size, size])[:, np.newaxis, np.newaxis]
    for one, other in zip(over(books), over(scaled), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-9)
    assert np.isfinite(over(books)[0]).any()


def test_a_stale_instrument_has_no_view_and_goes_on_unharmed():
    books = market()
    fresh = np.ones(books.shape[1:], dtype=bool)
    fresh[300:305, 0] = False
    fresh[::9, 1] = False
    score, confidence, intents = over(books, fresh=fresh)
    for values in (score, confidence, *intents):
        assert np.isnan(values[~fresh]).all()
    for i in (0, 1):
        kept = fresh[:, i]
        dropped, _, quoted = over(books[:, kept][:, :, [i]])
        np.testing.assert_array_equal(score[kept, i], dropped[:, 0])
        np.testing.assert_array_equal(intents[:, kept, i], quoted[:, :, 0])
        assert np.isfinite(dropped).sum() > 300
    # the control: carried quotes that are called fresh make the mid look calm
    carried = books.copy()
    carried[:, 9::9, 1] = books[:, 8:-1:9, 1]
    assert not np.array_equal(over(carried)[0][fresh[:, 1], 1], score[fresh[:, 1], 1], equal_nan=True)


@pytest.mark.parametrize(
    ("place", "bad"), [(BID, 0.0), (BID, np.nan), (ASK, np.inf), (ASK, 1e-9), (BID_SIZE, -1.0), (ASK_SIZE, np.nan)]
)
def test_a_bad_quote_counts_as_none(place, bad):
    books = market()
    spoilt, fresh = books.copy(), np.ones(books.shape[1:], dtype=bool)
    spoilt[place, 400, 1] = bad
    fresh[400, 1] = False
    for one, other in zip(over(spoilt), over(books, fresh=fresh), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_night_is_neither_volatility_nor_a_return_that_was_led():
    books = market()
    gapped = books.copy()
    gapped[:2] *= 1.05 ** (np.arange(500) // 60)[:, np.newaxis]
    for one, other in zip(over(gapped, per_session=60), over(books, per_session=60), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)
    # the control: within one session the same gaps are moves
    assert np.nanmean(over(gapped)[2][2]) > 100 * np.nanmean(over(books)[2][2])


def test_a_mid_that_never_moves_has_no_view_and_no_intent():
    books = np.ones((4, 200, 3)) * np.array([99, 101, 500, 700])[:, np.newaxis, np.newaxis]
    score, confidence, intents = over(books)
    assert np.isnan(score).all()
    assert np.isnan(confidence).all()
    assert np.isnan(intents).all()


def test_a_mid_that_stands_still_ends_its_view_and_teaches_nothing(monkeypatch):
    books, span = market(follows=1.0), 20
    still = slice(200, 400)
    books[:2, still] = books[:2, [199]]
    score, confidence, intents = over(books)
    ended = 200 + span - 1
    assert np.isfinite(score[200:ended]).all()
    assert (score[ended] == 0).all()
    np.testing.assert_array_equal(confidence[ended], confidence[ended - 1])
    assert np.isnan(score[ended + 1 : 400]).all()
    assert np.isnan(intents[:, ended:400]).all()
    assert np.isfinite(score[400:]).all()
    assert (np.abs(confidence[400] - confidence[ended]) < 0.3).all()
    # the control: one return after the silence, in units of nearly nothing, is all that the relation knows
    monkeypatch.setattr(Standstill, "update", lambda *_: np.zeros(3))
    assert (np.ptp(over(books)[1][400:], axis=0) < 1e-4).all()
    assert (np.ptp(confidence[400:], axis=0) > 5e-3).all()


def test_a_firm_without_quotes_is_refused():
    with pytest.raises(ValueError, match="does not watch any"):
        Model(PARAMS, Watched(instruments=ABC))
    model = Model(PARAMS, Watched(instruments=ABC, quotes=True))
    with pytest.raises(ValueError, match="round 7 has no quotes"):
        model.update(snapshot(7, 0, np.ones(3), None))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"volatility_span": 4}, ">= 5"),
        ({"relation_span": 50}, "relation_span 50.0 must be at least volatility_span 100"),
        ({"full_lead": 0}, "> 0"),
        ({"risk_aversion": 0}, "> 0"),
        ({"arrival_decay": -1}, "> 0"),
        ({"horizon_rounds": 0}, ">= 1"),
        ({"gamma": 1}, "unknown field `gamma`"),
    ],
)
def test_params_outside_their_range_are_refused(given, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(given, Params)

"""Every model on markets that nobody expects: prices that jump, stand still, vanish or are no prices at all."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nautilus_ai_firm.messages import Floats, MarketSnapshot, Quotes
from tests.signal_market import model_names, model_of, signal_market

INSTRUMENTS, SESSIONS = 3, 40
ROUNDS = SESSIONS * 7
PRICES = ("open", "high", "low", "close")

type Change = Callable[[Floats], Floats]


def quotes_of(snapshot: MarketSnapshot) -> Quotes:
    assert snapshot.quotes is not None
    return snapshot.quotes


def priced(snapshot: MarketSnapshot, change: Change) -> MarketSnapshot:
    """The snapshot with its prices changed: of bars, quotes and the chain, and of the inputs that are prices."""
    quotes = quotes_of(snapshot)
    chains = [
        replace(
            chain,
            spot=float(change(np.full(INSTRUMENTS, chain.spot))[0]),
            **{name: change(np.array(getattr(chain, name))[:, np.newaxis])[:, 0] for name in ("strike", "bid", "ask")},
        )
        for chain in snapshot.chains
    ]
    inputs = snapshot.inputs.copy()
    inputs[1:] = change(np.full(INSTRUMENTS, inputs[1]))[0], change(np.full(INSTRUMENTS, inputs[2]))[0]
    return replace(
        snapshot,
        **{name: change(getattr(snapshot, name)) for name in PRICES},
        quotes=replace(quotes, bid=change(quotes.bid), ask=change(quotes.ask)),
        chains=tuple(chains),
        inputs=inputs,
    )


def views(name: str, market: list[MarketSnapshot]) -> tuple[Floats, Floats]:
    """Scores and confidences of a model, each in its range, known together, and none for who has no bar."""
    model = model_of(name, INSTRUMENTS)
    score, confidence = np.array([model.update(snapshot) for snapshot in market]).swapaxes(0, 1)
    fresh = np.array([snapshot.fresh for snapshot in market])
    assert not (np.abs(score) > 1).any()
    assert not ((confidence < 0) | (confidence > 1)).any()
    np.testing.assert_array_equal(np.isnan(score), np.isnan(confidence))
    assert np.isnan(score[~fresh]).all()
    return score, confidence


def gone(market: list[MarketSnapshot], part: slice, place: int) -> list[MarketSnapshot]:
    """The market in which one instrument has neither bar nor quote for a while."""
    there = np.arange(INSTRUMENTS) != place
    found = list(market)
    for t in range(*part.indices(ROUNDS)):
        quotes = quotes_of(market[t])
        found[t] = replace(market[t], fresh=market[t].fresh & there, quotes=replace(quotes, fresh=quotes.fresh & there))
    return found


@pytest.mark.parametrize("name", model_names())
@given(
    seed=st.integers(0, 1000),
    bad=st.sampled_from([0.0, -1.0, np.nan, np.inf, 1e-3, 1e6]),
    share=st.floats(0, 0.2),
    part=st.tuples(st.integers(0, ROUNDS), st.integers(0, ROUNDS)).map(lambda ends: slice(min(ends), max(ends))),
    kind=st.sampled_from(["bad", "jumps", "still", "gone", "twice"]),
)
@settings(max_examples=8, deadline=None)
def test_views_are_in_range_whatever_the_market_does(name, seed, bad, share, part, kind):
    market = signal_market(INSTRUMENTS, SESSIONS, seed)
    generator = np.random.default_rng(seed)
    for t in range(*part.indices(ROUNDS)):
        if kind == "bad":
            hit = generator.random(INSTRUMENTS) < share
            market[t] = priced(market[t], lambda prices, hit=hit: np.where(hit, prices * bad, prices))
        elif kind == "jumps":
            factor = 10.0 ** generator.integers(-6, 7)
            market[t] = priced(market[t], lambda prices, factor=factor: prices * factor)
        elif kind == "still" and t > part.start:
            before = market[part.start]
            changed = {name: getattr(before, name).copy() for name in PRICES}
            market[t] = replace(market[t], **changed, inputs=before.inputs.copy(), chains=before.chains)
            market[t] = replace(market[t], quotes=replace(quotes_of(before), fresh=market[t].fresh.copy()))
    if kind == "gone":
        market = gone(market, part, seed % INSTRUMENTS)
    if kind == "twice":
        market = [one for t, snapshot in enumerate(market) for one in (snapshot,) * (1 + (t in range(part.stop)))]
    views(name, market)


@pytest.mark.parametrize("name", model_names())
@given(seed=st.integers(0, 1000), exponent=st.floats(-5, 4))
@settings(max_examples=3, deadline=None)
def test_the_unit_of_all_prices_does_not_matter(name, seed, exponent):
    market = signal_market(INSTRUMENTS, SESSIONS, seed)
    scaled = [priced(one, lambda prices: prices * 10**exponent) for one in market]
    found = views(name, scaled)
    for one, other in zip(views(name, market), found, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-9)
    assert np.isfinite(found).any()


@pytest.mark.parametrize("name", model_names())
def test_what_is_never_fresh_has_no_view_and_takes_none_from_those_it_is_not_compared_with(name):
    market = signal_market(INSTRUMENTS, SESSIONS)
    alone, _ = views(name, gone(market, slice(0, ROUNDS), 2))
    together, _ = views(name, market)
    assert np.isnan(alone[:, 2]).all()
    if name != "index_spread":  # its benchmark is hedged by all
        np.testing.assert_array_equal(alone[:, :2], together[:, :2])

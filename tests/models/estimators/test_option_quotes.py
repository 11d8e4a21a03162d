import numpy as np
import pytest

from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.messages import OptionChain
from nautilus_ai_firm.models.estimators.option_quotes import option_quotes
from tests.models.option_surface import without_contracts

NOW_NS = 1_400_000_000_000_000_000
MIN_YEARS, WIDEST = 5 / 365, 0.5


def chain(bid, ask, strike=100.0, days=30.0, is_call=True, spot=100.0):
    """A chain of one contract."""
    return OptionChain(
        underlying="A",
        spot=spot,
        strike=np.array([strike]),
        expiry_ns=np.array([NOW_NS + round(days * DAY_NS)]),
        is_call=np.array([is_call]),
        bid=np.array([bid], dtype=np.float64),
        ask=np.array([ask], dtype=np.float64),
    )


@pytest.mark.parametrize(
    ("contract", "used"),
    [
        (chain(2, 2.2), True),
        (chain(2, 2), True),  # locked
        (chain(2, 1.9), False),  # crossed
        (chain(0, 0.1), False),  # nobody bids
        (chain(-1, 0.1), False),
        (chain(1, 1.66), True),
        (chain(1, 1.68), False),  # too wide
        (chain(np.nan, 2), False),
        (chain(2, np.nan), False),
        (chain(2, np.inf), False),
        (chain(2, 2.2, strike=0), False),
        (chain(2, 2.2, strike=np.nan), False),
        (chain(2, 2.2, days=5), True),
        (chain(2, 2.2, days=4.9), False),  # too short
        (chain(2, 2.2, days=-1), False),  # expired
        (chain(2, 2.2, spot=np.nan), False),
        (chain(2, 2.2, spot=0), False),
        (chain(2, 2.2, spot=np.inf), False),
    ],
)
def test_which_quotes_are_used(contract, used):
    quotes = option_quotes(contract, NOW_NS, MIN_YEARS, WIDEST)
    assert len(quotes.mid) == int(used)
    if used:
        np.testing.assert_allclose(quotes.mid, (contract.bid + contract.ask) / 2, rtol=1e-15)
        np.testing.assert_allclose(quotes.years, (contract.expiry_ns - NOW_NS) / DAY_NS / 365, rtol=1e-15)


def test_are_ordered_and_paired_whatever_the_order_of_the_chain_is():
    strike, days, is_call = (
        [110, 100, 100, 90, 100, 100],
        [30, 30, 30, 30, 60, 60],
        [True, True, False, False, False, True],
    )
    order = np.random.default_rng(1).permutation(6)
    mixed = OptionChain(
        underlying="A",
        spot=100.0,
        strike=np.array(strike, dtype=np.float64)[order],
        expiry_ns=NOW_NS + np.array(days)[order] * DAY_NS,
        is_call=np.array(is_call)[order],
        bid=np.ones(6),
        ask=np.ones(6),
    )
    quotes = option_quotes(mixed, NOW_NS, MIN_YEARS, WIDEST)
    assert quotes.strike.tolist() == [90, 100, 100, 110, 100, 100]
    assert quotes.is_call.tolist() == [False, False, True, True, False, True]
    puts, calls = quotes.pairs()
    assert puts.tolist() == [1, 4]
    assert calls.tolist() == [2, 5]


def test_a_chain_without_contracts_has_neither_quotes_nor_pairs():
    empty = without_contracts("A")
    quotes = option_quotes(empty, NOW_NS, MIN_YEARS, WIDEST)
    assert len(quotes.mid) == 0
    assert [len(places) for places in quotes.pairs()] == [0, 0]

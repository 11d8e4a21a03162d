import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_ai_firm.messages import Quotes
from nautilus_ai_firm.models.estimators.order_book import top_of_book

PRICE = st.floats(0.01, 1e6)
SIZE = st.floats(0.001, 1e9)


def one(bid, ask, bid_size, ask_size, fresh=True):
    values = {"bid": bid, "ask": ask, "bid_size": bid_size, "ask_size": ask_size}
    return top_of_book(Quotes(**{name: np.array([float(x)]) for name, x in values.items()}, fresh=np.array([fresh])))


@pytest.mark.parametrize(
    ("quotes", "mid", "imbalance", "microprice"),
    [
        ((100, 101, 300, 100), 100.5, 0.75, 100.75),
        ((100, 101, 100, 300), 100.5, 0.25, 100.25),
        ((100, 101, 5, 5), 100.5, 0.5, 100.5),
        ((100, 101, 5, 0), 100.5, 1.0, 101.0),
        ((100, 100, 7, 3), 100.0, 0.7, 100.0),
    ],
)
def test_equals_numbers_by_hand(quotes, mid, imbalance, microprice):
    book = one(*quotes)
    assert [float(book.mid[0]), float(book.imbalance[0]), float(book.microprice[0])] == [mid, imbalance, microprice]


@pytest.mark.parametrize(
    "quotes",
    [
        (101, 100, 5, 5),
        (0, 100, 5, 5),
        (-1, 100, 5, 5),
        (100, 101, 0, 0),
        (100, 101, -1, 5),
        (np.nan, 101, 5, 5),
        (100, np.inf, 5, 5),
        (100, 101, np.nan, 5),
        (100, 101, 5, np.inf),
        (100, 101, 5, 5, False),
    ],
)
def test_a_quote_that_cannot_be_used_says_nothing(quotes):
    book = one(*quotes)
    assert np.isnan([book.mid, book.imbalance, book.microprice]).all()


@given(bid=PRICE, spread=st.floats(0, 0.1), bid_size=SIZE, ask_size=SIZE)
def test_the_microprice_is_the_mean_of_both_prices_weighted_by_the_opposite_sizes(bid, spread, bid_size, ask_size):
    ask = bid * (1 + spread)
    book, swapped = one(bid, ask, bid_size, ask_size), one(bid, ask, ask_size, bid_size)
    expected = (bid * ask_size + ask * bid_size) / (bid_size + ask_size)
    np.testing.assert_allclose(book.microprice[0], expected, rtol=1e-12)
    np.testing.assert_allclose(book.microprice + swapped.microprice, 2 * book.mid, rtol=1e-12)
    np.testing.assert_allclose(book.imbalance + swapped.imbalance, 1, rtol=1e-12)

"""The best quotes become a mid, an imbalance and a microprice."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Floats, Quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class TopOfBook:
    """What the best quotes say, each array of shape (n_instruments,); NaN where they cannot be used.

    Attributes
    ----------
    mid : ndarray
        (bid + ask) / 2, price.
    imbalance : ndarray
        Bid size over both sizes, in [0, 1]; above a half more is bid for than offered.
    microprice : ndarray
        Mid weighted by the sizes of the opposite sides, price, between bid and ask.

    """

    mid: Floats
    imbalance: Floats
    microprice: Floats


def top_of_book(quotes: Quotes) -> TopOfBook:
    """Read the best quotes.

    imbalance I = bid_size / (bid_size + ask_size), microprice = I ask + (1 - I) bid = mid + (I - 1/2)(ask - bid):
    the price leans towards the side with less to trade against (Gatheral and Oomen 2010, section 3.2; Stoikov 2018
    starts from it as the weighted mid).

    Parameters
    ----------
    quotes : Quotes
        The last quotes. Those that are stale, crossed (ask below bid), not positive or not finite, and those
        without any size, cannot be used; a locked market (ask equal to bid) can.

    """
    prices, sizes = np.stack([quotes.bid, quotes.ask]), np.stack([quotes.bid_size, quotes.ask_size])
    finite = np.isfinite(prices).all(axis=0) & np.isfinite(sizes).all(axis=0)
    usable = quotes.fresh & finite & (quotes.bid > 0) & (quotes.ask >= quotes.bid) & (sizes >= 0).all(axis=0)
    bid, ask = np.where(usable, prices, np.nan)
    size = quotes.bid_size + quotes.ask_size
    imbalance = quotes.bid_size / np.where(usable & (size > 0), size, np.nan)
    sized = np.isfinite(imbalance)
    mid = np.where(sized, (bid + ask) / 2, np.nan)
    return TopOfBook(mid=mid, imbalance=imbalance, microprice=mid + (imbalance - 0.5) * (ask - bid))

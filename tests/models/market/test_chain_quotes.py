"""The chain of a round: what was quoted in its session and has not expired, with the quotes of the round alone."""

import math

import numpy as np
import pytest

from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes, ContractTerms

TERMS = ContractTerms(
    underlying="A.US",
    names=("P90", "C90", "C100"),
    strike=np.array([90.0, 90.0, 100.0]),
    expiry_ns=np.array([50, 50, 900], dtype=np.int64),
    is_call=np.array([False, True, True]),
    multiplier=np.full(3, 100.0),
    spot_place=0,
    spot_is_input=False,
)


@pytest.fixture
def chain() -> ChainQuotes:
    return ChainQuotes(TERMS)


def test_nothing_is_listed_before_it_is_quoted(chain: ChainQuotes) -> None:
    told = chain.close(10, 5, 95.0)
    assert (told.underlying, told.spot, len(told.strike)) == ("A.US", 95.0, 0)


def test_a_contract_has_the_last_quote_of_the_round_and_none_when_it_was_quoted_earlier_in_the_session(
    chain: ChainQuotes,
) -> None:
    chain.store(1, 8, (4.0, 5.0, 1.0, 1.0))
    chain.store(1, 10, (4.5, 5.5, 1.0, 1.0))
    chain.store(2, 10, (math.nan, 0.5, 1.0, 1.0))
    first = chain.close(10, 5, 95.0)
    assert first.strike.tolist() == [90.0, 100.0]
    assert first.is_call.tolist() == [True, True]
    assert first.bid[0] == 4.5
    assert np.isnan(first.bid[1])
    assert first.ask.tolist() == [5.5, 0.5]
    second = chain.close(20, 5, 95.0)
    assert second.strike.tolist() == [90.0, 100.0]
    assert np.isnan([second.bid, second.ask]).all()


def test_one_quote_does_not_complete_another(chain: ChainQuotes) -> None:
    chain.store(0, 8, (4.0, 5.0, 1.0, 1.0))
    chain.store(0, 9, (math.nan, 5.5, 1.0, 1.0))
    told = chain.close(10, 5, 95.0)
    assert np.isnan(told.bid[0])
    assert told.ask.tolist() == [5.5]


def test_a_new_session_lists_what_it_quotes_and_nothing_of_the_one_before(chain: ChainQuotes) -> None:
    chain.store(0, 10, (4.0, 5.0, 1.0, 1.0))
    chain.close(10, 5, 95.0)
    chain.store(2, 30, (1.0, 2.0, 1.0, 1.0))
    assert chain.close(30, 25, 14.0).strike.tolist() == [100.0]


def test_outside_of_sessions_the_round_alone_counts(chain: ChainQuotes) -> None:
    chain.store(0, 10, (4.0, 5.0, 1.0, 1.0))
    assert len(chain.close(10, 0, 95.0).strike) == 1
    assert len(chain.close(20, 0, 95.0).strike) == 0


def test_what_has_expired_at_the_close_is_left_out(chain: ChainQuotes) -> None:
    for ts in (49, 50):
        chain.store(0, ts, (4.0, 5.0, 1.0, 1.0))
        chain.store(2, ts, (1.0, 2.0, 1.0, 1.0))
        assert chain.close(ts, 5, 95.0).strike.tolist() == ([90.0, 100.0] if ts < 50 else [100.0])


def test_a_quote_after_the_close_waits_for_its_round(chain: ChainQuotes) -> None:
    chain.store(0, 11, (4.0, 5.0, 1.0, 1.0))
    assert len(chain.close(10, 5, 95.0).strike) == 0
    assert chain.close(20, 5, 95.0).bid.tolist() == [4.0]

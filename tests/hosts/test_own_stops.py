"""Which open orders a session at a broker takes over when it begins: the firm's own stops alone."""

import pytest

from nautilus_ai_firm.hosts.broker_opening import _is_own_exit

STOP = "SELL 100 AAPL STP (of an earlier session, client 7, 261121154000-S000001-AAPL.US)"


@pytest.mark.parametrize(
    ("order", "is_own"),
    [
        (STOP, True),
        (STOP.replace("of an earlier session", "of another program"), False),
        (STOP.replace("-S000001-", "-R000001-"), False),
        ("SELL 100 AAPL STP (of a person)", False),
        ("SELL 100 AAPL STP (of an earlier session, client 7)", False),
    ],
)
def test_only_a_stop_of_the_firm_is_taken_over(order: str, is_own: bool) -> None:
    assert _is_own_exit(order) is is_own

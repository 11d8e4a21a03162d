"""Where orders go is read from the environment, and paper and real money are never mixed up."""

import pytest

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_endpoint import read_endpoint, shortened
from nautilus_ai_firm.settings import InteractiveBrokers

PAPER, LIVE = InteractiveBrokers(mode="paper"), InteractiveBrokers(mode="live")
ON_PAPER = {"IB_ACCOUNT": "DU1234567"}
REAL = {"IB_LIVE_ACCOUNT": "U7654321", "IB_LIVE_PORT": "4001"}


def test_for_paper_an_account_is_enough():
    endpoint = read_endpoint(PAPER, ON_PAPER, real_money=False)
    assert (endpoint.address, endpoint.client_id, endpoint.account) == ("127.0.0.1:4002", 1, "DU1234567")
    assert endpoint.probe_client_id == 1001
    assert not endpoint.real_money


def test_every_variable_is_heard():
    environment = {"IB_HOST": "tws.example", "IB_PORT": "7497", "IB_CLIENT_ID": "12", "IB_ACCOUNT": "DU7"} | ON_PAPER
    endpoint = read_endpoint(PAPER, environment, real_money=False)
    assert (endpoint.address, endpoint.client_id) == ("tws.example:7497", 12)


def test_real_money_has_names_of_its_own():
    endpoint = read_endpoint(LIVE, REAL | ON_PAPER | {"IB_PORT": "4002", "IB_CLIENT_ID": "9"}, real_money=True)
    assert (endpoint.port, endpoint.client_id, endpoint.account, endpoint.real_money) == (4001, 1, "U7654321", True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"IB_ACCOUNT": ""}, "IB_ACCOUNT is not set (allowed: letters, then digits, in the environment)"),
        ({"IB_ACCOUNT": "U7654321"}, "IB_ACCOUNT = U…321 is no account for paper (allowed: one that begins with DU)"),
        ({"IB_ACCOUNT": "du1234567"}, "IB_ACCOUNT = '…567' (allowed: letters, then digits)"),
        ({"IB_ACCOUNT": "DU1234567\n"}, "IB_ACCOUNT = 'DU…67\\n' (allowed: letters, then digits)"),
        ({"IB_PORT": "4001"}, "IB_PORT = 4001 is where IB Gateway trades real money (allowed for paper: any other "),
        ({"IB_PORT": "7496"}, "IB_PORT = 7496 is where TWS trades real money (allowed for paper: any other port, "),
        ({"IB_PORT": "0"}, "IB_PORT = 0 (allowed: a whole number from 1 to 65535)"),
        ({"IB_PORT": "65536"}, "IB_PORT = 65536 (allowed: a whole number from 1 to 65535)"),
        ({"IB_PORT": "four"}, "IB_PORT = 'four' (allowed: a whole number from 1 to 65535)"),
        ({"IB_PORT": "٤٠٠٢"}, "IB_PORT = '٤٠٠٢' (allowed: a whole number from 1 to 65535)"),
        ({"IB_CLIENT_ID": "0"}, "IB_CLIENT_ID = 0 (allowed: a whole number from 1 to 999)"),
        ({"IB_CLIENT_ID": "1000"}, "IB_CLIENT_ID = 1000 (allowed: a whole number from 1 to 999)"),
        ({"IB_HOST": "no host"}, "IB_HOST = 'no host' (allowed: a host name or an address)"),
        ({"IB_HOST": "a..b"}, "IB_HOST = 'a..b' (allowed: a host name or an address)"),
    ],
)
def test_paper_is_refused_with_what_was_found_and_what_is_allowed(changes, said):
    with pytest.raises(GatewayError) as refused:
        read_endpoint(PAPER, ON_PAPER | changes, real_money=False)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"IB_LIVE_ACCOUNT": ""}, "IB_LIVE_ACCOUNT is not set"),
        ({"IB_LIVE_PORT": ""}, "IB_LIVE_PORT is not set (allowed: a whole number from 1 to 65535, in the environment)"),
        (
            {"IB_LIVE_ACCOUNT": "DU1234567"},
            "IB_LIVE_ACCOUNT = DU…567 is an account for paper (allowed for real money: ",
        ),
    ],
)
def test_real_money_is_refused_with_what_was_found_and_what_is_allowed(changes, said):
    with pytest.raises(GatewayError) as refused:
        read_endpoint(LIVE, REAL | ON_PAPER | changes, real_money=True)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("settings", "real_money", "said"),
    [
        (PAPER, True, 'live.ib.mode = "paper" (allowed here: "live"; "paper" has its own script)'),
        (LIVE, False, 'live.ib.mode = "live" (allowed here: "paper"; "live" has its own script)'),
        (InteractiveBrokers(), True, 'live.ib.mode = "paper" (allowed here: "live"; "paper" has its own script)'),
    ],
)
def test_the_configuration_has_to_mean_what_the_script_does(settings, real_money, said):
    with pytest.raises(GatewayError) as refused:
        read_endpoint(settings, REAL | ON_PAPER, real_money=real_money)
    assert str(refused.value) == said


@pytest.mark.parametrize(("account", "shown"), [("DU1234567", "DU…567"), ("U7654321", "U…321"), ("x", "…x")])
def test_an_account_is_never_shown_in_full(account, shown):
    assert shortened(account) == shown

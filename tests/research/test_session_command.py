"""What a session at the broker refuses: an exit status and one line that says what is allowed, and nothing is left."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_wire import asked
from nautilus_ai_firm.research.command_line import OK, UNUSABLE
from nautilus_ai_firm.research.session_command import session
from nautilus_ai_firm.settings import encode
from tests.faults.gateway.books import Position
from tests.faults.gateway.messages import make
from tests.faults.gateway.orders import Order
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.tape import Stock
from tests.firm_runs import settings
from tests.paper_runs import CONTRACTS, STOCKS, SYMBOLS, PaperDesk, paper_desk

D = Decimal
TESLA = Stock(symbol="TSLA", con_id=76792991)
IB = {"contracts": CONTRACTS, "wait_seconds": 0.3, "answer_seconds": 5.0, "market_data": "live"}
LIVE_ACCOUNT = "U1234567"
PLACE_ORDER = 203
EARLIER = "261121154000-R000001-AAPL.US-E1"

type Refuse = Callable[..., str]


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway([*STOCKS, TESLA]) as served:
        yield served


@pytest.fixture
def desk(tmp_path: Path, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> PaperDesk:
    made = paper_desk(tmp_path / "desk", gateway, {"live": {"ib": IB}})
    for name in ("HOST", "PORT", "ACCOUNT", "CLIENT_ID"):
        monkeypatch.delenv(f"IB_{name}", raising=False)
        monkeypatch.delenv(f"IB_LIVE_{name}", raising=False)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    return made


def configure(desk: PaperDesk, changes: dict[str, Any]) -> None:
    """Change the configuration."""
    always = {
        "market.bar": "1-MINUTE",
        "market.calendar": "24/7",
        "market.warm_up_rounds": 300,
        "risk.kill_switch_file": "kill_switch.json",
        "live": {"ib": IB},
    }
    desk.config.write_bytes(encode(settings(SYMBOLS, always | changes, macro=False).firm))


@pytest.fixture
def refuse(desk: PaperDesk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Start a session, and return the one line of its refusal."""

    def start(*options: str, real_money: bool = False) -> str:
        out = tmp_path / "run"
        where = ["--config", str(desk.config), "--catalog", str(desk.folder / "catalog"), "--out", str(out)]
        status = session(
            "a session", config="none", catalog_command="none", real_money=real_money,
            arguments=[*where, "--venue", "ib", *options],
        )  # fmt: skip
        said = capsys.readouterr().err
        assert status == UNUSABLE
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        assert not out.exists()
        return said.removeprefix("error: ").strip()

    return start


def test_the_control_without_any_fault_it_is_checked(desk: PaperDesk, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--config", str(desk.config), "--catalog", str(desk.folder / "catalog"), "--venue", "ib"]
    assert session("a session", config="none", catalog_command="none", arguments=where) == OK
    said = capsys.readouterr()
    assert said.err == ""
    assert "has account DU…567" in said.out


@pytest.mark.parametrize("options", [(), ("--run",)])
class TestBothWays:
    """With `--run` and without: what cannot be run is refused when it is checked."""

    def test_a_gateway_that_is_absent_after_the_wait(
        self, refuse: Refuse, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv("IB_PORT", "1")
        line = refuse(*options)
        assert line.startswith("no gateway at 127.0.0.1:1 after 0.3 s: Connection refused (start TWS or IB Gateway")

    @pytest.mark.parametrize(
        ("name", "value", "said"),
        [
            ("IB_ACCOUNT", "", "IB_ACCOUNT is not set (allowed: letters, then digits, in the environment)"),
            ("IB_ACCOUNT", "DU7654321", "does not manage the account DU…321 (allowed: DU…567)"),
            ("IB_ACCOUNT", LIVE_ACCOUNT, "IB_ACCOUNT = U…567 is no account for paper (allowed: one that begins with"),
            ("IB_PORT", "4001", "IB_PORT = 4001 is where IB Gateway trades real money (allowed for paper: any other"),
            ("IB_PORT", "7496", "IB_PORT = 7496 is where TWS trades real money"),
        ],
    )
    def test_an_environment_that_is_not_for_paper(
        self,
        refuse: Refuse,
        monkeypatch: pytest.MonkeyPatch,
        options: tuple[str, ...],
        name: str,
        value: str,
        said: str,
    ) -> None:
        monkeypatch.setenv(name, value)
        assert said in refuse(*options)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"live": {}}, "there is no table live.ib (needed: it names what is traded there)"),
            (
                {"live": {"ib": IB | {"mode": "live"}}},
                'live.ib.mode = "live" (allowed here: "paper"; "live" has its own',
            ),
            (
                {"live": {"ib": IB | {"contracts": {"AAPL.US": "AAPL.NASDAQ"}}}},
                'live.ib.contracts has no IBM.US (needed: a line such as "IBM.US" = "AAPL.NASDAQ")',
            ),
            (
                {"live": {"ib": IB | {"contracts": CONTRACTS | {"TSLA.US": "TSLA.NASDAQ"}}}},
                "live.ib.contracts names TSLA.US (allowed: AAPL.US, IBM.US)",
            ),
        ],
    )
    def test_a_configuration_that_does_not_fit(
        self, desk: PaperDesk, refuse: Refuse, options: tuple[str, ...], changes: dict[str, Any], said: str
    ) -> None:
        configure(desk, changes)
        assert said in refuse(*options)

    def test_an_account_in_another_currency(
        self, gateway: Gateway, refuse: Refuse, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
    ) -> None:
        monkeypatch.setattr(gateway.books["DU1234567"], "currency", "EUR")
        assert refuse(*options) == "the account is kept in EUR (allowed: USD, as venue.currency says)"

    def test_an_account_that_holds_what_the_firm_does_not_trade(
        self, gateway: Gateway, refuse: Refuse, options: tuple[str, ...]
    ) -> None:
        held = gateway.books["DU1234567"].positions
        held["TSLA"] = Position(TESLA, D(70), D(200))
        gateway.market.quotes.clear()
        try:
            line = refuse(*options)
        finally:
            del held["TSLA"]
        assert line == (
            "the account holds 70 TSLA, which the firm does not trade (allowed: AAPL, IBM; give the firm an account of "
            "its own)"
        )


def test_an_account_with_open_orders(gateway: Gateway, refuse: Refuse) -> None:
    placed = resting_order(gateway)
    try:
        line = refuse("--run")
    finally:
        gateway.fill(placed, placed.remaining, D(1))
        gateway.books["DU1234567"].positions.clear()
    assert line == (
        "the account has open orders: BUY 100 AAPL LMT (of another program, client 99) (allowed: none when a session "
        "begins; cancel them among the orders of TWS or of the broker's web page, whoever sent them)"
    )


@pytest.mark.parametrize("taken", [7, 2_007, 3_007], ids=["node", "watch", "history"])
def test_a_client_id_that_another_program_has(gateway: Gateway, refuse: Refuse, taken: int) -> None:
    there = Endpoint(host=HOST, port=gateway.port, client_id=taken, account="DU1234567", real_money=False)
    with call(there, taken, 5.0).connection:
        line = refuse("--run")
    gateway.wait_alone()
    assert line == (
        f"the client id {taken} is already in use at {HOST}:{gateway.port} (allowed: one that no other program has; "
        "end the other session, or choose another id than 7 for this one)"
    )


def test_option_chains(desk: PaperDesk, refuse: Refuse) -> None:
    configure(desk, {"market.chains": [{"underlying": "AAPL.US"}]})
    assert "market.chains (allowed at the broker: none, option chains are not read there)" in refuse()


def test_a_catalog_that_holds_nothing_of_the_firm(desk: PaperDesk, refuse: Refuse, tmp_path: Path) -> None:
    line = refuse("--catalog", str(tmp_path / "none"))
    assert line.endswith(f"(make it with: firm catalog add ib --config {desk.config} --catalog {tmp_path / 'none'})")


# --- Real money -----------------------------------------------------------------------------------------------


def test_a_configuration_for_paper_is_no_licence_for_real_money(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    monkeypatch.setenv("IB_LIVE_ACCOUNT", LIVE_ACCOUNT)
    monkeypatch.setenv("IB_LIVE_PORT", str(gateway.port))
    line = refuse(real_money=True)
    assert line == 'live.ib.mode = "paper" (allowed here: "live"; "paper" has its own script)'


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IB_LIVE_PORT", "", "IB_LIVE_PORT is not set"),
        ("IB_LIVE_ACCOUNT", "DU1234567", "IB_LIVE_ACCOUNT = DU…567 is an account for paper (allowed for real money"),
    ],
)
def test_real_money_has_an_environment_of_its_own(
    desk: PaperDesk, refuse: Refuse, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    configure(desk, {"live": {"ib": IB | {"mode": "live"}}})
    monkeypatch.setenv("IB_LIVE_ACCOUNT", LIVE_ACCOUNT)
    monkeypatch.setenv("IB_LIVE_PORT", "4001")
    monkeypatch.setenv(name, value)
    assert said in refuse(real_money=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "needs --live-orders"),
        (["--account", LIVE_ACCOUNT], "needs --live-orders"),
        (["--live-orders"], "needs --account with the account of IB_LIVE_ACCOUNT typed back"),
        (["--live-orders", "--account", "U7654321"], "typed back"),
        (["--live-orders", "--account", ""], "typed back"),
    ],
)
@pytest.mark.parametrize("account", [LIVE_ACCOUNT, ""])
def test_orders_for_real_money_are_asked_for_twice(
    desk: PaperDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], gateway: Gateway,
    options: list[str], said: str, account: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("IB_LIVE_ACCOUNT", account)
    before = len(gateway.received)
    with pytest.raises(SystemExit) as ended:
        session(
            "a session", config=str(desk.config), catalog_command="none", real_money=True,
            arguments=["--run", *options],
        )  # fmt: skip
    assert ended.value.code == UNUSABLE
    assert said in capsys.readouterr().err
    assert len(gateway.received) == before


@pytest.mark.parametrize("options", [["--resume", "x"], ["--speed", "2"], ["--start", "2020-01-01"]])
def test_what_is_for_the_sandbox_is_refused_at_the_broker(
    desk: PaperDesk, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        session("a session", config=str(desk.config), catalog_command="none", arguments=["--venue", "ib", *options])
    assert ended.value.code == UNUSABLE
    assert f"{options[0]} is for the sandbox" in capsys.readouterr().err


def resting_order(gateway: Gateway, client_id: int = 99, name: str = "") -> Order:
    """Let a program place an order that waits, and leave."""
    share = make("Contract", symbol="AAPL", secType="STK", exchange="SMART", currency="USD")
    terms = make(
        "Order", account="DU1234567", action="BUY", totalQuantity="100", orderType="LMT", lmtPrice=1.0, tif="GTC",
        orderRef=name, transmit=True,
    )  # fmt: skip
    count = len(gateway.named("PlaceOrderRequest")) + 1
    request = make("PlaceOrderRequest", orderId=count, contract=share, order=terms)
    there = Endpoint(host=HOST, port=gateway.port, client_id=client_id, account="DU1234567", real_money=False)
    with call(there, client_id, 5.0).connection as connection:
        connection.sendall(asked(PLACE_ORDER, request.SerializeToString()))
        gateway.wait_for("PlaceOrderRequest", count)
    gateway.wait_alone()
    return gateway.orders[-1]


@pytest.fixture
def earlier(gateway: Gateway) -> Iterator[Order]:
    """A child of a parent that a session which was killed left working."""
    placed = resting_order(gateway, 7, EARLIER)
    yield placed
    placed.status = "Cancelled"


class TestEarlierOrders:
    """What a session does about orders of an earlier one before it begins."""

    def test_a_check_says_what_would_be_canceled_and_cancels_nothing(
        self, desk: PaperDesk, earlier: Order, capsys: pytest.CaptureFixture[str]
    ) -> None:
        where = ["--config", str(desk.config), "--catalog", str(desk.folder / "catalog"), "--venue", "ib"]
        assert session("a session", config="none", catalog_command="none", arguments=where) == OK
        said = f"orders of an earlier session, canceled when a session begins: {EARLIER}\n"
        assert said in capsys.readouterr().out
        assert earlier.is_open

    def test_one_that_does_not_answer_its_cancel_refuses_the_session(
        self, gateway: Gateway, desk: PaperDesk, refuse: Refuse, earlier: Order
    ) -> None:
        configure(desk, {"live": {"ib": IB | {"answer_seconds": 0.5}}})
        gateway.faults.ignored.add("CancelOrderRequest")
        try:
            line = refuse("--run")
        finally:
            gateway.faults.ignored.clear()
        assert line == (
            f"an order of an earlier session cannot be taken back: BUY 100 AAPL.US LMT GTC {EARLIER}: no answer within "
            f"0.5 s from {HOST}:{gateway.port} (allowed: none; cancel it among the orders of TWS or of the broker's "
            "web page, then start again)"
        )
        assert earlier.is_open

    def test_beside_somebody_elses_it_stays_where_it_is(self, gateway: Gateway, refuse: Refuse, earlier: Order) -> None:
        other = resting_order(gateway, 44)
        try:
            line = refuse("--run")
        finally:
            other.status = "Cancelled"
        assert line.startswith(
            "the account has open orders: BUY 100 AAPL LMT (of another program, client 44) (allowed: none"
        )
        assert earlier.is_open

    @pytest.mark.parametrize("options", [(), ("--run",)])
    def test_where_the_configuration_says_so_it_is_refused(
        self, desk: PaperDesk, refuse: Refuse, earlier: Order, options: tuple[str, ...]
    ) -> None:
        configure(desk, {"live": {"ib": IB | {"earlier_orders": "refuse"}}})
        assert refuse(*options).startswith(
            f"the account has open orders: BUY 100 AAPL LMT (of an earlier session, client 7, {EARLIER}) (allowed: none"
        )
        assert earlier.is_open

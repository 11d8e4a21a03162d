"""The account probe finds who is there or refuses in one line, within its time, whatever listens."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nautilus_ai_firm.gateways.account_probe import probe
from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_fields import WireError, fields, variable
from nautilus_ai_firm.research.command_line import UNUSABLE, exit_status
from nautilus_ai_firm.settings import InteractiveBrokers
from tests.faults.gateway.messages import error, make
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.faults.gateway.wire import CLASSIC_VERSION, ProtobufCodec, frame

ACCOUNT = "DU1234567"
QUICKLY = InteractiveBrokers(wait_seconds=0.3, answer_seconds=0.3)
PATIENTLY = InteractiveBrokers(wait_seconds=20, answer_seconds=5)
GREETING = frame(b"225\x0020261121 09:30:00 UTC\0")
GRACE_S = 2.0  # what a busy machine may take on top

type Talk = Callable[[socket.socket], None]


def endpoint(port: int, account: str = ACCOUNT) -> Endpoint:
    return Endpoint(host=HOST, port=port, client_id=1, account=account, real_money=False)


def refusal(port: int, settings: InteractiveBrokers = QUICKLY, account: str = ACCOUNT) -> str:
    """Return the one line of the refusal, given within the time that the settings allow."""
    begun_s = time.monotonic()
    with pytest.raises(GatewayError) as refused:
        probe(endpoint(port, account), settings, [].append)
    assert time.monotonic() - begun_s < settings.wait_seconds + settings.answer_seconds + GRACE_S
    line = str(refused.value)
    assert line.isprintable()
    assert f"{HOST}:{port}" in line
    assert "(" in line
    return line


def answer(message: object) -> bytes:
    return frame(ProtobufCodec().encode(message))


ACCOUNTS = answer(make("ManagedAccounts", accountsList=ACCOUNT))


class Stranger:
    """Somebody who listens and talks as told, to each that calls."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server((HOST, 0))
        self._thread = threading.Thread(target=self._serve, name="stranger")
        self.port = self._listener.getsockname()[1]
        self.calls = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            with connection:
                connection.settimeout(5)
                try:
                    self._talk(connection)
                except OSError:
                    continue  # the caller has hung up


def until_it_hangs_up(connection: socket.socket) -> None:
    while connection.recv(1_000):
        pass


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway(accounts=("DU7654321", ACCOUNT)) as served:
        yield served


def test_it_finds_version_and_accounts_under_an_id_of_its_own_and_hangs_up(gateway: Gateway) -> None:
    facts = probe(endpoint(gateway.port), QUICKLY, pytest.fail)
    assert (facts.server_version, facts.accounts) == (225, ("DU7654321", ACCOUNT))
    assert 0 < facts.call_s < QUICKLY.answer_seconds
    assert [(one.name, one.client_id) for one in gateway.received] == [
        ("StartApiRequest", 1001), ("StartApiRequest", 1),
    ]  # fmt: skip
    gateway.wait_alone()


def test_it_waits_for_a_gateway_that_comes_later(gateway: Gateway) -> None:
    gateway.refuse()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        gateway.accept()

    assert probe(endpoint(gateway.port), PATIENTLY, say).accounts == ("DU7654321", ACCOUNT)
    assert said == [f"waiting up to 20 s for {HOST}:{gateway.port}: Connection refused"]


def test_a_gateway_that_is_absent_after_the_wait_is_refused(gateway: Gateway) -> None:
    gateway.refuse()
    assert refusal(gateway.port).startswith(
        f"no gateway at {HOST}:{gateway.port} after 0.3 s: Connection refused (start"
    )


def test_a_gateway_that_is_too_old_is_refused(gateway: Gateway) -> None:
    gateway.server_version = CLASSIC_VERSION
    assert refusal(gateway.port, PATIENTLY) == (
        f"the gateway at {HOST}:{gateway.port} has server version 178 "
        "(allowed: 213 and later; update TWS or IB Gateway)"
    )


def test_an_account_that_is_not_managed_is_refused_and_none_is_shown_in_full(gateway: Gateway) -> None:
    line = refusal(gateway.port, PATIENTLY, account="DU0000009")
    assert line.endswith("does not manage the account DU…009 (allowed: DU…321, DU…567)")
    assert not any(account in line for account in ("DU0000009", ACCOUNT, "DU7654321"))


def test_a_part_of_an_accounts_name_is_not_the_account(gateway: Gateway) -> None:
    assert "does not manage" in refusal(gateway.port, PATIENTLY, account="DU123456")


def test_a_gateway_that_manages_nobody_is_refused() -> None:
    with Gateway(accounts=()) as served:
        assert refusal(served.port, PATIENTLY).endswith("(allowed: none)")


def test_an_error_in_place_of_the_accounts_is_waited_out_and_then_refused_with_the_gateways_words() -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(GREETING + answer(error(-1, 2104, "well")) + answer(error(-1, 502, "not yet")))
        until_it_hangs_up(connection)

    with Stranger(talk) as stranger:
        assert "after 0.3 s: error 502, not yet (" in refusal(stranger.port)
        assert stranger.calls > 1


@pytest.mark.parametrize("taken", [1, 1_001])
def test_a_client_id_in_use_is_refused_at_once(gateway: Gateway, taken: int) -> None:
    """The node's own as well as the probe's."""
    other = call(endpoint(gateway.port), taken, 5.0)
    with other.connection:
        assert refusal(gateway.port, PATIENTLY) == (
            f"the client id {taken} is already in use at {HOST}:{gateway.port} (allowed: one that no other program "
            "has; end the other session, or choose another id than 1 for this one)"
        )
        assert len(gateway.named("StartApiRequest")) == (3 if taken == 1 else 2)
    gateway.wait_alone()
    assert probe(endpoint(gateway.port), PATIENTLY, pytest.fail).accounts == ("DU7654321", ACCOUNT)


def test_notices_and_unknown_messages_before_the_accounts_are_passed_over() -> None:
    unknown = frame(struct.pack(">I", 299) + b"\x1a\x03abc")

    def talk(connection: socket.socket) -> None:
        connection.sendall(GREETING + answer(error(-1, 2158, "well")) + unknown + ACCOUNTS)
        until_it_hangs_up(connection)

    with Stranger(talk) as stranger:
        assert probe(endpoint(stranger.port), PATIENTLY, pytest.fail).accounts == (ACCOUNT,)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a frame of 1213486160 bytes"),
        (b"\0\0\0\0", "a frame of 0 bytes"),
        (b"\0\0\0\x05hello", "b'hello' in place of a server version"),
        (b"\0\0\0\x0f\xff" + b"9" * 14, "in place of a server version"),
        (b"\0\0\0\x06999999", "in place of a server version"),
        (GREETING + b"\0\0\0\x02ab", "a message of 2 bytes"),
        (GREETING + frame(b"\0\0\0\xd7\x0a\xff\x01"), "a message that is not protobuf"),
        (GREETING + frame(b"\0\0\0\xd7" + b"\xff" * 12), "a message that is not protobuf"),
        (GREETING + frame(b"\0\0\0\xd7\x0f"), "a message that is not protobuf"),
        (GREETING + frame(b"\0\0\0\xd7\x08\x01"), "a number in place of a text"),
        (GREETING + answer(make("ManagedAccounts", accountsList="DU\x1b[2J")), "a text that cannot be printed"),
        (GREETING + frame(b"\0\0\0\xcc\x1a\x01a"), "a text in place of a number"),
    ],
)
def test_who_sends_something_else_is_not_the_gateway_and_is_refused_at_once(sent: bytes, found: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(sent)
        until_it_hangs_up(connection)

    with Stranger(talk) as stranger:
        line = refusal(stranger.port, PATIENTLY)
        assert f"is not the broker's gateway: it sent {found}" in line or found in line
        assert stranger.calls == 1


@pytest.mark.parametrize("part", [0, 2, 10, len(GREETING), len(GREETING) + 3, len(GREETING) + 9])
def test_silence_after_any_part_of_the_talk_ends_in_time(part: int) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall((GREETING + ACCOUNTS)[:part])
        until_it_hangs_up(connection)

    with Stranger(talk) as stranger:
        assert "after 0.3 s: no answer within 0.3 s (" in refusal(stranger.port)


@pytest.mark.parametrize("part", [0, 10, len(GREETING), len(GREETING) + 9])
@pytest.mark.parametrize("rudely", [False, True])
def test_a_connection_that_ends_after_any_part_of_the_talk_is_waited_out(part: int, rudely: bool) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall((GREETING + ACCOUNTS)[:part])
        if rudely:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Stranger(talk) as stranger:
        assert "it ended the connection without an answer (" in refusal(stranger.port)
        assert stranger.calls > 1


@pytest.mark.parametrize("flood", [GREETING[:4], GREETING + answer(error(-1, 2104, "well"))])
def test_bytes_that_never_end_do_not_stretch_the_time(flood: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(flood)
        while True:
            if len(flood) == 4:
                connection.sendall(b"2")  # byte by byte, a frame that is not done in time
                time.sleep(0.02)
            else:
                connection.sendall(answer(error(-1, 2104, "well")) * 20)

    with Stranger(talk) as stranger:
        assert "no answer within 0.3 s" in refusal(stranger.port)


@pytest.mark.parametrize(
    ("host", "found"), [("host.invalid", "no gateway at host.invalid:1"), ("127.0.0.1", "no gateway at 127.0.0.1:1")]
)
def test_nobody_there_at_all(host: str, found: str) -> None:
    there = Endpoint(host=host, port=1, client_id=1, account=ACCOUNT, real_money=False)
    with pytest.raises(GatewayError, match=found):
        probe(there, QUICKLY, [].append)


def test_a_refusal_is_the_users_and_ends_with_status_2(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    gateway.refuse()
    assert exit_status(lambda: probe(endpoint(gateway.port), QUICKLY, [].append)) == UNUSABLE
    assert capsys.readouterr().err.count("\n") == 1


# --- Fields of a message ---------------------------------------------------------------------------------------


@given(st.binary(max_size=60))
def test_any_bytes_are_fields_or_a_wire_error(data: bytes) -> None:
    try:
        read = fields(data)
    except WireError:
        return
    assert all(isinstance(value, (int, bytes)) for value in read.values())


@given(code=st.integers(-1, 2**31 - 1), text=st.text(max_size=30), at=st.integers(0, 2**62))
def test_fields_are_those_that_protobuf_wrote(code: int, text: str, at: int) -> None:
    read = fields(error(7, code, text, at).SerializeToString())
    assert (read[1], read[2], read[4]) == (7, at, text.encode())
    assert read[3] == code % 2**64


@given(st.integers(0, 2**31 - 1))
def test_a_number_is_written_as_protobuf_writes_it(number: int) -> None:
    assert b"\x08" + variable(number) == make("StartApiRequest", clientId=number).SerializeToString()


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.integers(0, len(GREETING + ACCOUNTS) - 1), byte=st.integers(0, 255))
def test_one_wrong_byte_is_success_or_one_clear_line(place: int, byte: int) -> None:
    sent = bytearray(GREETING + ACCOUNTS)
    sent[place] = byte

    def talk(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        until_it_hangs_up(connection)

    with Stranger(talk) as stranger:
        try:
            found = probe(endpoint(stranger.port), InteractiveBrokers(wait_seconds=0, answer_seconds=1), [].append)
            line = ", ".join(found.accounts)
        except GatewayError as refused:
            line = str(refused)
    assert line == ACCOUNT or (line.isprintable() and f"{HOST}:{stranger.port}" in line)

"""Asks the broker's gateway who is there, before a node is built and after each return: an account, or a clear refusal.

The engine's adapter starts with an account that does not exist, in silence, and gives up at once where nobody listens.
So this waits for the gateway, calls with a client id of its own, reads the version and the accounts, and hangs up.
Accounts are shown shortened, since what is printed here goes into logs.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay, wait_exponential_jitter

from nautilus_ai_firm.gateways.errors import GatewayError
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, shortened
from nautilus_ai_firm.gateways.ib_wire import (
    ERROR,
    FIRST_VERSION,
    MANAGED_ACCOUNTS,
    Closed,
    Fields,
    Wire,
    WireError,
)
from nautilus_ai_firm.settings import InteractiveBrokers

FIRST_PAUSE_S, LONGEST_PAUSE_S, JITTER_S = 0.1, 2.0, 0.1
ACCOUNTS_FIELD = 1  # of the message with the managed accounts: their names between commas
CODE_FIELD, TEXT_FIELD = 3, 4  # of an error
NOTICES = range(2100, 2200)  # codes of what is told to everybody, such as that a data farm is well


class NotThere(Exception):  # noqa: N818 - what is waited out, and becomes a refusal when the wait is over
    """Nobody answers yet: says what was met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """What the gateway said: its version, the accounts it manages, and how long the last call took in seconds."""

    server_version: int
    accounts: tuple[str, ...]
    call_s: float


def probe(endpoint: Endpoint, settings: InteractiveBrokers, say: Callable[[str], None]) -> GatewayFacts:
    """Wait for the gateway and make sure that it is the right one; the connection is closed when this returns.

    Parameters
    ----------
    endpoint : Endpoint
        Where it should be, and the account that it should have.
    settings : InteractiveBrokers
        How long to wait for it (`wait_seconds`), and for its answers in one call (`answer_seconds`). The whole takes
        no longer than both together, the look-up of a host's name apart.
    say : callable
        Takes a line when the wait begins.

    Raises
    ------
    GatewayError
        Nobody answered in time; it is not the broker's gateway; it is too old; or it does not manage the account.

    """
    told = False

    def tell(state: RetryCallState) -> None:
        nonlocal told
        if not told and state.outcome is not None:
            told = True
            say(f"waiting up to {settings.wait_seconds:g} s for {endpoint.address}: {state.outcome.exception()}")

    patiently = Retrying(
        retry=retry_if_exception_type(NotThere),
        wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S, jitter=JITTER_S),
        stop=stop_before_delay(settings.wait_seconds),
        before_sleep=tell,
        reraise=True,
    )
    try:
        facts = patiently(_call, endpoint, settings.answer_seconds)
    except NotThere as last:
        raise GatewayError(
            f"no gateway at {endpoint.address} after {settings.wait_seconds:g} s: {last} (start TWS or IB Gateway, "
            "log in, and allow API clients; the port is that of its API settings)"
        ) from None
    except WireError as error:
        raise GatewayError(
            f"{endpoint.address} is not the broker's gateway: it sent {error} "
            "(allowed: the API port of TWS or IB Gateway)"
        ) from None
    if endpoint.account not in facts.accounts:
        managed = ", ".join(shortened(account) for account in facts.accounts) or "none"
        raise GatewayError(
            f"the gateway at {endpoint.address} does not manage the account {shortened(endpoint.account)} "
            f"(allowed: {managed})"
        )
    return facts


def _call(endpoint: Endpoint, answer_s: float) -> GatewayFacts:
    begun_s = time.monotonic()
    try:
        with socket.create_connection((endpoint.host, endpoint.port), timeout=answer_s) as connection:
            wire = Wire(connection, begun_s + answer_s)
            version = wire.greet()
            _refuse_old(endpoint, version)
            wire.start(endpoint.probe_client_id)
            accounts = _accounts(wire)
            return GatewayFacts(server_version=version, accounts=accounts, call_s=time.monotonic() - begun_s)
    except TimeoutError:
        raise NotThere(f"no answer within {answer_s:g} s") from None
    except (Closed, ConnectionResetError, BrokenPipeError):
        raise NotThere("it ended the connection without an answer") from None
    except OSError as error:
        raise NotThere(error.strerror or str(error)) from None


def _refuse_old(endpoint: Endpoint, version: int) -> None:
    if version < FIRST_VERSION:
        raise GatewayError(
            f"the gateway at {endpoint.address} has server version {version} (allowed: {FIRST_VERSION} and later; "
            "update TWS or IB Gateway)"
        )


def _accounts(wire: Wire) -> tuple[str, ...]:
    """Read until the accounts come; an error before them says why they will not."""
    while True:
        number, said = wire.message()
        if number == MANAGED_ACCOUNTS:
            return tuple(account for account in _text(said, ACCOUNTS_FIELD).split(",") if account)
        code = said.get(CODE_FIELD, 0) if number == ERROR else 0
        if isinstance(code, bytes):
            raise WireError("a text in place of a number")
        if number == ERROR and code not in NOTICES:
            raise NotThere(f"error {code}, {_text(said, TEXT_FIELD)}")


def _text(said: Fields, field: int) -> str:
    value = said.get(field, b"")
    if isinstance(value, int):
        raise WireError("a number in place of a text")
    text = value.decode(errors="replace")
    if not text.isprintable():
        raise WireError("a text that cannot be printed")
    return text

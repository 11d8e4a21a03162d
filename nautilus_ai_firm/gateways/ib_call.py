"""A call at the broker's gateway beside the node: greeting, the accounts that it manages, and what can come between."""

import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayError, NotThere
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_fields import Fields, text, whole
from nautilus_ai_firm.gateways.ib_wire import ERROR, FIRST_VERSION, MANAGED_ACCOUNTS, Closed, Wire

ACCOUNTS_FIELD = 1  # of the message with the managed accounts: their names between commas
REQUEST_FIELD, CODE_FIELD, TEXT_FIELD = 1, 3, 4  # of an error
CLIENT_ID_IN_USE = 326
NOTICES = range(2100, 2200)  # codes of what is told to everybody, such as that a data farm is well


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A gateway that answered: its version, its accounts, and the connection on which it did."""

    server_version: int
    accounts: tuple[str, ...]
    connection: socket.socket


@contextmanager
def answered_within(answer_s: float) -> Generator[None]:
    """Turn what a connection can meet into `NotThere`, which says it in words."""
    try:
        yield
    except TimeoutError:
        raise NotThere(f"no answer within {answer_s:g} s") from None
    except (Closed, ConnectionResetError, BrokenPipeError):
        raise NotThere("it ended the connection without an answer") from None
    except OSError as error:
        raise NotThere(error.strerror or str(error)) from None


def call(endpoint: Endpoint, client_id: int, answer_s: float) -> Answered:
    """Connect, greet, and wait for the accounts; who called closes the connection.

    Parameters
    ----------
    endpoint : Endpoint
        Where the gateway should be.
    client_id : int
        Under which id to call.
    answer_s : float
        For the connection and all answers together, the look-up of a host's name apart.

    Raises
    ------
    NotThere
        Nobody answered, or an error came in place of the accounts.
    WireError
        It is not the broker's gateway.
    ClientIdError
        Another program has the client id.
    GatewayError
        It is too old.

    """
    deadline_s = time.monotonic() + answer_s
    with answered_within(answer_s):
        connection = socket.create_connection((endpoint.host, endpoint.port), timeout=answer_s)
        try:
            wire = Wire(connection, deadline_s)
            version = wire.greet()
            _refuse_old(endpoint, version)
            wire.start(client_id)
            return Answered(
                server_version=version, accounts=_accounts(wire, endpoint, client_id), connection=connection
            )
        except BaseException:
            connection.close()
            raise


def refusal_of_stranger(endpoint: Endpoint, error: Exception) -> GatewayError:
    """Make the refusal of somebody who listens there and speaks something else."""
    return GatewayError(
        f"{endpoint.address} is not the broker's gateway: it sent {error} (allowed: the API port of TWS or IB Gateway)"
    )


def refusal_of_client_id(endpoint: Endpoint, client_id: int) -> ClientIdError:
    """Make the refusal of a client id that somebody else has; ids beside the node's follow from the node's."""
    return ClientIdError(
        f"the client id {client_id} is already in use at {endpoint.address} (allowed: one that no other program has; "
        f"end the other session, or choose another id than {endpoint.client_id} for this one)"
    )


def refused_by(said: Fields) -> tuple[int, str]:
    """Return code and text of an error message; code 0 for a notice."""
    code = whole(said, CODE_FIELD)
    return (0, "") if code in NOTICES else (code, text(said, TEXT_FIELD))


def _refuse_old(endpoint: Endpoint, version: int) -> None:
    if version < FIRST_VERSION:
        raise GatewayError(
            f"the gateway at {endpoint.address} has server version {version} (allowed: {FIRST_VERSION} and later; "
            "update TWS or IB Gateway)"
        )


def _accounts(wire: Wire, endpoint: Endpoint, client_id: int) -> tuple[str, ...]:
    """Read until the accounts come; an error before them says why they will not."""
    while True:
        number, said = wire.message()
        if number == MANAGED_ACCOUNTS:
            return tuple(account for account in text(said, ACCOUNTS_FIELD).split(",") if account)
        if number == ERROR and (refused := refused_by(said))[0]:
            if refused[0] == CLIENT_ID_IN_USE:
                raise refusal_of_client_id(endpoint, client_id)
            raise NotThere(f"error {refused[0]}, {refused[1]}")

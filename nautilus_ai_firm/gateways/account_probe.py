"""Asks the broker's gateway who is there, before a node is built and after each return: an account, or a clear refusal.

The engine's adapter starts with an account that does not exist, in silence, and gives up at once where nobody listens.
So this waits for the gateway, calls with a client id of its own, reads the version and the accounts, hangs up, and
makes sure that the node's client id is free.
Accounts are shown shortened, since what is printed here goes into logs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from nautilus_ai_firm.gateways.errors import GatewayAbsentError, GatewayError, NotThere
from nautilus_ai_firm.gateways.ib_call import call, refusal_of_stranger
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint, shortened
from nautilus_ai_firm.gateways.ib_fields import WireError
from nautilus_ai_firm.gateways.ib_retry import Patience, until_there
from nautilus_ai_firm.settings import InteractiveBrokers

LEAST_ANSWER_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFacts:
    """What the gateway said: its version, the accounts it manages, and how long the last calls took in seconds."""

    server_version: int
    accounts: tuple[str, ...]
    call_s: float


def probe(
    endpoint: Endpoint, settings: InteractiveBrokers, say: Callable[[str], None], patience: Patience | None = None
) -> GatewayFacts:
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
    patience : Patience, optional
        How to wait; by the clock of the machine when absent.

    Raises
    ------
    GatewayAbsentError
        Nobody answered in time.
    ClientIdError
        Another program has the client id of the node, or of the probe.
    GatewayError
        It is not the broker's gateway; it is too old; or it does not manage the account.

    """
    try:
        facts = until_there(
            lambda: _call(endpoint, settings.answer_seconds),
            settings.wait_seconds,
            patience or Patience(),
            lambda met: say(f"waiting up to {settings.wait_seconds:g} s for {endpoint.address}: {met}"),
        )
    except NotThere as last:
        raise GatewayAbsentError(
            f"no gateway at {endpoint.address} after {settings.wait_seconds:g} s: {last} (start TWS or IB Gateway, "
            "log in, and allow API clients; the port is that of its API settings)"
        ) from None
    except WireError as error:
        raise refusal_of_stranger(endpoint, error) from None
    if endpoint.account not in facts.accounts:
        managed = ", ".join(shortened(account) for account in facts.accounts) or "none"
        raise GatewayError(
            f"the gateway at {endpoint.address} does not manage the account {shortened(endpoint.account)} "
            f"(allowed: {managed})"
        )
    return facts


def _call(endpoint: Endpoint, answer_s: float) -> GatewayFacts:
    begun_s = time.monotonic()
    answered = call(endpoint, endpoint.probe_client_id, answer_s)
    answered.connection.close()
    if endpoint.account in answered.accounts:  # the adapter would call with an id that is in use again and again
        left_s = max(answer_s - (time.monotonic() - begun_s), LEAST_ANSWER_S)
        call(endpoint, endpoint.client_id, left_s).connection.close()
    return GatewayFacts(
        server_version=answered.server_version, accounts=answered.accounts, call_s=time.monotonic() - begun_s
    )

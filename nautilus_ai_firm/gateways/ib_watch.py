"""A second connection to the broker's gateway: hears when the market cannot be reached, and reads the account anew.

The engine's adapter logs that the broker was lost and says so to nobody, and after a return its account stands still.
So this listens beside it, with a client id of its own. Whenever it is connected, and whenever the gateway says that
the broker is there again, it reads accounts, cash, positions and open orders before it says that things are well.
"""

import asyncio
from typing import Protocol

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from nautilus_ai_firm.gateways.ib_account import AccountReading, account_on
from nautilus_ai_firm.gateways.ib_call import CODE_FIELD, refusal_of_stranger
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_fields import Fields, WireError, whole
from nautilus_ai_firm.gateways.ib_line import Away, Line, connected
from nautilus_ai_firm.gateways.ib_wire import ERROR

ASK_TIME = 249
QUIET_S = 10.0  # a gateway that says nothing for so long is asked for the time
LOST = {1100: "the gateway lost the broker", 2110: "the gateway lost the broker"}
BACK = {1101: "the broker is back, and the market data is not", 1102: "the broker is back"}
FIRST_PAUSE_S, LONGEST_PAUSE_S, JITTER_S = 0.1, 5.0, 0.1


class Listener(Protocol):
    """Who is told."""

    def lost(self, cause: str) -> None:
        """Take note that orders cannot reach the market."""
        ...

    def found(self, reading: AccountReading, cause: str, *, data_lost: bool) -> None:
        """Take the account as it is now; `data_lost` where subscriptions have to be made anew."""
        ...


async def watch(endpoint: Endpoint, answer_s: float, listener: Listener, quiet_s: float = QUIET_S) -> None:
    """Listen until canceled; a gateway that goes away, or falls silent, is waited for.

    Parameters
    ----------
    endpoint : Endpoint
        Where it is.
    answer_s : float
        How long its answers may take, seconds.
    listener : Listener
        Who is told.
    quiet_s : float
        After how many seconds of silence it is asked whether it is there.

    Raises
    ------
    ClientIdError
        Another program has the client id of the watch.
    GatewayError
        What answers is not the broker's gateway, or it does not manage the account any more.

    """
    patiently = AsyncRetrying(
        retry=retry_if_exception_type(Away),
        wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S, jitter=JITTER_S),
    )
    cause = "connected"
    while True:
        line: Line = await patiently(connected, endpoint, answer_s)
        try:
            await _listen(line, endpoint, answer_s, quiet_s, listener, cause)
        except Away as away:
            listener.lost(f"the gateway at {endpoint.address} went away: {away}")
        finally:
            line.close()
        cause = "the gateway is back"


async def _listen(
    line: Line, endpoint: Endpoint, answer_s: float, quiet_s: float, listener: Listener, cause: str
) -> None:
    listener.found(await account_on(line, endpoint, answer_s), cause, data_lost=False)
    while True:
        try:
            number, said = await _next(line, answer_s, quiet_s)
            code = whole(said, CODE_FIELD) if number == ERROR else 0
        except WireError as error:
            raise refusal_of_stranger(endpoint, error) from None
        if code in LOST:
            listener.lost(f"{LOST[code]} ({code})")
        elif code in BACK:
            reading = await account_on(line, endpoint, answer_s)
            listener.found(reading, f"{BACK[code]} ({code})", data_lost=code == 1101)  # noqa: PLR2004 - as in BACK


async def _next(line: Line, answer_s: float, quiet_s: float) -> tuple[int, Fields]:
    """Wait for a message; who is silent is asked for the time, and is away where no answer comes."""
    coming = asyncio.ensure_future(line.message())  # not cut by a timeout: that could lose half a frame
    try:
        if not (await asyncio.wait({coming}, timeout=quiet_s))[0]:
            line.send(ASK_TIME)
            if not (await asyncio.wait({coming}, timeout=answer_s))[0]:
                raise Away(f"no answer within {answer_s:g} s")
        return await coming
    finally:
        coming.cancel()

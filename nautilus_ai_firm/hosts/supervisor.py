"""Keeps a session at the broker going: waits for the gateway, probes it, runs an attempt, begins again after a loss.

A refusal is final: an account that is not there does not come by waiting. So is an exception of the attempt, and a
gateway that is absent, or a client id that is in use, at the first start. A loss after that, the gateway's nightly
restart or a line that breaks, is a failure for the circuit breaker, and the next attempt begins when that lets it.
Nothing that this does takes risk: the attempt says itself when it has read account, orders and positions again and
trades.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nautilus_ai_firm.gateways.account_probe import GatewayFacts, probe
from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayAbsentError, GatewayError
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_retry import Patience
from nautilus_ai_firm.hosts.stopping import Stop, Stopped
from nautilus_ai_firm.models.risk.circuit_breaker import CircuitBreaker
from nautilus_ai_firm.settings import InteractiveBrokers

MAX_FAILURES, WINDOW_S = 3, 600.0
COOL_DOWN_S, LONGEST_COOL_DOWN_S = 30.0, 900.0
WELL_S = 60.0  # an attempt that traded so long was no failure to begin
GIVE_UP_S = 6 * 3600.0  # longer than the broker's weekly maintenance, from Friday 23:00 to Saturday 03:00 New York


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt ended: whether the session is to begin again, and why it ended, for people."""

    again: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time without trading that is over: why, how many attempts it took, and how long it was in seconds."""

    why: str
    attempts: int
    seconds: float


type Attempt = Callable[[GatewayFacts, Callable[[], None]], Ended]
"""Runs the session once. Is given what the probe found, and what to call when account, orders and positions have been
read and it trades. Returns when the connection is lost, or when the session is over; an exception passes through."""


class Supervisor:
    """Runs attempts until the session is over.

    Parameters
    ----------
    endpoint : Endpoint
        Where the gateway is, and the account.
    settings : InteractiveBrokers
        How long to wait for it, each time.
    attempt : callable
        Runs the session once.
    stop : Stop
        The wish to end the session; it ends every wait.
    say : callable
        Takes a line for people.
    patience : Patience
        Clock, sleep and jitter; its sleep should be that of `stop`.
    breaker : CircuitBreaker, optional
        When to try again; by default three failures in ten minutes open it for 30 seconds, and each further time for
        twice as long up to a quarter of an hour.

    Attributes
    ----------
    outages : list of Outage
        Times without trading since the first trading, in order.

    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: InteractiveBrokers,
        attempt: Attempt,
        stop: Stop,
        say: Callable[[str], None],
        patience: Patience,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._attempt = attempt
        self._stop = stop
        self._say = say
        self._patience = patience
        self._breaker = breaker or CircuitBreaker(
            max_failures=MAX_FAILURES,
            window_s=WINDOW_S,
            cool_down_s=COOL_DOWN_S,
            longest_cool_down_s=LONGEST_COOL_DOWN_S,
        )
        self._seen = False  # whether the gateway was there at all
        self._traded = False  # whether any attempt traded
        self._trading_since_s: float | None = None
        self._down_since_s = 0.0
        self._attempts = 0  # since it last traded
        self._ended = False  # whether an attempt has come to its end
        self._taken = 0  # attempts in a row that met a client id in use
        self._why = ""  # it does not trade
        self.outages: list[Outage] = []

    def run(self) -> Ended:
        """Run the session to its end, in the main thread, since it hears signals.

        Returns
        -------
        Ended
            Of the last attempt; or, where the wish to end the session ended a wait, its cause.

        Raises
        ------
        GatewayError
            The gateway is absent at the start, or refused at any time; a client id is in use at the start, or in as
            many attempts in a row as open the breaker; or the session did not trade for six hours.

        """
        self._down_since_s = self._patience.clock()
        with self._stop.heard():
            try:
                while True:
                    ended = self._once_more()
                    self._stop.listen()  # the attempt's event loop took the handlers of signals with it
                    if not ended.again or self._stop.cause:
                        return ended
                    self._lost(ended.why)
                    self._cool_down()
            except Stopped as stopped:
                return Ended(again=False, why=str(stopped))

    def _once_more(self) -> Ended:
        """Run an attempt; the gateway may keep the client id of a connection that broke for a while."""
        try:
            ended = self._once()
        except ClientIdError as taken:
            self._taken += 1
            if not self._ended or self._taken == MAX_FAILURES:
                raise
            return Ended(again=True, why=str(taken))
        self._ended, self._taken = True, 0
        return ended

    def _once(self) -> Ended:
        self._end_if_wanted()
        self._attempts += 1
        self._trading_since_s = None
        self._breaker.begin(self._patience.clock())
        try:
            facts = probe(self._endpoint, self._settings, self._say, self._patience)
        except GatewayAbsentError as absent:
            if not self._seen:
                raise
            return Ended(again=True, why=str(absent))
        self._seen = True
        self._end_if_wanted()
        return self._attempt(facts, self._trades)

    def _end_if_wanted(self) -> None:
        if self._stop.cause:
            raise Stopped(self._stop.cause)

    def _trades(self) -> None:
        now_s = self._patience.clock()
        if self._trading_since_s is not None:
            return
        self._trading_since_s = now_s
        if self._traded:
            outage = Outage(why=self._why, attempts=self._attempts, seconds=now_s - self._down_since_s)
            self.outages.append(outage)
            self._say(f"trading again after {outage.seconds:.1f} s, attempt {outage.attempts} ({outage.why})")
        self._traded = True
        self._attempts = 0

    def _lost(self, why: str) -> None:
        now_s = self._patience.clock()
        if self._trading_since_s is not None:
            self._down_since_s = now_s
            if now_s - self._trading_since_s >= WELL_S:
                self._breaker.succeed(now_s)
        self._why = why
        self._breaker.fail(now_s)

    def _cool_down(self) -> None:
        now_s = self._patience.clock()
        pause_s = self._breaker.wait_s(now_s)
        if now_s + pause_s - self._down_since_s > GIVE_UP_S:
            raise GatewayError(
                f"no trading at {self._endpoint.address} for {(now_s - self._down_since_s) / 3600:.1f} h, "
                f"{self._attempts} attempts, the last: {self._why} (allowed: {GIVE_UP_S / 3600:g} h; log in to TWS or "
                "IB Gateway and start the session again)"
            )
        self._say(f"session lost: {self._why}; " + (f"again in {pause_s:.0f} s" if pause_s else "again now"))
        if pause_s:
            self._patience.sleep(pause_s + self._patience.jittered(1.0))

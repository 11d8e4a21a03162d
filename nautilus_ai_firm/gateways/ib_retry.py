"""Everything that is tried again at the broker's gateway: the wait until it is there, and the three tries of a request.

Pauses double up to a longest one, and each is cut by up to a half at random, so that those who lost a gateway together
do not come back together ("equal jitter", Brooker, 2015). Clock, sleep and chance are given, so that a test knows each
pause beforehand.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random, SystemRandom

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from nautilus_ai_firm.gateways.errors import NotThere, Paced

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 4.0
TRIES = 3
REQUEST_PAUSE_S, PACED_PAUSE_S, LONGEST_REQUEST_PAUSE_S = 1.0, 30.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How somebody waits.

    Attributes
    ----------
    clock : callable
        Seconds on a clock that never goes back.
    sleep : callable
        Waits so many seconds; what it raises ends the wait.
    chance : Random
        Where jitter comes from.

    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Random = field(default_factory=SystemRandom)

    def jittered(self, pause_s: float) -> float:
        """Cut a pause by up to a half."""
        return pause_s * self.chance.uniform(0.5, 1.0)


def until_there[T](call: Callable[[], T], wait_s: float, patience: Patience, tell: Callable[[NotThere], None]) -> T:
    """Call until somebody answers, and return the answer.

    Parameters
    ----------
    call : callable
        Raises `NotThere` where nobody answers yet; whatever else it raises is final.
    wait_s : float
        No pause begins that would end after so many seconds.
    patience : Patience
        How to wait.
    tell : callable
        Told once, when the wait begins, what was met.

    Raises
    ------
    NotThere
        The last one, when the wait is over.

    """
    begun_s = patience.clock()
    retrying = Retrying(
        retry=retry_if_exception_type(NotThere),
        wait=lambda state: patience.jittered(_doubled(FIRST_PAUSE_S, LONGEST_PAUSE_S, state)),
        stop=lambda state: patience.clock() - begun_s + state.upcoming_sleep >= wait_s,
        sleep=patience.sleep,
        before_sleep=lambda state: tell(_met(state)) if state.attempt_number == 1 else None,
        reraise=True,
    )
    return retrying(call)


def three_tries[T](call: Callable[[], T], patience: Patience, tell: Callable[[str], None]) -> T:
    """Make a request up to three times, and return its answer.

    Parameters
    ----------
    call : callable
        Raises `NotThere` or `Paced` where another try may help; whatever else it raises is final.
    patience : Patience
        How to wait; after `Paced` half a minute at least, and then a minute.
    tell : callable
        Takes a line before each pause.

    Raises
    ------
    NotThere, Paced
        The last one, when the tries are over.

    """

    def pause_s(state: RetryCallState) -> float:
        if isinstance(_met(state), Paced):  # jitter must not make it shorter
            return _doubled(PACED_PAUSE_S, LONGEST_REQUEST_PAUSE_S, state)
        return patience.jittered(_doubled(REQUEST_PAUSE_S, LONGEST_REQUEST_PAUSE_S, state))

    retrying = Retrying(
        retry=retry_if_exception_type((NotThere, Paced)),
        wait=pause_s,
        stop=stop_after_attempt(TRIES),
        sleep=patience.sleep,
        before_sleep=lambda state: tell(
            f"try {state.attempt_number} of {TRIES}: {_met(state)}; again in {state.upcoming_sleep:.1f} s"
        ),
        reraise=True,
    )
    return retrying(call)


def _doubled(first_s: float, longest_s: float, state: RetryCallState) -> float:
    return min(first_s * 2.0 ** min(state.attempt_number - 1, 30), longest_s)


def _met(state: RetryCallState) -> NotThere:
    met = None if state.outcome is None else state.outcome.exception()
    assert isinstance(met, (NotThere, Paced)), "only these are retried"
    return met  # pyright: ignore[reportReturnType]

"""A stream that does not come while others do is asked for again, and then its instrument takes no new risk."""

from typing import Any

import pytest
from nautilus_trader.model import InstrumentId

from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.hosts.broker_feed import BARS, QUOTES
from nautilus_ai_firm.hosts.broker_streams import BrokerStreams

APPLE, IBM = InstrumentId.from_str("AAPL.NASDAQ"), InstrumentId.from_str("IBM.NYSE")
NAMES = {APPLE: "AAPL.US", IBM: "IBM.US"}


class World:
    """Streams, and what is done about them; others are heard all the time."""

    def __init__(self, *silent: tuple[InstrumentId, str]) -> None:
        self.now_ns = 1_000 * SECOND_NS
        self.heard_ns = 0
        self.others_are_heard = self.is_open = True
        self.silent = set(silent)
        self.done: list[tuple[str, ...]] = []
        this: Any = self  # feed and connection are asked for these alone
        self._streams = BrokerStreams(this, this, NAMES, lambda _: self.is_open, silent_s=20.0)

    def renew_one(self, broker_id: InstrumentId, what: str) -> None:
        self.done.append(("renewed", NAMES[broker_id], what))

    def bar(self, name: str, what: str, cause: str) -> None:
        self.done.append(("barred", name, what, cause))

    def admit(self, name: str, what: str, cause: str) -> None:
        self.done.append(("admitted", name, what, cause))

    def pass_time(self, seconds: int) -> list[tuple[str, ...]]:
        """Look every second, and return what was done."""
        self.done.clear()
        for _ in range(seconds):
            self.now_ns += SECOND_NS
            if self.others_are_heard:
                self.heard_ns = self.now_ns
            self._streams.look(self.now_ns)
        return list(self.done)


RENEWED = ("renewed", "IBM.US", QUOTES)
BARRED = ("barred", "IBM.US", QUOTES, "IBM.US: no new risk, no quotes came in 3 tries")
HEARD = ("admitted", "IBM.US", QUOTES, "IBM.US: quotes are heard")


def test_three_tries_and_then_no_new_risk_until_it_is_heard() -> None:
    world = World((IBM, QUOTES))
    assert world.pass_time(21) == []
    assert world.pass_time(1) == [RENEWED]
    assert world.pass_time(21) == [RENEWED]
    assert world.pass_time(21) == [BARRED]
    assert world.pass_time(100) == []
    world.silent.clear()
    assert world.pass_time(1) == [HEARD]
    assert world.pass_time(100) == []


def test_what_is_heard_after_a_second_try_has_three_tries_the_next_time() -> None:
    world = World((IBM, QUOTES))
    assert world.pass_time(22) == [RENEWED]
    world.silent.clear()
    assert world.pass_time(100) == []
    world.silent.add((IBM, QUOTES))
    assert world.pass_time(70) == [RENEWED, RENEWED, BARRED]


@pytest.mark.parametrize("name", ["is_open", "others_are_heard"])
def test_nothing_is_asked_for_while_the_exchange_is_closed_or_nothing_is_heard_at_all(name: str) -> None:
    world = World((IBM, QUOTES), (APPLE, BARS))
    setattr(world, name, False)
    world.pass_time(25)
    assert world.pass_time(200) == []
    setattr(world, name, True)
    assert world.pass_time(21) == []
    assert world.pass_time(1) == [("renewed", "AAPL.US", BARS), RENEWED]


def test_quotes_and_bars_of_one_instrument_are_two_things() -> None:
    world = World((IBM, QUOTES), (IBM, BARS))
    assert len(world.pass_time(70)) == 6
    world.silent.discard((IBM, BARS))
    assert world.pass_time(1) == [("admitted", "IBM.US", BARS, "IBM.US: five-second bars are heard")]


def test_what_falls_silent_again_while_it_is_barred_is_barred_once() -> None:
    """After a return of the gateway everything counts as silent until it is heard."""
    world = World((IBM, QUOTES))
    assert world.pass_time(70)[-1] == BARRED
    world.silent.add((IBM, QUOTES))
    assert world.pass_time(100) == []

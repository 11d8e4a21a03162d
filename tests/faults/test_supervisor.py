"""The supervisor against the gateway of the tests: what it waits out, what is final, and when it gives up.

Its clock moves only when it waits; the connections are real.
"""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from nautilus_ai_firm.gateways.account_probe import GatewayFacts
from nautilus_ai_firm.gateways.errors import ClientIdError, GatewayAbsentError, GatewayError
from nautilus_ai_firm.gateways.ib_call import call
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_retry import Patience
from nautilus_ai_firm.hosts.stopping import Stop, Stopped
from nautilus_ai_firm.hosts.supervisor import Ended, Supervisor
from nautilus_ai_firm.settings import InteractiveBrokers
from tests.faults.gateway.server import Gateway
from tests.faults.gateway.serving import HOST
from tests.waiting import Waiting

ACCOUNT = "DU1234567"
SETTINGS = InteractiveBrokers(wait_seconds=60, answer_seconds=2)
DONE = Ended(again=False, why="over")
DROPPED = Ended(again=True, why="the connection broke")

type Step = Callable[["Attempts", Callable[[], None]], Ended]


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as served:
        yield served


class Attempts:
    """A session that does in each attempt what the test says; the last step is repeated."""

    def __init__(self, gateway: Gateway, *steps: Step, **endpoint: Any) -> None:
        self.gateway = gateway
        self.waiting = Waiting()
        self.stop = Stop()
        self.said: list[str] = []
        self.begun_s: list[float] = []
        self.facts: list[GatewayFacts] = []
        self._steps = list(steps)
        where = {"host": HOST, "port": gateway.port, "client_id": 1, "account": ACCOUNT, "real_money": False}
        self.supervisor = Supervisor(
            Endpoint(**(where | endpoint)),
            SETTINGS,
            self._attempt,
            self.stop,
            self.said.append,
            self.waiting.patience(),
        )

    def _attempt(self, facts: GatewayFacts, trades: Callable[[], None]) -> Ended:
        self.facts.append(facts)
        self.begun_s.append(self.waiting.now_s)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return step(self, trades)

    def pass_time(self, seconds: float) -> None:
        self.waiting.now_s += seconds


def over(session: Attempts, trades: Callable[[], None]) -> Ended:  # noqa: ARG001 - a step
    trades()
    return DONE


def dropped_after(seconds: float, *, trading: bool = True) -> Step:
    def step(session: Attempts, trades: Callable[[], None]) -> Ended:
        if trading:
            trades()
        session.pass_time(seconds)
        return DROPPED

    return step


def test_a_gateway_that_comes_later_is_waited_for_and_probed(gateway: Gateway) -> None:
    gateway.refuse()
    session = Attempts(gateway, over)
    session.waiting.on_pause = lambda _: gateway.accept() if len(session.waiting.pauses) == 5 else None
    assert session.supervisor.run() == DONE
    assert [facts.accounts for facts in session.facts] == [(ACCOUNT,)]
    assert session.said == [f"waiting up to 60 s for {HOST}:{gateway.port}: Connection refused"]
    assert len(session.waiting.pauses) == 5
    assert session.supervisor.outages == []


def test_a_gateway_that_is_absent_at_the_start_is_a_refusal(gateway: Gateway) -> None:
    gateway.refuse()
    session = Attempts(gateway, over)
    with pytest.raises(GatewayAbsentError, match=r"no gateway at .* after 60 s: Connection refused"):
        session.supervisor.run()
    assert sum(session.waiting.pauses) <= 60
    assert session.facts == []


def test_an_account_that_is_not_there_is_final_and_nothing_is_tried_again(gateway: Gateway) -> None:
    session = Attempts(gateway, over, account="DU0000009")
    with pytest.raises(GatewayError, match="does not manage the account DU…009"):
        session.supervisor.run()
    assert (session.waiting.pauses, len(gateway.named("StartApiRequest"))) == ([], 1)


def test_an_account_that_is_gone_after_a_drop_is_final_too(gateway: Gateway) -> None:
    def drop(session: Attempts, trades: Callable[[], None]) -> Ended:
        trades()
        session.gateway.accounts = ("DU7654321",)
        return DROPPED

    session = Attempts(gateway, drop, over)
    with pytest.raises(GatewayError, match="does not manage"):
        session.supervisor.run()
    assert len(session.begun_s) == 1


def other_program(gateway: Gateway, client_id: int) -> socket.socket:
    there = Endpoint(host=HOST, port=gateway.port, client_id=1, account=ACCOUNT, real_money=False)
    return call(there, client_id, 5.0).connection


def test_a_client_id_in_use_at_the_start_is_a_refusal(gateway: Gateway) -> None:
    session = Attempts(gateway, over)
    with other_program(gateway, 1), pytest.raises(ClientIdError, match="the client id 1 is already in use"):
        session.supervisor.run()
    assert (session.waiting.pauses, session.facts) == ([], [])


def test_a_client_id_that_the_session_itself_finds_in_use_at_the_start_is_one_too(gateway: Gateway) -> None:
    def taken(_session: Attempts, _trades: Callable[[], None]) -> Ended:
        raise ClientIdError("the client id 2001 is already in use")

    session = Attempts(gateway, taken)
    with pytest.raises(ClientIdError, match="2001"):
        session.supervisor.run()
    assert len(session.begun_s) == 1


def lost_to(ghosts: list[socket.socket]) -> Step:
    """Trade for an hour and lose the connection, with the client id still in use at the gateway."""

    def drop(session: Attempts, trades: Callable[[], None]) -> Ended:
        trades()
        session.pass_time(3_600)
        ghosts.append(other_program(session.gateway, 1))
        return DROPPED

    return drop


def test_a_client_id_that_the_gateway_keeps_after_a_loss_is_tried_as_often_as_the_breaker_lets(
    gateway: Gateway,
) -> None:
    ghosts: list[socket.socket] = []
    session = Attempts(gateway, lost_to(ghosts), over)
    with pytest.raises(ClientIdError, match="the client id 1 is already in use"):
        session.supervisor.run()
    ghosts[0].close()
    assert len(session.begun_s) == 1
    assert sum("already in use" in line for line in session.said) == 2


def test_a_client_id_that_the_gateway_lets_go_after_a_loss_is_taken_again(gateway: Gateway) -> None:
    ghosts: list[socket.socket] = []
    session = Attempts(gateway, lost_to(ghosts), over)

    def let_go(_seconds: float) -> None:
        ghosts[0].close()
        gateway.wait_alone()

    session.waiting.on_pause = let_go
    assert session.supervisor.run() == DONE
    assert len(session.begun_s) == 2


def test_what_the_session_itself_raises_is_final(gateway: Gateway) -> None:
    def break_down(_session: Attempts, _trades: Callable[[], None]) -> Ended:
        raise KeyError("a desk")

    session = Attempts(gateway, break_down)
    with pytest.raises(KeyError, match="a desk"):
        session.supervisor.run()
    assert len(session.begun_s) == 1


def test_a_drop_and_a_return_begin_again_and_the_seconds_until_trading_are_told(gateway: Gateway) -> None:
    def drop(session: Attempts, trades: Callable[[], None]) -> Ended:
        trades()
        session.pass_time(3_600)
        session.gateway.refuse()
        return DROPPED

    def come_back(session: Attempts, trades: Callable[[], None]) -> Ended:
        session.pass_time(4.5)  # reads account, orders and positions
        trades()
        trades()  # told twice it counts once
        return DONE

    session = Attempts(gateway, drop, come_back)
    session.waiting.on_pause = lambda _: gateway.accept() if sum(session.waiting.pauses) > 10 else None
    assert session.supervisor.run() == DONE
    down_s = sum(session.waiting.pauses) + 4.5
    (outage,) = session.supervisor.outages
    assert (outage.why, outage.attempts) == (DROPPED.why, 1)
    assert outage.seconds == pytest.approx(down_s)
    assert 14.5 < down_s < 19
    assert session.said[0] == "session lost: the connection broke; again now"
    assert session.said[-1] == f"trading again after {down_s:.1f} s, attempt 1 (the connection broke)"
    assert len(gateway.named("StartApiRequest")) == 4  # each probe calls with its own client id and with the node's


def test_a_gateway_that_stays_away_after_a_drop_is_no_refusal_but_a_failure_for_the_breaker(gateway: Gateway) -> None:
    def drop(session: Attempts, trades: Callable[[], None]) -> Ended:
        trades()
        session.pass_time(3_600)
        session.gateway.refuse()
        return DROPPED

    session = Attempts(gateway, drop, over)
    session.waiting.on_pause = lambda _: gateway.accept() if sum(session.waiting.pauses) > 1_800 else None
    assert session.supervisor.run() == DONE
    (outage,) = session.supervisor.outages
    assert 1_800 < outage.seconds < 1_800 + 60 + 900
    cool_downs = [pause_s for pause_s in session.waiting.pauses if pause_s > 5]
    assert [round(pause_s // 30) for pause_s in cool_downs] == [1, 2, 4, 8, 16, 30]
    assert outage.why.startswith("no gateway at")


def test_attempts_that_never_trade_open_the_breaker(gateway: Gateway) -> None:
    session = Attempts(gateway, *[dropped_after(1, trading=False)] * 5, over)
    session.supervisor.run()
    gaps = [later - begun - 1 for begun, later in zip(session.begun_s, session.begun_s[1:], strict=False)]
    assert [round(gap_s) // 30 for gap_s in gaps] == [0, 0, 1, 2, 4]
    assert session.supervisor.outages == []  # it had not traded before


def test_a_drop_now_and_then_does_not_open_it(gateway: Gateway) -> None:
    session = Attempts(gateway, *[dropped_after(6_000)] * 20, over)
    session.supervisor.run()
    assert session.waiting.pauses == []
    assert [outage.seconds for outage in session.supervisor.outages] == [0.0] * 20


def test_drops_every_two_minutes_open_it_though_each_attempt_traded(gateway: Gateway) -> None:
    session = Attempts(gateway, *[dropped_after(120)] * 3, over)
    session.supervisor.run()
    assert [round(pause_s) // 30 for pause_s in session.waiting.pauses] == [1]


@pytest.mark.parametrize(("seconds", "cool_downs"), [(60.0, [1]), (59.0, [1, 2])])
def test_an_attempt_that_traded_for_a_minute_closes_it_and_a_shorter_one_does_not(
    gateway: Gateway, seconds: float, cool_downs: list[int]
) -> None:
    failing = [dropped_after(1, trading=False)] * 3
    session = Attempts(gateway, *failing, dropped_after(seconds), over)
    session.supervisor.run()
    assert [round(pause_s) // 30 for pause_s in session.waiting.pauses] == cool_downs


def test_it_gives_up_after_six_hours_without_trading(gateway: Gateway) -> None:
    session = Attempts(gateway, over, dropped_after(1, trading=False))
    session._steps[0] = dropped_after(3_600)
    with pytest.raises(GatewayError, match=r"no trading at .* for [56]\.\d h, \d+ attempts, the last: the connection"):
        session.supervisor.run()
    assert 5.7 * 3_600 < sum(session.waiting.pauses) < 6 * 3_600
    assert 24 < len(session.begun_s) < 40


def test_a_session_that_trades_does_not_count_towards_giving_up(gateway: Gateway) -> None:
    session = Attempts(gateway, *[dropped_after(30)] * 60, over)
    assert session.supervisor.run() == DONE
    assert sum(session.waiting.pauses) > 6 * 3_600


@pytest.mark.parametrize("pause", [1, 3])
def test_the_wish_to_end_ends_a_wait(gateway: Gateway, pause: int) -> None:
    gateway.refuse()
    session = Attempts(gateway, over)

    def end(_pause_s: float) -> None:
        if len(session.waiting.pauses) == pause:
            session.stop.end("SIGINT")
            raise Stopped(session.stop.cause)

    session.waiting.on_pause = end
    assert session.supervisor.run() == Ended(again=False, why="SIGINT")
    assert (len(session.waiting.pauses), session.begun_s) == (pause, [])


def test_the_wish_to_end_during_an_attempt_is_not_followed_by_another(gateway: Gateway) -> None:
    def drop(session: Attempts, trades: Callable[[], None]) -> Ended:
        trades()
        session.stop.end("SIGTERM")
        return DROPPED

    session = Attempts(gateway, drop)
    assert session.supervisor.run() == DROPPED
    assert len(session.begun_s) == 1


@pytest.mark.parametrize("attempts", [0, 1, 2])
def test_ctrl_c_ends_a_real_wait_at_once_whatever_event_loops_came_before(gateway: Gateway, attempts: int) -> None:
    stop, before, left = Stop(), signal.getsignal(signal.SIGINT), [attempts]
    pressed_s: list[float] = []

    def press() -> None:
        pressed_s.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    async def wait_in_a_loop() -> None:
        with stop.heard_in_loop(None, lambda: None), suppress(TimeoutError):
            await asyncio.wait_for(stop.wanted.wait(), 0.05)

    def lose_the_gateway() -> None:
        gateway.refuse()
        pressing.start()

    def attempt(_facts: GatewayFacts, trades: Callable[[], None]) -> Ended:
        trades()
        asyncio.run(wait_in_a_loop())
        left[0] -= 1
        if not left[0]:
            lose_the_gateway()
        return DROPPED

    pressing = threading.Timer(0.7, press)
    if not attempts:
        lose_the_gateway()
    where = Endpoint(host=HOST, port=gateway.port, client_id=1, account=ACCOUNT, real_money=False)
    supervisor = Supervisor(where, SETTINGS, attempt, stop, lambda _: None, Patience(sleep=stop.sleep))
    assert supervisor.run() == Ended(again=False, why="SIGINT")
    assert time.monotonic() - pressed_s[0] < 0.5
    assert signal.getsignal(signal.SIGINT) is before
    pressing.join()


def test_without_the_breaker_a_gateway_that_fails_each_time_is_called_without_a_pause(gateway: Gateway) -> None:
    """What the tests above measure is the breaker's work: one that never opens lets every attempt through."""
    session = Attempts(gateway, *[dropped_after(1, trading=False)] * 9, over)
    session.supervisor._breaker._max_failures = 1_000
    session.supervisor.run()
    assert session.waiting.pauses == []

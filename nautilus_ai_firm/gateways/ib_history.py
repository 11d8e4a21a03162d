"""Bars of the past from the broker's gateway, over a connection of their own, within its pacing.

"No data" and "asked too often" come as one error, 162, and differ in its words alone: the first is an empty answer, the
second is waited out. Each request has three tries, each over a connection that works, and then one clear error.
"""

import socket
import time
from collections.abc import Callable
from typing import Self

from nautilus_ai_firm.gateways.errors import HistoryError, HistoryUnavailableError, NotThere, Paced
from nautilus_ai_firm.gateways.ib_bars import HistoryBar, HistoryRequest, read_bar, written
from nautilus_ai_firm.gateways.ib_call import (
    REQUEST_FIELD,
    answered_within,
    call,
    refusal_of_stranger,
    refused_by,
)
from nautilus_ai_firm.gateways.ib_endpoint import Endpoint
from nautilus_ai_firm.gateways.ib_fields import WireError, fields, repeated, whole
from nautilus_ai_firm.gateways.ib_pacing import Pacing
from nautilus_ai_firm.gateways.ib_retry import TRIES, Patience, three_tries
from nautilus_ai_firm.gateways.ib_wire import ERROR, Wire
from nautilus_ai_firm.settings import InteractiveBrokers

HISTORICAL_DATA, HISTORICAL_DATA_END, HISTORICAL_DATA_REQUEST = 217, 308, 220
HISTORY_REFUSED, TOO_MANY_MESSAGES, CONNECTION_LOST = 162, 100, 1100
PACING_WORDS, NO_DATA_WORDS = ("pacing violation",), ("returned no data",)  # what tells one error 162 from another
ANSWER_S = 60.0  # the broker fetches old bars from elsewhere, which takes longer than its other answers


class HistoryLine:
    """A connection for bars of the past, made with the first request and again after a loss; a context closes it.

    Parameters
    ----------
    endpoint : Endpoint
        Where the gateway is.
    settings : InteractiveBrokers
        How long its greeting may take (`answer_seconds`).
    say : callable
        Takes a line before each pause.
    pacing : Pacing
        What was asked already, on other lines too.
    patience : Patience
        How to wait.
    answer_s : float
        How long the bars of one request may take, in seconds.

    """

    def __init__(
        self,
        endpoint: Endpoint,
        settings: InteractiveBrokers,
        say: Callable[[str], None],
        pacing: Pacing,
        patience: Patience,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._say = say
        self._pacing = pacing
        self._patience = patience
        self._answer_s = answer_s
        self._connection: socket.socket | None = None
        self._number = 0

    def __enter__(self) -> Self:
        """Open nothing yet."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Hang up."""
        self._hang_up()

    def bars(self, request: HistoryRequest) -> list[HistoryBar]:
        """Ask for bars, oldest first; none where the broker has no data.

        Raises
        ------
        HistoryUnavailableError
            Three tries were in vain, or the broker does not give them (162): names the instrument and what it said.
        HistoryError
            The broker refuses, since the request is wrong.
        GatewayError
            Who answers is not the broker's gateway, or too old.

        """
        symbol = request.contract.symbol
        try:
            return three_tries(lambda: self._try(request), self._patience, lambda line: self._say(f"{symbol}: {line}"))
        except Paced as last:
            raise HistoryUnavailableError(
                f"{symbol}: the gateway at {self._endpoint.address} calls the request for bars too fast, {TRIES} times "
                f"over: {last} (allowed: 60 requests in ten minutes, of all its clients together)"
            ) from None
        except NotThere as last:
            raise HistoryUnavailableError(
                f"{symbol}: no bars from {self._endpoint.address} in {TRIES} tries: {last} "
                "(allowed: a gateway that is connected to the broker)"
            ) from None
        except WireError as error:
            raise refusal_of_stranger(self._endpoint, error) from None

    def _try(self, request: HistoryRequest) -> list[HistoryBar]:
        pause_s = self._pacing.wait_s(self._patience.clock(), request, request.contract)
        if pause_s > 0:
            self._say(f"{request.contract.symbol}: pacing, next request in {pause_s:.0f} s")
            self._patience.sleep(pause_s)
        try:
            if self._connection is None:
                self._connection = call(
                    self._endpoint, self._endpoint.history_client_id, self._settings.answer_seconds
                ).connection
            self._number += 1
            with answered_within(self._answer_s):
                wire = Wire(self._connection, time.monotonic() + self._answer_s)
                self._pacing.asked(self._patience.clock(), request, request.contract)
                wire.ask(HISTORICAL_DATA_REQUEST, written(self._number, request))
                return self._read(wire, request.contract.symbol)
        except (NotThere, WireError, HistoryError):
            self._hang_up()  # half an answer may be on the way
            raise

    def _read(self, wire: Wire, symbol: str) -> list[HistoryBar]:
        bars: list[HistoryBar] = []
        while True:
            number, body = wire.answer()
            if number == ERROR:
                said = fields(body)
                code, words = refused_by(said)
                if code == CONNECTION_LOST:
                    raise NotThere(f"error {code}, {words}")
                if code and whole(said, REQUEST_FIELD) == self._number:
                    self._refuse(code, words, symbol)
                    return []
            elif number in {HISTORICAL_DATA, HISTORICAL_DATA_END} and whole(fields(body), 1) == self._number:
                if number == HISTORICAL_DATA_END:
                    return bars
                bars += [read_bar(said) for said in repeated(body, 2)]

    def _refuse(self, code: int, words: str, symbol: str) -> None:
        """Raise what an error means; one that says that there are no data is no fault."""
        if code == TOO_MANY_MESSAGES or (
            code == HISTORY_REFUSED and any(word in words.lower() for word in PACING_WORDS)
        ):
            raise Paced(f"error {code}, {words}")
        if code != HISTORY_REFUSED or not any(word in words for word in NO_DATA_WORDS):
            refusal = HistoryUnavailableError if code == HISTORY_REFUSED else HistoryError
            raise refusal(
                f"{symbol}: the gateway at {self._endpoint.address} refuses bars of the past: error {code}, {words} "
                "(allowed: an instrument whose market data the account may see)"
            )

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

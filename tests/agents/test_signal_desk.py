"""A snapshot in, one signal of each agent out, in the order of the configuration."""

from typing import Any

import numpy as np
import pytest

from nautilus_ai_firm.agents.signals import Seat, SignalDesk
from nautilus_ai_firm.bus import Topic
from nautilus_ai_firm.messages import QuotingIntent
from tests.agents.conftest import Bench


class Says:
    """A model that always says the same."""

    horizon_rounds = 1

    def __init__(self, score: Any, sure: Any = (1.0, 1.0)) -> None:
        self._said = np.array(score), np.array(sure)

    def update(self, _market: Any) -> Any:
        return self._said[0].copy(), self._said[1].copy()


class Quotes(Says):
    """A model that would also quote, always at the same place."""

    def __init__(self, bid_offset: Any, ask_offset: Any, inventory_offset: Any = (0.0, 0.0)) -> None:
        super().__init__((0.0, 0.0))
        self._offsets = {"bid_offset": bid_offset, "ask_offset": ask_offset, "inventory_offset": inventory_offset}

    @property
    def intent(self) -> QuotingIntent:
        return QuotingIntent(**{name: np.array(values) for name, values in self._offsets.items()})


def seats(*models: Any) -> list[Seat]:
    names = ("gamma", "alpha", "beta")
    return [
        Seat(name=name, place=place, model=model)
        for place, (name, model) in enumerate(zip(names, models, strict=False))
    ]


@pytest.mark.parametrize("shared", [True, False])
def test_each_agent_speaks_once_a_round_at_its_place(bench: Bench, shared: bool) -> None:
    chairs = seats(Says((0.1, 0.2)), Says((0.3, np.nan)), Says((-1.0, 1.0)))
    heard = bench.sit(
        lambda _book, _ledger, failures: [
            SignalDesk(group, failures) for group in ([chairs] if shared else [[one] for one in chairs])
        ],
        [(Topic.SNAPSHOT, bench.snapshot(1)), (Topic.SNAPSHOT, bench.snapshot(2))],
        [Topic.SIGNAL],
    )
    assert bench.failures.first is None
    assert [(one.round, one.agent) for one in heard] == [
        (round_, name) for round_ in (1, 2) for name in ("gamma", "alpha", "beta")
    ]
    np.testing.assert_array_equal(heard[1].score, [0.3, np.nan])
    assert heard[0].ts_event == bench.close_ns
    assert not heard[0].score.flags.writeable


def test_who_would_quote_says_where_and_others_say_nothing(bench: Bench) -> None:
    heard = bench.sit(
        lambda _book, _ledger, failures: [
            SignalDesk(seats(Says((0.1, 0.2)), Quotes((0.001, np.nan), (-0.0005, np.nan))), failures)
        ],
        [(Topic.SNAPSHOT, bench.snapshot())],
        [Topic.SIGNAL],
    )
    assert bench.failures.first is None
    assert heard[0].quoting is None
    np.testing.assert_array_equal(heard[1].quoting.bid_offset, [0.001, np.nan])
    np.testing.assert_array_equal(heard[1].quoting.ask_offset, [-0.0005, np.nan])
    assert not heard[1].quoting.ask_offset.flags.writeable


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Says((1.0000001, 0.0)), "score .* lies outside"),
        (Says((-1.5, 0.0)), "score .* lies outside"),
        (Says((np.inf, 0.0)), "score .* lies outside"),
        (Says((0.0, 0.0), (1.1, 0.0)), "confidence .* lies outside"),
        (Says((0.0, 0.0), (-0.1, 0.0)), "confidence .* lies outside"),
        (Says((0.0,)), r"score has shape \(1,\), not \(2,\)"),
        (Says((0.0, 0.0), (0.0, 0.0, 0.0)), r"confidence has shape \(3,\)"),
        (Quotes((0.1,), (0.1, 0.1)), r"bid_offset has shape \(1,\), not \(2,\)"),
        (Quotes((0.1, 0.1), (0.1, np.inf)), "ask_offset .* holds an infinite number"),
        (Quotes((0.1, -0.1), (0.1, 0.05)), "bid_offset .* and ask_offset .* cross"),
    ],
)
def test_a_view_outside_its_range_fails_the_agent_by_name(bench: Bench, model: Says, message: str) -> None:
    heard = bench.sit(
        lambda _book, _ledger, failures: [SignalDesk(seats(model), failures)],
        [(Topic.SNAPSHOT, bench.snapshot())],
        [Topic.SIGNAL],
    )
    assert heard == []
    failure = bench.failures.first
    assert failure is not None
    assert failure.component == "signals.gamma"
    with pytest.raises(ValueError, match=message):
        raise ValueError(failure.error)

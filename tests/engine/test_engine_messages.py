"""What the engine does with topics and custom data: order of delivery, and when."""

import pytest
from nautilus_trader.common import DataActor
from nautilus_trader.model import CustomData, DataType, register_custom_data_class
from nautilus_trader.model.custom import customdataclass
from nautilus_trader.trading import ExecutionAlgorithm, Strategy


@customdataclass
class Figure:
    """A published figure."""

    name: str = ""
    value: float = 0.0


register_custom_data_class(Figure)


@pytest.mark.parametrize("priorities", [(3, 2, 1), (1, 2, 3), (2, 70_000, 0), (0, 5, 4)])
def test_subscribers_are_called_from_the_highest_priority_to_the_lowest(tape, new_engine, priorities):
    heard: list[int] = []

    class Publisher(DataActor):
        def on_start(self):
            self.subscribe_trades(stock.id)
            for priority in priorities:
                self.subscribe_topic("news", lambda _message, priority=priority: heard.append(priority), priority)

        def on_trade(self, trade):
            self.publish_message("news", trade)

    stock = tape.equity()
    new_engine([stock], [Publisher()], [tape.ticks(stock, ["10.00"])]).run()
    assert heard == sorted(priorities, reverse=True)


def test_a_message_arrives_as_the_same_object_before_publish_returns_and_depth_first(tape, new_engine):
    steps: list[str] = []
    message = object()
    received: list[object] = []

    class Publisher(DataActor):
        def on_start(self):
            self.subscribe_trades(stock.id)
            self.subscribe_topic("first", self.forward, 2)
            self.subscribe_topic("first", lambda _message: steps.append("second subscriber"), 1)
            self.subscribe_topic("next", lambda _message: steps.append("end of the chain"), 1)

        def on_trade(self, trade):  # noqa: ARG002 - the engine's signature
            self.publish_message("first", message)
            steps.append("publisher goes on")

        def forward(self, arrived):
            received.append(arrived)
            steps.append("first subscriber")
            self.publish_message("next", arrived)

    stock = tape.equity()
    new_engine([stock], [Publisher()], [tape.ticks(stock, ["10.00"])]).run()
    assert received[0] is message
    assert steps == ["first subscriber", "end of the chain", "second subscriber", "publisher goes on"]


@pytest.mark.parametrize("order", ["figures first", "bars first"])
def test_custom_data_streams_in_time_and_among_equals_in_the_order_of_add_data(tape, new_engine, order):
    seen: list[tuple[int, str]] = []

    class Reader(DataActor):
        def on_start(self):
            self.subscribe_data(DataType("Figure"))
            self.subscribe_bars(tape.bar_type(stock))

        def on_data(self, data):
            assert isinstance(data.data, Figure)
            seen.append((data.ts_init - tape.T0, data.data.name))

        def on_bar(self, bar):
            seen.append((bar.ts_init - tape.T0, "bar"))
            self.clock.set_time_alert_ns(
                "round", bar.ts_init + 1, lambda event: seen.append((event.ts_event - tape.T0, "alert"))
            )

    stock = tape.equity()

    def figure(ts: int, name: str) -> CustomData:
        return CustomData(DataType("Figure"), Figure(ts, ts, name=name, value=1.5))  # pyright: ignore[reportCallIssue] - the decorator adds the two times

    figures = [figure(tape.T0, "early"), figure(tape.T0 + tape.DAY, "same time"), figure(tape.T0 + tape.DAY + 2, "z")]
    bars = [tape.bar(stock, tape.T0 + tape.DAY, ["1.00", "1.00", "1.00", "1.00"])]
    data = [figures, bars] if order == "figures first" else [bars, figures]
    new_engine([stock], [Reader()], data).run()
    middle = [(tape.DAY, "same time"), (tape.DAY, "bar")]
    if order == "bars first":
        middle.reverse()
    assert seen == [(0, "early"), *middle, (tape.DAY + 1, "alert"), (tape.DAY + 2, "z")]


@pytest.mark.parametrize("priority", [-1, 2**32])
def test_a_priority_outside_32_unsigned_bits_is_refused(tape, new_engine, priority):
    class Reader(DataActor):
        def on_start(self):
            self.subscribe_topic("news", print, priority)

    stock = tape.equity()
    engine = new_engine([stock], [Reader()], [tape.ticks(stock, ["10.00"])])
    with pytest.raises(RuntimeError, match="OverflowError"):
        engine.run()


@pytest.mark.parametrize("base", [DataActor, Strategy, ExecutionAlgorithm])
def test_a_component_with_more_than_a_configuration_overrides_new(base):
    class Component(base):
        def __init__(self, *wanted):
            super().__init__()
            self.wanted = wanted

    class Roomy(Component):
        def __new__(cls, *_args):
            return super().__new__(cls)

    assert Roomy("AAA", 3).wanted == ("AAA", 3)
    with pytest.raises(TypeError, match="0 to 1 positional"):
        Component("AAA", 3)

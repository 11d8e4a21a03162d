"""When the engine fires alerts and timers, whole and in chunks."""

import itertools

import pytest
from nautilus_trader.common import DataActor


class Diary(DataActor):
    """Writes down each tick, bar and the alert that its first bar of a timestamp sets 1 ns later."""

    def __new__(cls, *_args, **_kwargs):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, tape, stocks):
        super().__init__()
        self.tape = tape
        self.stocks = stocks
        self.entries: list[tuple[int, str]] = []
        self.last_bar_ns = 0

    def on_start(self):
        for stock in self.stocks:
            self.subscribe_trades(stock.id)
            self.subscribe_bars(self.tape.bar_type(stock))

    def write(self, what: str) -> None:
        self.entries.append((self.clock.timestamp_ns() - self.tape.T0, what))

    def on_trade(self, trade):
        self.write(f"tick {trade.instrument_id}")

    def on_bar(self, bar):
        self.write(f"bar {bar.bar_type.instrument_id}")
        if bar.ts_init > self.last_bar_ns:
            self.last_bar_ns = bar.ts_init
            self.clock.set_time_alert_ns(f"round {bar.ts_init}", bar.ts_init + 1, lambda _event: self.write("alert"))


def market(tape, stocks, days=4):
    """One opening tick and one bar a day for each stock, in order of time."""
    data = []
    for day, stock in itertools.product(range(days), stocks):
        start = tape.T0 + day * tape.DAY
        data.append(tape.tick(stock, start + 1_000, "10.00"))
        data.append(tape.bar(stock, start + tape.DAY, ["10.00", "10.00", "10.00", "10.00"]))
    return sorted(data, key=lambda item: item.ts_init)


def test_an_alert_one_ns_after_a_bar_fires_after_all_data_of_its_time_and_before_later_data(tape, new_engine):
    stocks = [tape.equity("AAA"), tape.equity("BBB")]
    diary = Diary(tape, stocks)
    new_engine(stocks, [diary], [market(tape, stocks, days=2)]).run(end=tape.T0 + 2 * tape.DAY + 1)
    assert diary.entries == [
        (1_000, "tick AAA.SIM"),
        (1_000, "tick BBB.SIM"),
        (tape.DAY, "bar AAA.SIM"),
        (tape.DAY, "bar BBB.SIM"),
        (tape.DAY + 1, "alert"),
        (tape.DAY + 1_000, "tick AAA.SIM"),
        (tape.DAY + 1_000, "tick BBB.SIM"),
        (2 * tape.DAY, "bar AAA.SIM"),
        (2 * tape.DAY, "bar BBB.SIM"),
        (2 * tape.DAY + 1, "alert"),
    ]


def test_data_stamped_one_ns_after_a_bar_comes_before_the_alert_of_that_time(tape, new_engine):
    stock = tape.equity()
    diary = Diary(tape, [stock])
    data = [tape.bar(stock, tape.T0, ["10.00"] * 4), tape.tick(stock, tape.T0 + 1, "10.00")]
    new_engine([stock], [diary], [data]).run(end=tape.T0 + 1)
    assert [what for _ts, what in diary.entries] == ["bar AAA.SIM", "tick AAA.SIM", "alert"]


@pytest.mark.parametrize(("margin_ns", "alerts"), [(None, 3), (0, 3), (1, 4)])
def test_the_last_alert_fires_only_when_the_run_ends_one_ns_after_the_data(tape, new_engine, margin_ns, alerts):
    stock = tape.equity()
    diary = Diary(tape, [stock])
    data = market(tape, [stock])
    new_engine([stock], [diary], [data]).run(end=None if margin_ns is None else data[-1].ts_init + margin_ns)
    assert sum(what == "alert" for _ts, what in diary.entries) == alerts


# 4 days of 2 ticks and 2 bars; a round ends after 4 items, 3 and 7 cut one open, range() cuts everywhere
@pytest.mark.parametrize("cuts", [[4, 8], [3, 7], [2, 6], list(range(1, 16))], ids=str)
def test_chunks_give_the_same_calls_at_the_same_times_as_the_whole(tape, new_engine, cuts):
    stocks = [tape.equity("AAA"), tape.equity("BBB")]
    data = market(tape, stocks)
    end = data[-1].ts_init + 1
    whole, chunked = Diary(tape, stocks), Diary(tape, stocks)
    new_engine(stocks, [whole], [data]).run(end=end)
    engine = new_engine(stocks, [chunked])
    for first, last in itertools.pairwise([0, *cuts, len(data)]):
        engine.add_data(data[first:last])
        engine.run(end=end, streaming=True)
        engine.clear_data()
    engine.end()
    assert len(whole.entries) == len(data) + 4
    assert chunked.entries == whole.entries


def test_streaming_without_an_end_loses_the_last_alert(tape, new_engine):
    stock = tape.equity()
    diary = Diary(tape, [stock])
    engine = new_engine([stock], [diary], [market(tape, [stock])])
    engine.run(streaming=True)
    engine.end()
    assert sum(what == "alert" for _ts, what in diary.entries) == 3


class Metronome(DataActor):
    """A minute timer set at the first tick, cancelled by its own first call if asked."""

    def __new__(cls, *_args, **_kwargs):
        return super().__new__(cls)  # the engine's own constructor takes a configuration alone

    def __init__(self, stock, cancels, stop_after_ns=None):
        super().__init__()
        self.stock = stock
        self.cancels = cancels
        self.stop_after_ns = stop_after_ns
        self.beats: list[int] = []

    def on_start(self):
        self.subscribe_trades(self.stock.id)

    def on_trade(self, trade):
        if "beat" not in self.clock.timer_names() and not self.beats:
            stop = None if self.stop_after_ns is None else trade.ts_init + self.stop_after_ns
            self.clock.set_timer_ns("beat", 60 * 1_000_000_000, trade.ts_init, stop, self.beat)

    def beat(self, event):
        self.beats.append(event.ts_event)
        if self.cancels and len(self.beats) == 1:
            self.clock.cancel_timer("beat")


def test_a_cancelled_timer_still_ticks_through_the_current_gap_in_the_data(tape, new_engine):
    stock = tape.equity()
    metronome = Metronome(stock, cancels=True)
    data = tape.ticks(stock, ["10.00"] * 3, step=tape.HOUR)
    new_engine([stock], [metronome], [data]).run()
    assert len(metronome.beats) == 60  # one wanted, 59 ghosts, none in the second hour


def test_a_timer_first_fires_one_interval_after_its_start_and_last_at_its_stop_time(tape, new_engine):
    stock = tape.equity()
    metronome = Metronome(stock, cancels=False, stop_after_ns=5 * tape.MINUTE)
    new_engine([stock], [metronome], [tape.ticks(stock, ["10.00"] * 2, step=tape.HOUR)]).run()
    assert metronome.beats == [tape.T0 + n * tape.MINUTE for n in range(1, 6)]

"""The closing auction of a simulated venue: one tick at the close of a session, as the opening ticks are at the open.

An order that is sent with it fills whole at the close. Without it the engine would fill a quarter of the last bar's
volume there, and the rest one increment away.
"""

from collections.abc import Iterable, Sequence

from nautilus_trader.model import AggressorSide, Bar, Quantity, TradeId, TradeTick

from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE
from nautilus_ai_firm.hosts.study import Stage


def closing_ticks(stage: Stage, bars: Iterable[Bar], ticks: Sequence[TradeTick]) -> list[TradeTick]:
    """Make the closing ticks of the instruments that a firm trades, where it trades in closing auctions.

    Parameters
    ----------
    stage : Stage
        The firm, its universe and the sessions of the exchange.
    bars : iterable of Bar
        Bars of some time, by time.
    ticks : sequence of TradeTick
        Ticks of that time: what a session recorded has its closing ticks already.

    """
    algorithm = stage.firm.execution.algorithm
    if algorithm is None or not algorithm.cutoff_minutes:
        return []
    closes = frozenset(stage.sessions.closes_ns.tolist())
    traded, size = frozenset(stage.universe.bar_types), Quantity.from_int(OPENING_TICK_SIZE)
    known = {(tick.instrument_id, tick.ts_event) for tick in ticks if tick.ts_event in closes}
    return [
        TradeTick(
            bar.bar_type.instrument_id,
            bar.close,
            size,
            AggressorSide.NO_AGGRESSOR,
            TradeId(f"CLOSE-{bar.ts_event}"),
            bar.ts_event,
            bar.ts_event,
        )
        for bar in bars
        if bar.ts_event in closes
        and bar.ts_init == bar.ts_event  # the price of one that a broker tells later is not known at the close
        and bar.bar_type in traded
        and (bar.bar_type.instrument_id, bar.ts_event) not in known
    ]

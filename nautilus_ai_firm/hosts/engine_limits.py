"""The firm's limits -> limits of the engine's own RiskEngine: a second wall behind the order gate, in every host.

It stands so far behind the first that it never blocks what the first lets pass without asking: stops, cancels and
liquidations. It is hit when the first wall is broken.
"""

from dataclasses import dataclass
from math import ceil

from nautilus_ai_firm.settings import Firm

HEADROOM = 2
NOTIONAL_HEADROOM = 10
STOP_STEPS = 3  # of an instrument in a round: one for the stop of what is closed, one for what is opened, one trailed
LIST_ORDERS = 2  # a stop with a take profit is replaced by two orders
LEAST_REPRICE_SECONDS = 0.25  # ticks do not come faster: `live.ib.quote_interval_ms` by default
UNLIMITED = 1_000  # messages where the firm states no limit: its gate then lets reducing orders pass alone


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """What the RiskEngine is told.

    Attributes
    ----------
    max_order_submit_rate, max_order_modify_rate : str
        Number and window, `400/00:01:00`.
    max_notional_per_order : dict of str to str
        Largest order of each instrument that has a largest order, account currency, by the firm's name.

    """

    max_order_submit_rate: str
    max_order_modify_rate: str
    max_notional_per_order: dict[str, str]


def engine_limits(firm: Firm, bar_minutes: int) -> EngineLimits:
    """Derive the second wall.

    Within one window come at most the messages that the firm allows itself, and beside them, in each round that the
    window can hold, every position may be closed in slices while the stop and the take profit of each of its layers are
    placed, resized and moved, those with a take profit with every slice. Twice that is the rate. An order may be ten
    times the largest of the firm's, or ten times the largest position if that is more, since a stop is for a whole
    position.

    Parameters
    ----------
    firm : Firm
        The settings.
    bar_minutes : int
        Length of a round.

    """
    gate, twap = firm.execution.gate, firm.execution.twap
    rounds = ceil(gate.message_window_seconds / (60 * bar_minutes)) + 1
    slices = twap.duration_minutes // twap.interval_minutes
    reducing = len(firm.market.universe) * rounds * (slices + 1 + _exit_steps(firm, slices))
    seconds, limit = gate.message_window_seconds, firm.execution.algorithm and firm.execution.algorithm.limit
    if limit is not None:  # a resting child is changed, taken back and sent again as often as the table lets it
        reducing += len(firm.market.universe) * ceil(seconds / max(limit.reprice_seconds, LEAST_REPRICE_SECONDS))
    window = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    rate = f"{HEADROOM * ((gate.max_messages or UNLIMITED) + reducing)}/{window}"
    position = (firm.risk.max_position or firm.venue.leverage) * firm.venue.starting_balance
    return EngineLimits(
        max_order_submit_rate=rate,
        max_order_modify_rate=rate,
        max_notional_per_order={
            one.id: str(ceil(NOTIONAL_HEADROOM * max(one.max_order_value, position)))
            for one in firm.market.universe
            if one.max_order_value is not None
        },
    )


def _exit_steps(firm: Firm, slices: int) -> int:
    """Most orders of exits that one instrument needs in a round."""
    stops, pyramid = firm.risk.stops, firm.execution.pyramid
    layers = 1 if pyramid is None else pyramid.max_layers + 1
    takes = stops is not None and (stops.take_profit_atr is not None or stops.take_profit_fraction is not None)
    if takes or (pyramid is not None and stops is not None):
        return layers * LIST_ORDERS * (slices + STOP_STEPS)
    return layers * STOP_STEPS

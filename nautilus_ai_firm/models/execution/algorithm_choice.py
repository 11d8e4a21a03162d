"""Size, impact and urgency -> how a parent order goes out: at once, in slices, or only in part."""

from dataclasses import dataclass
from math import ceil, floor

from nautilus_ai_firm.durations import MINUTE_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicing:
    """Configured slicing.

    Attributes
    ----------
    above_participation : float
        Orders above this share of the volume of `duration_minutes` are sliced.
    duration_minutes, interval_minutes : int
        How long, and how often.
    last_minutes : int
        Before the close, in which nothing is sliced.
    urgent_share : float
        Of the duration, for urgent orders; 0 sends them at once.
    at_once_below_bps, whole_duration_from_bps : float, optional
        Where impact is estimated it decides instead of participation: up to the one an order goes out at once, from
        the other on it takes the whole duration, and between them a part in proportion to its impact.
    cutoff_minutes : int
        Before the close, at which what is left of an order that reaches it is committed to the closing auction; 0
        commits nothing.

    """

    above_participation: float
    duration_minutes: int
    interval_minutes: int
    last_minutes: int = 0
    urgent_share: float = 1.0
    at_once_below_bps: float | None = None
    whole_duration_from_bps: float | None = None
    cutoff_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What goes out.

    Attributes
    ----------
    quantity : int
        Signed quantity in instrument units; less than asked where slicing was refused.
    end_ns : int
        End of slicing, nanoseconds UTC; 0 for an order that goes out at once.
    interval_ns : int
        Time between slices, nanoseconds; 0 for an order that goes out at once.
    messages : int
        Orders that it takes to send it.
    slicing_refused : str
        Why a large order could not be sliced, empty where it could or need not be.
    auction_ns : int
        When what is left is committed to the closing auction, nanoseconds UTC; 0 for an order that is not.

    """

    quantity: int
    end_ns: int = 0
    interval_ns: int = 0
    messages: int = 1
    slicing_refused: str = ""
    auction_ns: int = 0


def choose(
    quantity: int,
    *,
    lot_size: int,
    average_volume: float,
    bar_minutes: int,
    slicing: Slicing,
    execution_ns: int,
    session_close_ns: int,
    impact_bps: float | None = None,
    urgent: bool = False,
) -> Choice:
    """Choose between an order at once, slices, and the part of the order that the volume bears at once.

    Participation is the quantity over the volume expected while slicing would last. Slicing is refused where the
    execution data is coarser than the interval (there would be no price for the slices between) and where the
    session ends before a second slice; then the order is cut to the largest size that needs no slicing, and
    the rest is decided anew in the next round.

    Where there is a closing auction, slices that would go on behind its cut-off, or that the close cuts short, end at
    the cut-off, and what is left then goes there. The times of the slices stay those of the whole duration.

    Parameters
    ----------
    quantity : int
        Signed quantity, instrument units.
    lot_size : int
        Smallest tradable step, instrument units.
    average_volume : float
        Average volume of one bar, instrument units.
    bar_minutes : int
        Trading minutes that one bar spans.
    slicing : Slicing
        Threshold, duration and interval.
    execution_ns, session_close_ns : int
        Intended start and the close of that session, nanoseconds UTC.
    impact_bps : float, optional
        Expected impact if it went out at once, basis points; None where nobody estimates.
    urgent : bool, default False
        Whether waiting is a risk of its own: the order only reduces a position.

    """
    if not average_volume > 0:
        return Choice(quantity=0, slicing_refused="no volume is known")
    expected_volume = average_volume * slicing.duration_minutes / bar_minutes
    most_at_once = slicing.above_participation * expected_volume
    if impact_bps is None or slicing.at_once_below_bps is None:
        impact_bps, at_once = None, abs(quantity) <= most_at_once
    else:
        at_once = impact_bps <= slicing.at_once_below_bps
    if at_once or (urgent and not slicing.urgent_share):
        return Choice(quantity=quantity)
    interval_ns = slicing.interval_minutes * MINUTE_NS
    last_ns = session_close_ns - slicing.last_minutes * MINUTE_NS
    share = _share_of_duration(slicing, impact_bps, urgent=urgent)
    most = slicing.duration_minutes // slicing.interval_minutes
    wanted, fitting = max(ceil(share * most), min(most, 2)), (last_ns - execution_ns) // interval_ns
    slices = min(wanted, fitting)
    if bar_minutes > slicing.interval_minutes:
        refused = f"bars of {bar_minutes} minutes are coarser than slices of {slicing.interval_minutes}"
    elif slices <= 1:
        refused = "the session ends before a second slice"
    else:
        end_ns = execution_ns + slices * interval_ns
        cutoff_ns = session_close_ns - slicing.cutoff_minutes * MINUTE_NS
        reaches = slicing.cutoff_minutes and execution_ns < cutoff_ns and (end_ns > cutoff_ns or wanted > fitting)
        return Choice(
            quantity=quantity,
            end_ns=end_ns,
            interval_ns=interval_ns,
            messages=slices + bool(reaches),
            auction_ns=min(end_ns, cutoff_ns) if reaches else 0,
        )
    lots = min(floor(most_at_once / lot_size), abs(quantity) // lot_size)
    return Choice(quantity=(1 if quantity > 0 else -1) * lots * lot_size, slicing_refused=refused)


def _share_of_duration(slicing: Slicing, impact_bps: float | None, *, urgent: bool) -> float:
    share = slicing.urgent_share if urgent else 1.0
    if impact_bps is not None and slicing.whole_duration_from_bps is not None:
        share *= min(impact_bps / slicing.whole_duration_from_bps, 1.0)
    return share

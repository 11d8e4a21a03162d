"""Size against average volume -> how a parent order goes out: at once, in slices, or only in part."""

from dataclasses import dataclass
from math import floor

NS_PER_MINUTE = 60_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicing:
    """Configured slicing: orders above `above_participation` of the volume of `duration_minutes` are sliced."""

    above_participation: float
    duration_minutes: int
    interval_minutes: int


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

    """

    quantity: int
    end_ns: int = 0
    interval_ns: int = 0
    messages: int = 1
    slicing_refused: str = ""


def choose(
    quantity: int,
    *,
    lot_size: int,
    average_volume: float,
    bar_minutes: int,
    slicing: Slicing,
    execution_ns: int,
    session_close_ns: int,
) -> Choice:
    """Choose between an order at once, slices, and the part of the order that the volume bears at once.

    Participation is the quantity over the volume expected while slicing would last. Slicing is refused where the
    execution data is coarser than the interval (there would be no price for the slices between) and where the
    session ends before a second slice; then the order is cut to the largest size that needs no slicing, and
    the rest is decided anew in the next round.

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

    """
    if not average_volume > 0:
        return Choice(quantity=0, slicing_refused="no volume is known")
    expected_volume = average_volume * slicing.duration_minutes / bar_minutes
    most_at_once = slicing.above_participation * expected_volume
    if abs(quantity) <= most_at_once:
        return Choice(quantity=quantity)
    interval_ns = slicing.interval_minutes * NS_PER_MINUTE
    slices = min(slicing.duration_minutes // slicing.interval_minutes, (session_close_ns - execution_ns) // interval_ns)
    if bar_minutes > slicing.interval_minutes:
        refused = f"bars of {bar_minutes} minutes are coarser than slices of {slicing.interval_minutes}"
    elif slices <= 1:
        refused = "the session ends before a second slice"
    else:
        end_ns = execution_ns + slices * interval_ns
        return Choice(quantity=quantity, end_ns=end_ns, interval_ns=interval_ns, messages=slices)
    lots = floor(most_at_once / lot_size)
    return Choice(quantity=(1 if quantity > 0 else -1) * lots * lot_size, slicing_refused=refused)

"""6. Parent -> child orders: five algorithms, which are one component with five schedules.

Each is what its orders are called and how it makes a schedule; all else is `agents/slicing.py`.
"""

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
from nautilus_ai_firm.agents.scheduling import Asked, Scheduling
from nautilus_ai_firm.agents.slicing import SlicingAlgorithm
from nautilus_ai_firm.bus import Failures
from nautilus_ai_firm.clock import MarketTime
from nautilus_ai_firm.models.execution.schedules import (
    FrontLoaded,
    Participation,
    Randomised,
    Schedule,
    TimeWeighted,
    VolumeWeighted,
)
from nautilus_ai_firm.models.execution.session_volume import SessionVolume
from nautilus_ai_firm.settings import Algorithm

CURVE_SESSIONS, CURVE_BIN_MINUTES = 20, 5
"""What the volume curve is learnt from where the configuration does not say."""


def equal_slices(asked: Asked) -> Schedule:
    """Equal slices, whatever is configured: additions to a position, each only while the market confirms it."""
    return TimeWeighted(asked.window)


def equal_or_drawn_slices(asked: Asked) -> Schedule:
    """Equal slices; where times or sizes are randomised, the draws belong to the parent's id."""
    settings = asked.settings
    times, sizes = settings.randomise_times or 0.0, settings.randomise_sizes or 0.0
    if not times and not sizes:
        return TimeWeighted(asked.window)
    return Randomised(asked.window, asked.parent_id, settings.seed, times, sizes)


def along_the_volume_curve(asked: Asked) -> Schedule:
    """Follow the volume of sessions so far, corrected by today's; before the first whole session the curve is even."""
    volume, told = asked.volume, asked.told
    assert volume is not None
    return VolumeWeighted(
        window=asked.window,
        curve=volume.curve(asked.place) or volume.even_curve(int(told["session_minutes"])),
        open_ns=int(told["open_ns"]),
        average_volume=volume.average(asked.place) or float(told["session_volume"]),
        max_participation=asked.settings.max_participation,
    )


def at_a_rate(asked: Asked) -> Schedule:
    """Follow the market's volume, behind it, at the configured rate."""
    assert asked.settings.participation is not None  # the configuration is refused without it
    return Participation(window=asked.window, rate=asked.settings.participation)


def along_optimal_holdings(asked: Asked) -> Schedule:
    """Follow the optimal holdings, front-loaded by risk aversion; the instrument's numbers come with the parent."""
    names = ("interval", "risk_aversion", "volatility", "temporary_impact", "permanent_impact")
    return FrontLoaded(window=asked.window, **{name: float(asked.told[name]) for name in names})


def added_up(universe: Universe, settings: Algorithm) -> SessionVolume:  # noqa: ARG001 - what every kind is asked with
    """Add up volume, and learn no curve."""
    return SessionVolume(len(universe.names), universe.bar_minutes)


def learnt(universe: Universe, settings: Algorithm) -> SessionVolume:
    """Learn a curve from every session that ends."""
    return SessionVolume(
        len(universe.names),
        universe.bar_minutes,
        settings.curve_bin_minutes or CURVE_BIN_MINUTES,
        settings.curve_sessions or CURVE_SESSIONS,
    )


TWAP = Scheduling(name="TWAP", turn=0, schedule=equal_or_drawn_slices)
PYRAMID = Scheduling(name="PYRAMID", turn=4, schedule=equal_slices)
SCHEDULINGS = {
    "twap": TWAP,
    "vwap": Scheduling(name="VWAP", turn=1, schedule=along_the_volume_curve, volume=learnt),
    "pov": Scheduling(name="POV", turn=2, schedule=at_a_rate, volume=added_up),
    "almgren_chriss": Scheduling(name="ALMGREN_CHRISS", turn=3, schedule=along_optimal_holdings),
}
"""By the name in the configuration."""


def slicing_algorithms(
    universe: Universe,
    gate: OrderGate,
    time: MarketTime,
    failures: Failures,
    settings: Algorithm | None,
    *,
    pyramids: bool = False,
) -> list[SlicingAlgorithm]:
    """Make the algorithms of a firm: TWAP, the configured one, and the pyramid where positions have layers."""
    chosen = TWAP if settings is None else SCHEDULINGS[settings.name]
    kinds = [TWAP, *([] if chosen is TWAP else [chosen]), *([PYRAMID] if pyramids else [])]
    return [SlicingAlgorithm(kind, universe, gate, time, failures, settings) for kind in kinds]

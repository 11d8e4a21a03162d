"""6. Parent -> child orders: five algorithms, each the skeleton of `agents/slicing.py` with a schedule of its own."""

from typing import Any

from nautilus_ai_firm.agents.book import Universe
from nautilus_ai_firm.agents.gate import OrderGate
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
    Window,
)
from nautilus_ai_firm.models.execution.session_volume import SessionVolume
from nautilus_ai_firm.settings import Algorithm

CURVE_SESSIONS, CURVE_BIN_MINUTES = 20, 5
"""What the volume curve is learnt from where the configuration does not say."""


class TwapAlgorithm(SlicingAlgorithm):
    """Time-weighted average price: equal slices, or drawn ones."""

    NAME, TURN = "TWAP", 0

    def schedule(self, window: Window, order: Any) -> Schedule:
        """Equal slices; where times or sizes are randomised, the draws belong to the parent's id."""
        times, sizes = self.settings.randomise_times or 0.0, self.settings.randomise_sizes or 0.0
        if not times and not sizes:
            return TimeWeighted(window)
        return Randomised(window, str(order.client_order_id), self.settings.seed, times, sizes)


class VwapAlgorithm(SlicingAlgorithm):
    """Volume-weighted average price: along the volume that sessions so far had, corrected by today's."""

    NAME, TURN = "VWAP", 1

    def volume_of(self, universe: Universe) -> SessionVolume:
        """Learn a curve from every session that ends."""
        return SessionVolume(
            len(universe.names),
            universe.bar_minutes,
            self.settings.curve_bin_minutes or CURVE_BIN_MINUTES,
            self.settings.curve_sessions or CURVE_SESSIONS,
        )

    def schedule(self, window: Window, order: Any) -> Schedule:
        """Follow the curve; before the first whole session it is even, and then this is a TWAP that adapts."""
        assert self._volume is not None
        told = order.exec_algorithm_params
        place = self._place[order.instrument_id]
        return VolumeWeighted(
            window=window,
            curve=self._volume.curve(place) or self._volume.even_curve(int(told["session_minutes"])),
            open_ns=int(told["open_ns"]),
            average_volume=self._volume.average(place) or float(told["session_volume"]),
            max_participation=self.settings.max_participation,
        )


class PovAlgorithm(SlicingAlgorithm):
    """Percentage of volume: behind the market, at a rate."""

    NAME, TURN = "POV", 2

    def volume_of(self, universe: Universe) -> SessionVolume:
        """Add up volume, and learn no curve."""
        return SessionVolume(len(universe.names), universe.bar_minutes)

    def schedule(self, window: Window, order: Any) -> Schedule:  # noqa: ARG002 - the rate is everybody's
        """Follow volume at the configured rate."""
        assert self.settings.participation is not None  # the configuration is refused without it
        return Participation(window=window, rate=self.settings.participation)


class AlmgrenChrissAlgorithm(SlicingAlgorithm):
    """Optimal execution: front-loaded by risk aversion against impact."""

    NAME, TURN = "ALMGREN_CHRISS", 3

    def schedule(self, window: Window, order: Any) -> Schedule:
        """Follow the optimal holdings; the numbers of the instrument come with the parent."""
        names = ("interval", "risk_aversion", "volatility", "temporary_impact", "permanent_impact")
        return FrontLoaded(window=window, **{name: float(order.exec_algorithm_params[name]) for name in names})


class PyramidAlgorithm(SlicingAlgorithm):
    """An addition to a position: equal slices, each only while the market is beyond the parent's floor price."""

    NAME, TURN = "PYRAMID", 4

    def schedule(self, window: Window, order: Any) -> Schedule:  # noqa: ARG002 - its parameters are the skeleton's
        """Equal slices; what is not confirmed in time is left to the next decision."""
        return TimeWeighted(window)


ALGORITHMS = {
    "twap": TwapAlgorithm,
    "vwap": VwapAlgorithm,
    "pov": PovAlgorithm,
    "almgren_chriss": AlmgrenChrissAlgorithm,
}


def other_algorithms(
    universe: Universe,
    gate: OrderGate,
    time: MarketTime,
    failures: Failures,
    settings: Algorithm | None,
    *,
    pyramids: bool = False,
) -> list[SlicingAlgorithm]:
    """Make the algorithms that sit beside TWAP: the configured one, and the pyramid where positions have layers."""
    name = "twap" if settings is None else settings.name
    kinds = [ALGORITHMS[name]] if name != "twap" else []
    kinds += [PyramidAlgorithm] if pyramids else []
    return [kind(universe, gate, time, failures, settings) for kind in kinds]

"""Historical stress scenarios and a catalog -> the moves measured again, beside those that are written down."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.durations import SECOND_NS
from nautilus_ai_firm.research.outline import aligned
from nautilus_ai_firm.settings.stress import StressScenario

WRITTEN_TO = 0.0005
"""Half a unit of the last written place: moves are written to a tenth of a percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMove:
    """One shock of a historical scenario: as written and as measured, returns over its horizon."""

    scenario: str
    of: str
    series: str
    written: float
    measured: float

    @property
    def agrees(self) -> bool:
        """Whether the written move is the measured one, rounded."""
        return abs(self.written - self.measured) <= WRITTEN_TO * (1 + 1e-9)


def measured_moves(scenario: StressScenario, catalog: Catalog) -> list[MeasuredMove]:
    """Measure a historical scenario on the series of a catalog: price of the last bar over close of the first, less 1.

    Raises
    ------
    ValueError
        A scenario that is not historical.
    CatalogError
        A series that the catalog does not hold, or one without a bar that closes at either moment.

    """
    if scenario.begin is None or scenario.end is None:
        raise ValueError(f"{scenario.name} is {scenario.kind}: allowed is a historical scenario")
    begin, end = (_nanoseconds(moment) for moment in (scenario.begin, scenario.end))
    moves: list[MeasuredMove] = []
    for shock in scenario.shocks:
        series = str(shock.series)
        bars = catalog.bar_columns(series, begin, end)
        start = bars.close[_row(bars, begin, series, scenario.begin)]
        stop = (bars.low if scenario.price == "low" else bars.close)[_row(bars, end, series, scenario.end)]
        moves.append(
            MeasuredMove(
                scenario=scenario.name,
                of=str(shock.instrument or shock.sector),
                series=series,
                written=shock.move,
                measured=float(stop / start - 1),
            )
        )
    return moves


def stress_report(scenarios: tuple[StressScenario, ...], catalog: Catalog) -> tuple[str, bool]:
    """Write what every scenario says beside what is measured, and whether all of it agrees.

    Raises
    ------
    CatalogError
        As `measured_moves`.

    """
    lines: list[str] = []
    agree = True
    for scenario in scenarios:
        lines.append(
            f"{scenario.name} ({scenario.kind}, {scenario.horizon_sessions:g} sessions): {scenario.description}"
        )
        if scenario.kind == "hypothetical":
            lines += [f"  {shock.instrument or shock.sector} {shock.move:+.1%}" for shock in scenario.shocks]
            continue
        moves = measured_moves(scenario, catalog)
        agree &= all(move.agrees for move in moves)
        lines.append(f"  {scenario.begin:%Y-%m-%d %H:%M} to {scenario.end:%Y-%m-%d %H:%M} UTC, {scenario.price}")
        lines += aligned([_row_of(move) for move in moves], right=(1, 2))
    return "\n".join([*lines, "all moves as written" if agree else "written moves differ: see above"]), agree


def _row_of(move: MeasuredMove) -> tuple[str, ...]:
    verdict = "" if move.agrees else "differs"
    return (f"  {move.of}", f"{move.written:+.1%}", f"{move.measured:+.3%}", move.series, verdict)


def _row(bars: BarColumns, ts_ns: int, series: str, moment: datetime) -> int:
    found = np.flatnonzero(bars.ts_close_ns == ts_ns)
    if not found.size:
        raise CatalogError(f"{series}: no bar closes at {moment.isoformat()}")
    return int(found[0])


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND_NS

"""The shape of stress scenarios: `configs/stress/*.toml`, one file each, and the table that limits their losses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.stress import Scenario, Shock, Stress

type Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
type Text = Annotated[str, Meta(min_length=1)]
type Moment = Annotated[datetime, Meta(tz=True)]

EVERYTHING = "*"
"""What a shock of everything else is of."""

_MEASURED = ("source", "script", "begin", "end", "price")


class ShockTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happens to an instrument, to a sector, or to everything of which no other shock is said."""

    instrument: Text | None = None  # "SPY.USA", "SPY" on whatever venue, or "*": everything else
    sector: Text | None = None
    move: Annotated[float, Meta(ge=-1, le=10)]  # return over the horizon
    half_spread: Annotated[float, Meta(ge=0, le=1)] = 0.0  # of the value, paid to close at the end
    volatility_points: Annotated[float, Meta(ge=-200, le=500)] = 0.0  # hundredths a year, of options on it
    series: Text | None = None  # of the catalog, that a historical move was measured on

    def __post_init__(self) -> None:
        """Refuse a shock of nothing, and of two things."""
        if (self.instrument is None) == (self.sector is None):
            raise ValueError("a shock is of one instrument or of one sector: give one of the two keys")

    @property
    def shock(self) -> Shock:
        """The shock for the model."""
        return Shock(move=self.move, half_spread=self.half_spread, volatility_points=self.volatility_points)


class StressScenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One scenario: what happened once, with its source, or what might happen."""

    name: Name
    kind: Literal["historical", "hypothetical"]
    description: Text
    horizon_sessions: Annotated[float, Meta(gt=0, le=260)]  # how long it takes, in sessions of the exchange
    shocks: Annotated[tuple[ShockTable, ...], Meta(min_length=1)]
    source: Text | None = None  # where the prices come from
    script: Text | None = None  # what measures the moves on them
    begin: Moment | None = None  # close of the bar that the moves start from
    end: Moment | None = None  # close of the bar that they end with
    price: Literal["close", "low"] | None = None  # price of that bar

    def __post_init__(self) -> None:
        """Refuse a history without its source, a source of what never happened, and shocks that are said twice."""
        named = [(shock.instrument, shock.sector) for shock in self.shocks]
        for pair in named:
            if named.count(pair) > 1:
                raise ValueError(f"{self.name}: {pair[0] or pair[1]!r} has more than one shock")
        if (EVERYTHING, None) not in named:
            raise ValueError(f"{self.name}: no shock of instrument {EVERYTHING!r}, which holds where no other one does")
        given = [name for name in _MEASURED if getattr(self, name) is not None]
        if self.kind == "hypothetical" and (given or any(shock.series for shock in self.shocks)):
            raise ValueError(f"{self.name}: what is hypothetical has no {', '.join(_MEASURED)} and no series")
        if self.kind == "historical":
            self._refuse_no_history([name for name in _MEASURED if name not in given])

    def _refuse_no_history(self, missing: list[str]) -> None:
        if missing:
            raise ValueError(f"{self.name}: what is historical needs {', '.join(missing)}")
        if any(shock.series is None or shock.half_spread or shock.volatility_points for shock in self.shocks):
            raise ValueError(f"{self.name}: every shock of a history is a move measured on a series, and nothing else")
        if self.begin is not None and self.end is not None and self.begin >= self.end:
            raise ValueError(f"{self.name}: begin {self.begin} is not before end {self.end}")

    @property
    def scenario(self) -> Scenario:
        """The scenario for the model."""
        named = {shock.instrument: shock.shock for shock in self.shocks if shock.instrument is not None}
        return Scenario(
            name=self.name,
            everything=named.pop(EVERYTHING),
            instruments=named,
            sectors={shock.sector: shock.shock for shock in self.shocks if shock.sector is not None},
        )


class StressLimit(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The table `risk.stress`: scenarios, and the largest loss in any of them.

    In a file the key `folder` stands for the scenarios: those of every `*.toml` in it, from the file's own folder.
    """

    scenarios: Annotated[tuple[StressScenario, ...], Meta(min_length=1)]
    max_loss: Annotated[float, Meta(gt=0, le=1)] | None = None  # of equity; absent refuses what adds risk

    def __post_init__(self) -> None:
        """Refuse two scenarios of one name."""
        names = [scenario.name for scenario in self.scenarios]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"scenarios: more than one is named {', '.join(repeated)}")

    def model(self, instrument_ids: Sequence[str], sectors: Sequence[str | None]) -> Stress:
        """Make the model for a universe."""
        return Stress([scenario.scenario for scenario in self.scenarios], instrument_ids, sectors)

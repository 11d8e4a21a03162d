"""The shape of `[risk]`: every limit of the risk desk, and which of them nobody stated."""

from typing import Literal

from msgspec import Struct

from nautilus_ai_firm.models.risk.bounds import Bounds
from nautilus_ai_firm.settings.correlation import Correlation
from nautilus_ai_firm.settings.crash_velocity import Velocity
from nautilus_ai_firm.settings.drawdown_tiers import DrawdownTier, tiers_of
from nautilus_ai_firm.settings.greeks_limits import Greeks
from nautilus_ai_firm.settings.period_losses import Losses
from nautilus_ai_firm.settings.quantities import Fraction, Positive
from nautilus_ai_firm.settings.stops import Stops
from nautilus_ai_firm.settings.stress import StressLimit
from nautilus_ai_firm.settings.value_at_risk import ValueAtRisk

BOUNDS = (
    "max_position", "max_sector", "max_gross", "max_net", "max_leverage", "max_concentration", "max_participation",
    "max_turnover", "max_agent", "max_overnight",
)  # fmt: skip
"""Limits that are a number each, in the order in which they are shown."""

TABLES = {
    "value_at_risk": ("max_var", "max_es"),
    "stress": ("max_loss",),
    "losses": ("max_daily", "max_weekly", "max_rolling"),
    "velocity": (),
    "correlation": ("max_cluster",),
}
"""Tables with limits of their own, and which."""


def stated[T: Struct](table: T | str | None) -> T | None:
    """Return a table that says something: not one that is absent or switched off."""
    return None if table is None or isinstance(table, str) else table


class Risk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits, fractions of equity where nothing else is said; one that is absent refuses every order that adds risk.

    A table that the firm does not want says "off".
    """

    max_position: Positive | None = None  # one instrument
    max_sector: Positive | None = None  # sum of sizes in a sector of market.universe, by the worst fill
    max_gross: Positive | None = None  # sum of sizes
    max_net: Positive | None = None  # size of the sum
    max_leverage: Positive | None = None  # sum of sizes by the worst fill of what works
    max_concentration: Fraction | None = None  # sum of (size / max_gross)^2: Herfindahl-Hirschman index of a full book
    max_participation: Positive | None = None  # of the average volume of a session, in one trade
    max_turnover: Positive | None = None  # sum of the sizes of the trades of a round
    max_agent: Positive | None = None  # sum of sizes that goes back to one agent
    agent_budgets: dict[str, Positive] = {}  # agents with a budget of their own in place of max_agent
    max_overnight: Positive | None = None  # sum of sizes held through a close
    max_drawdown: Fraction | None = None  # from the high-water mark: halts
    warn_share: Fraction = 0.8  # use of a limit from which there is a warning
    drawdown_tiers: tuple[DrawdownTier, ...] = ()  # steps before max_drawdown
    value_at_risk: ValueAtRisk | Literal["off"] | None = None
    stress: StressLimit | Literal["off"] | None = None
    losses: Losses | Literal["off"] | None = None
    velocity: Velocity | Literal["off"] | None = None
    correlation: Correlation | Literal["off"] | None = None
    greeks: Greeks | Literal["off"] | None = None  # of options held beside the firm; absent as "off": there are none
    halt_allows_reducing: bool
    kill_switch_file: str  # relative to the configuration's folder
    kill_switch_flattens: bool = False  # whether a latched switch closes every position, or holds them
    stops: Stops | None = None

    def __post_init__(self) -> None:
        """Refuse what one field alone cannot show."""
        tiers_of(self.drawdown_tiers)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of the limits that nobody stated, those of tables with the table."""
        numbers = [name for name in (*BOUNDS, "max_drawdown") if getattr(self, name) is None]
        for table, names in TABLES.items():
            value = getattr(self, table)
            if value is None:
                numbers.append(table)
            elif stated(value) is not None:
                numbers += [f"{table}.{name}" for name in names if getattr(value, name) is None]
        greeks = stated(self.greeks)
        return (*numbers, *(f"greeks.{name}" for name in (() if greeks is None else greeks.missing)))

    @property
    def bounds(self) -> Bounds:
        """The limits that are a number each, for the model; what nobody stated limits nothing there."""
        return Bounds(**{name: value for name in BOUNDS if (value := getattr(self, name)) is not None})

"""The shape of `configs/*.toml`: one struct per table; unknown keys and out-of-range values are refused."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from nautilus_ai_firm.settings.execution import Execution
from nautilus_ai_firm.settings.live import Live
from nautilus_ai_firm.settings.market import Market
from nautilus_ai_firm.settings.names import InstrumentName, Name, refuse_repeats
from nautilus_ai_firm.settings.quantities import Count, Fraction, NonNegative, Positive
from nautilus_ai_firm.settings.risk import Risk, stated
from nautilus_ai_firm.settings.suggestion import suggest


class SignalAgent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One seat at the signal desk: a model of `models/signals/` with its parameters."""

    name: Name
    model: Name
    weight: Positive
    params: dict[str, Any] = {}
    may_miss: bool = False  # whether rounds go on without it; any other agent that is silent fails the run
    half_life_rounds: Positive | None = None  # while it is silent, its last score halves in so many rounds
    max_age_rounds: Count | None = None  # and counts for so many

    def __post_init__(self) -> None:
        """Refuse an agent that may miss rounds without bounds, and bounds that would never hold."""
        for key in ("half_life_rounds", "max_age_rounds"):
            if self.may_miss and getattr(self, key) is None:
                raise ValueError(f"{key} is missing: an agent that may_miss rounds needs it")
            if not self.may_miss and getattr(self, key) is not None:
                raise ValueError(f"{key} is given, but may_miss is false: the agent speaks in every round")


class Signals(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The signal desk: who sits, and whether each sits in an actor of its own."""

    hosting: Literal["separate", "shared"]
    agents: Annotated[tuple[SignalAgent, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse two agents of one name: records could not tell them apart."""
        refuse_repeats("agents", [agent.name for agent in self.agents])


class Cio(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How signals become weights."""

    target_volatility_per_year: Fraction
    volatility_span: Annotated[float, Meta(ge=2, le=2000)]  # rounds
    correlation_span: Annotated[float, Meta(ge=2, le=5000)]  # rounds
    max_diversification_multiplier: Annotated[float, Meta(ge=1, le=5)]


class Compliance(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may not be traded."""

    restricted: tuple[InstrumentName, ...] = ()
    restricted_may_reduce: bool


class Venue(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The account: margin, one currency."""

    currency: Literal["USD"]
    starting_balance: Positive
    leverage: Annotated[float, Meta(ge=1, le=50)]


class Costs(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What trading and holding cost; nothing here has a default, since a cost nobody stated is not zero."""

    commission_bps: Annotated[float, Meta(ge=0, le=1000)]  # of notional
    commission_minimum: NonNegative  # account currency, per order
    half_spread_bps: Annotated[float, Meta(ge=0, le=1000)]  # of notional
    impact_coefficient: Annotated[float, Meta(ge=0, le=10)]  # Y of the square-root law
    cash_rate_per_year: Annotated[float, Meta(ge=-1, le=1)]  # earned on positive cash
    margin_rate_per_year: Annotated[float, Meta(ge=0, le=1)]  # paid on borrowed cash
    borrow_rate_per_year: Annotated[float, Meta(ge=0, le=1)]  # paid on the value of short positions


class Firm(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole configuration of one firm."""

    name: Name
    market: Market
    signals: Signals
    cio: Cio
    risk: Risk
    compliance: Compliance
    execution: Execution
    venue: Venue
    costs: Costs
    live: Live = Live()

    def __post_init__(self) -> None:
        """Refuse what no table alone can show."""
        known = {instrument.id for instrument in self.market.universe}
        for name in self.compliance.restricted:
            if name not in known:
                allowed = ", ".join(sorted(known))
                raise ValueError(f"compliance.restricted names {name!r}, which is not in market.universe ({allowed})")
        for name in ("max_gross", "max_leverage"):
            limit = getattr(self.risk, name)
            if limit is not None and limit > self.venue.leverage:
                raise ValueError(f"risk.{name} {limit} is above venue.leverage {self.venue.leverage}")
        if stated(self.risk.greeks) is not None and not self.market.chains:
            raise ValueError(
                "risk.greeks.held names options, and market.chains is empty (allowed: options on the underlyings of "
                "market.chains, of which the desk reads the quotes)"
            )
        algorithm = self.execution.algorithm
        if algorithm is not None and algorithm.cutoff_minutes and self.market.calendar == "24/7":
            raise ValueError("execution.algorithm.at_end is 'auction', but market.calendar '24/7' never closes")
        agents = tuple(agent.name for agent in self.signals.agents)
        for name in self.risk.agent_budgets:
            if name not in agents:
                raise ValueError(
                    f"risk.agent_budgets names {name!r}{suggest(name, agents)}; agents are {', '.join(agents)}"
                )

    @property
    def instrument_ids(self) -> tuple[str, ...]:
        """The universe, in the order of the configuration."""
        return self.market.instrument_ids

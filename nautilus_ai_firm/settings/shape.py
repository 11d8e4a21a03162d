"""The shape of `configs/*.toml`: one struct per table; unknown keys and out-of-range values are refused."""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from nautilus_ai_firm.data.manifest import OPENING_TICK_SIZE
from nautilus_ai_firm.models.execution.pyramid import refuse_hidden_layers
from nautilus_ai_firm.settings.algorithm import Algorithm, Opening
from nautilus_ai_firm.settings.event_series import EventSeries, event_series
from nautilus_ai_firm.settings.impact import Impact
from nautilus_ai_firm.settings.pyramid import Pyramid
from nautilus_ai_firm.settings.risk import Fraction, Positive, Risk, stated
from nautilus_ai_firm.settings.suggestion import suggest

type NonNegative = Annotated[float, Meta(ge=0, le=1e15)]
type Count = Annotated[int, Meta(ge=1)]
type Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
type EventName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
type InstrumentName = Annotated[str, Meta(pattern=r"^[A-Z0-9][A-Z0-9./_^=-]*\.[A-Z][A-Z0-9]*$")]


class Instrument(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A tradable instrument and the largest order in it; without a maximum no order is sent."""

    id: InstrumentName
    sector: Annotated[str, Meta(min_length=1, max_length=64)] | None = None  # absent: alone in a sector of its own
    max_order_value: Positive | None = None  # account currency
    max_order_volume: Annotated[int, Meta(ge=1, le=OPENING_TICK_SIZE)] | None = None  # units


class Chain(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options on one underlying, as the catalog knows them by its name."""

    underlying: InstrumentName  # of the universe
    spot: InstrumentName | None = None  # an input whose prices are in the strikes' unit, where the universe's are not


class Market(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the firm looks at: decision bars of the universe, and inputs that it does not trade."""

    bar: Annotated[str, Meta(pattern=r"^[1-9][0-9]*-(MINUTE|HOUR|DAY)$")]
    calendar: Annotated[str, Meta(pattern=r"^([A-Z]{4}|24/7)$")]  # ISO 10383 code of the exchange; 24/7 never closes
    universe: Annotated[tuple[Instrument, ...], Meta(min_length=1)]
    inputs: tuple[str, ...] = ()
    quotes: bool = False  # whether snapshots have the last bid and ask of the universe
    events: tuple[EventName, ...] = ()  # series of events; one instrument's ends with it: earnings__AAPL-US
    chains: tuple[Chain, ...] = ()
    start: date | None = None
    end: date | None = None
    warm_up_rounds: Annotated[int, Meta(ge=0, le=100_000)] = 0  # before start: the desks learn, nobody decides
    grace_ms: Annotated[int, Meta(ge=1, le=600_000)] = 2_000  # where bars may be late: how long a round waits

    def __post_init__(self) -> None:
        """Refuse what one field alone cannot show."""
        _refuse_repeats("universe", [instrument.id for instrument in self.universe])
        _refuse_repeats("inputs", list(self.inputs))
        _refuse_repeats("events", list(self.events))
        _refuse_repeats("chains", [chain.underlying for chain in self.chains])
        event_series(self.events, self.instrument_ids)
        for place, chain in enumerate(self.chains):
            _refuse_unknown(f"chains[{place}].underlying", chain.underlying, "universe", self.instrument_ids)
            if chain.spot is not None:
                _refuse_unknown(f"chains[{place}].spot", chain.spot, "inputs", self.inputs)
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"start {self.start} lies after end {self.end}")

    @property
    def instrument_ids(self) -> tuple[str, ...]:
        """The universe, in the order of the configuration."""
        return tuple(instrument.id for instrument in self.universe)

    @property
    def event_series(self) -> tuple[EventSeries, ...]:
        """What each series of events is about, in the order of the configuration."""
        return event_series(self.events, self.instrument_ids)


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
        _refuse_repeats("agents", [agent.name for agent in self.agents])


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


class Twap(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Orders above a share of average volume are spread evenly over time."""

    above_participation: Fraction  # of the average volume over the slicing time
    duration_minutes: Annotated[int, Meta(ge=1, le=390)]
    interval_minutes: Annotated[int, Meta(ge=1, le=390)]

    def __post_init__(self) -> None:
        """Refuse an interval that does not fit into the duration."""
        if self.duration_minutes % self.interval_minutes:
            raise ValueError(
                f"duration_minutes {self.duration_minutes} is no multiple of interval_minutes {self.interval_minutes}"
            )


class Gate(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The last check before an order leaves; an absent limit refuses."""

    max_collar: Fraction | None = None  # |price / reference - 1|
    max_messages: Count | None = None  # per window
    message_window_seconds: Annotated[int, Meta(ge=1, le=86_399)] = 60
    max_new_parents: Count | None = None  # orders for new risk per window; absent: max_messages alone counts
    new_parents_window_seconds: Annotated[int, Meta(ge=1, le=86_399)] = 60
    min_new_parent_spacing_ms: Annotated[int, Meta(ge=0, le=60_000)] = 0  # between two of them; waits for a later tick
    max_repeats: Count | None = None  # orders for new risk in one instrument and direction per window: then it halts
    repeat_window_seconds: Annotated[int, Meta(ge=1, le=31_536_000)] = 60


class Execution(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a difference between target and position becomes orders."""

    no_trade_band: Annotated[float, Meta(ge=0, lt=1)]  # of the larger of target and position
    volume_span: Annotated[float, Meta(ge=2, le=2000)]  # rounds over which volume is averaged
    twap: Twap
    gate: Gate
    messages: bool = False  # whether what execution does is told in messages.jsonl too
    algorithm: Algorithm | None = None  # absent: TWAP at the market
    opening: Opening | None = None  # absent: a gap is only held to the collar
    impact: Impact | None = None  # absent: nobody estimates what an order will move
    pyramid: Pyramid | None = None  # absent: positions are entered at once

    def __post_init__(self) -> None:
        """Refuse a choice by an impact that nobody estimates, and layers for which no order would be sent."""
        if self.algorithm is not None and self.algorithm.by_impact is not None and self.impact is None:
            raise ValueError("algorithm.by_impact is given, but there is no execution.impact to estimate it")
        if self.pyramid is not None:
            refuse_hidden_layers(self.pyramid.rules(), self.no_trade_band)


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


class Sandbox(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the sandbox replays market data."""

    speed: Annotated[float, Meta(ge=0, le=1e9)] = 0.0  # market seconds a second; 0 is as fast as the firm can
    longest_pause_seconds: Annotated[float, Meta(ge=0, le=3600)] = 1.0  # nights and weekends are cut to this
    max_bar_delay_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 0  # bars arrive up to so late, as at a broker


type ContractId = Annotated[str, Meta(pattern=r"^\^?[A-Z0-9-]+\.[A-Z0-9]+$")]


class InteractiveBrokers(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a session trades at Interactive Brokers; where the gateway is and which account stands in the environment."""

    mode: Literal["paper", "live"] = "paper"  # "live" is real money
    market_data: Literal["live", "delayed"] = "delayed"  # delayed is what an account without subscriptions has
    wait_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 60.0  # for the gateway to be there
    answer_seconds: Annotated[float, Meta(gt=0, le=60)] = 5.0  # for its answers in one call
    agree_seconds: Annotated[float, Meta(gt=0, le=600)] = 30.0  # for own books and the broker's to agree after a return
    quote_interval_ms: Annotated[int, Meta(ge=0, le=60_000)] = 250  # a quote of an instrument in so long is recorded
    opening_auction: bool = True  # decisions for the next open go out at once, for the opening auction
    earlier_orders: Literal["cancel", "refuse"] = "cancel"  # what an earlier session left working; its stops aside
    contracts: dict[str, ContractId] = {}  # what the broker calls each instrument: "AAPL.US" = "AAPL.NASDAQ"


class Live(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What holds for sessions only, on any venue."""

    working_orders_at_end: Literal["cancel", "keep"] = "cancel"  # stops are kept
    working_orders_after_loss: Literal["cancel", "keep"] = "keep"  # of the connection, when it is back; stops are kept
    sandbox: Sandbox = Sandbox()
    ib: InteractiveBrokers | None = None


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


def _refuse_repeats(what: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{what} names {', '.join(repeated)} more than once")


def _refuse_unknown(what: str, name: str, where: str, allowed: tuple[str, ...]) -> None:
    if name not in allowed:
        known = ", ".join(allowed) or "none"
        raise ValueError(f"{what} = {name!r} is not in market.{where}{suggest(name, allowed)}; there are {known}")

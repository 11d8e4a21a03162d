"""The shape of `[live]`: what holds for sessions only, in the sandbox and at a broker."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

type ContractId = Annotated[str, Meta(pattern=r"^\^?[A-Z0-9-]+\.[A-Z0-9]+$")]


class Sandbox(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the sandbox replays market data."""

    speed: Annotated[float, Meta(ge=0, le=1e9)] = 0.0  # market seconds a second; 0 is as fast as the firm can
    longest_pause_seconds: Annotated[float, Meta(ge=0, le=3600)] = 1.0  # nights and weekends are cut to this
    max_bar_delay_ms: Annotated[int, Meta(ge=0, le=3_600_000)] = 0  # bars arrive up to so late, as at a broker


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
    interrupted_parents: Literal["resume", "drop"] = "resume"  # at a broker: by a lost connection or a lost session
    sandbox: Sandbox = Sandbox()
    ib: InteractiveBrokers | None = None

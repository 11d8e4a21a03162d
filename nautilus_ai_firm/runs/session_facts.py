"""What a session writes down beside the messages of the desks: how it began, what the venue charged, how it ended."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from nautilus_ai_firm.gateways.ib_orders import TakenBack
from nautilus_ai_firm.gateways.kill_switch import KillSwitchState
from nautilus_ai_firm.models.risk.memory import FRESH, CarriedRisk
from nautilus_ai_firm.runs.charges import FillCosts


class Host(StrEnum):
    """Where the firm sat."""

    BACKTEST = "backtest"
    SANDBOX = "sandbox"
    IB = "ib"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a session began with: everything that it takes to run it again.

    Attributes
    ----------
    run_id : str
        Name of the run.
    host : Host
        Where the firm sits.
    config : str
        Resolved configuration, TOML.
    config_sha256 : str
        Its SHA-256.
    config_source : str
        The file that it was read from; relative paths in it start at that file's folder.
    catalog : str
        Folder of the catalog.
    catalog_sha256 : str
        SHA-256 of the catalog.
    series : dict of str to str
        SHA-256 of every series of the catalog.
    instruments : tuple of dict
        Every instrument that the engine was given, as its `to_dict` writes it.
    initial_inputs : dict of str to float
        Last value of each input before the first round, where there is one.
    grace_ns : int
        How long a round waits for late bars, nanoseconds.
    first_round_ns : int
        Close of the first round, nanoseconds UTC.
    versions : dict of str to str
        Version of Python and of every package that the result depends on.
    speed : float or None
        Market seconds in a second; None for as fast as it goes.
    warm_up_rounds : int
        Rounds over which the models warmed up before the first.
    caveats : tuple of str
        What is not modelled, beside what is never modelled.
    order_tag : str
        What the id of every order begins with.
    auctions : bool
        Whether decisions for the next open go out at once, for the opening auction.
    contracts : tuple of dict
        Every contract of the option chains, as its `to_dict` writes it; the engine is not given any.
    spots : dict of str to str
        By underlying of a chain, the instrument whose close is its spot price; one that has none is absent.
    carried : CarriedRisk
        What the risk desk remembered of sessions before.
    taken_back : tuple of TakenBack
        Orders of an earlier session that were canceled before this one began.
    held : dict of str to int
        What the account held when it began, signed, by instrument.

    """

    run_id: str
    host: Host
    config: str
    config_sha256: str
    config_source: str
    catalog: str
    catalog_sha256: str
    series: dict[str, str]
    instruments: tuple[dict[str, Any], ...]
    initial_inputs: dict[str, float]
    grace_ns: int
    first_round_ns: int
    versions: dict[str, str]
    speed: float | None
    warm_up_rounds: int
    caveats: tuple[str, ...]
    order_tag: str = ""
    auctions: bool = False
    contracts: tuple[dict[str, Any], ...] = ()
    spots: dict[str, str] = field(default_factory=dict)
    carried: CarriedRisk = FRESH
    taken_back: tuple[TakenBack, ...] = ()
    held: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillCharge:
    """What the venue charges for the next fill of an order, account currency; written before the fill."""

    client_order_id: str
    costs: FillCosts


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRead:
    """A state of the kill switch that differs from the one read before, and the round in which it was read."""

    round: int
    state: KillSwitchState


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The session was started again: how many records there were, and how many bytes of a torn one were cut off."""

    after_record: int
    torn_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the session ended: `normal`, `failed`, or a word for what stopped it; and the exit status.

    `wall_seconds` is how long it ran, `peak_rss_mb` its largest memory; None where nobody measured.
    """

    reason: str
    exit_status: int
    wall_seconds: float | None = None
    peak_rss_mb: int | None = None

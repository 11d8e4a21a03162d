"""What the risk desk remembers of losses, in plain values: a firm that starts again goes on from it."""

from dataclasses import dataclass
from math import inf

from nautilus_ai_firm.models.risk.crash_velocity import VelocityState
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction
from nautilus_ai_firm.models.risk.period_losses import LossState


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityState:
    """What the next equity is measured against.

    Attributes
    ----------
    mark : float
        High-water mark, account currency, above 0.
    tier : TierAction or None
        The strictest tier of drawdown that the firm is in. The action, not a count: tiers may be configured anew.
    losses : LossState or None
        What losses of day, week and rounds are measured from; None where they have no limits.
    velocity : VelocityState or None
        What the speed of losses is measured against; None where it has no limits.

    Raises
    ------
    ValueError
        A mark that is not finite and above 0.

    """

    mark: float
    tier: TierAction | None = None
    losses: LossState | None = None
    velocity: VelocityState | None = None

    def __post_init__(self) -> None:
        """Refuse what no drawdown can be measured from."""
        if not 0 < self.mark < inf:
            raise ValueError(f"mark is {self.mark}, allowed is a finite number above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskMemory:
    """What the desk knows after a round.

    Attributes
    ----------
    ts_ns : int
        Close of the round, nanoseconds UTC.
    equity : EquityState
        What the next equity is measured against.
    halted : bool
        Whether the firm was halted: if the kill switch is open when it starts again, a person resumed.

    """

    ts_ns: int
    equity: EquityState
    halted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedRisk:
    """What a session begins with.

    Attributes
    ----------
    memory : RiskMemory or None
        What was remembered; None begins anew.
    external_flow : float
        Cash paid in (positive) or out (negative) since then, account currency: no gain and no loss.
    flows : int
        How many cash flows there ever were, those of `external_flow` included.

    """

    memory: RiskMemory | None = None
    external_flow: float = 0.0
    flows: int = 0

    @property
    def was_halted(self) -> bool:
        """Whether the firm was halted when it was remembered."""
        return self.memory is not None and self.memory.halted


FRESH = CarriedRisk()


def forget(_memory: RiskMemory) -> None:
    """Remember nothing: a simulation starts from its configured balance each time."""

"""The shape of drawdown tiers: `[[risk.drawdown_tiers]]`, from the mildest to the strictest."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction


class DrawdownTier(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happens from a drawdown on, and until equity recovered to a smaller one."""

    action: TierAction  # warn, halve, no_new_risk, flatten
    drawdown: Annotated[float, Meta(gt=0, le=1)]  # fraction of the high-water mark
    recovery: Annotated[float, Meta(ge=0, lt=1)] | None = None  # fraction; absent: until a person resumes


def tiers_of(tables: Sequence[DrawdownTier], level: int = 0) -> DrawdownTiers:
    """Make the state machine of tiers; `level` is how many the firm is in already.

    Raises
    ------
    ValueError
        Tiers out of order, or a recovery that is none.

    """
    tiers = [Tier(action=table.action, drawdown=table.drawdown, recovery=table.recovery) for table in tables]
    return DrawdownTiers(tiers, level)

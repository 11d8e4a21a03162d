"""A decision and the limits become half of the book that the limits allow."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.risk.drawdown_tiers import TierAction, within_tier
from nautilus_ai_firm.models.risk.limit_kinds import Limits
from nautilus_ai_firm.models.risk.limits import Proposal, apply_limits

OF_TRADES = frozenset({"max_participation", "max_turnover"})
"""Limits of how much is traded, and not of what is held."""


def step_down(action: TierAction | None, proposal: Proposal, limits_of: Callable[[Proposal], Limits]) -> Proposal:
    """Return what a tier leaves of a proposal, for the limits to cut.

    Half of a decision that the limits cut to less than half would be no step down at all, so where the tier halves it
    is half of what the limits would allow if nothing were held and trading took no time. That does not depend on what
    is held: a book that is halved stays as it is, however many rounds the tier lasts.

    Parameters
    ----------
    action : TierAction or None
        What the tier does; None is outside of tiers.
    proposal : Proposal
        Current and decided weights; a decided one that is not finite holds the current one.
    limits_of : callable
        From a proposal to its limits.

    """
    decided = proposal.decided
    if action is TierAction.HALVE:
        decided = np.where(np.isfinite(decided), _from_nothing(proposal, limits_of), np.nan)
    return replace(proposal, decided=within_tier(action, proposal.current, decided))


def _from_nothing(proposal: Proposal, limits_of: Callable[[Proposal], Limits]) -> Floats:
    nothing = np.zeros_like(proposal.current)
    everything = np.ones(len(nothing), dtype=np.bool_)
    free = replace(proposal, positions=nothing, current=nothing, decided=proposal.wanted, fresh=everything)
    limits = limits_of(free)
    of_holdings = replace(
        limits,
        missing=(),
        unknown=(),
        boxes=tuple(box for box in limits.boxes if box.rule not in OF_TRADES),
        linear=tuple(one for one in limits.linear if one.rule not in OF_TRADES),
    )
    return apply_limits(free, of_holdings)[0]

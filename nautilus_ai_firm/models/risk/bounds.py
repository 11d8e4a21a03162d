"""The configured numbers, and what a round knows, become the limits of that round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats
from nautilus_ai_firm.models.risk.limit_kinds import Box, Groups, HedgeBand, Joint, Limits, Linear
from nautilus_ai_firm.models.risk.limits import Proposal

UNSTATED = 1e15
"""Stands for a limit that is not configured: while there is one nothing grows, so it must only trim nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits that need no estimate, fractions of equity unless it says otherwise.

    Attributes
    ----------
    max_position : float
        Largest size of one weight; larger ones are brought back.
    max_sector : float
        Largest sum of sizes in one sector, by the worst fill of what works; an instrument without one is alone in its.
    max_gross, max_net : float
        Largest sum of sizes, largest size of the sum.
    max_leverage : float
        Largest sum of sizes by the worst fill of what works: an order to sell that works frees nothing before it is
        filled, and an order to buy counts at once.
    max_concentration : float
        Largest Herfindahl-Hirschman index of a book that uses all of `max_gross`, sum of (size / max_gross)^2, in
        (0, 1]. Measured against the gross that is allowed and not the one that is used, a first small position is no
        concentration, and the limit can be met by trading less.
    max_participation : float
        Largest trade in an instrument, a fraction of its average volume in a session.
    max_turnover : float
        Largest sum of the sizes of the trades of a round.
    max_agent : float
        Largest sum of sizes that goes back to one agent, by its share in what was decided.
    max_overnight : float
        Largest sum of sizes held through a close of the exchange: what is above is sold before.

    """

    max_position: float = UNSTATED
    max_sector: float = UNSTATED
    max_gross: float = UNSTATED
    max_net: float = UNSTATED
    max_leverage: float = UNSTATED
    max_concentration: float = UNSTATED
    max_participation: float = UNSTATED
    max_turnover: float = UNSTATED
    max_agent: float = UNSTATED
    max_overnight: float = UNSTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round knows beside the weights.

    Attributes
    ----------
    volume_weight : ndarray of shape (n,)
        Average volume of a session at the present price, fractions of equity; NaN or 0 is not known.
    overnight : bool
        Whether what is decided now is held through the next close: no later decision executes before it.
    agents : tuple of str
        Agents that had a part in the decision.
    agent_share : ndarray of shape (n_agents, n)
        Share of each in the decided weight of each instrument, in [0, 1]; 0 where nobody had a part.
    agent_budgets : mapping of str to float
        Agents that have a budget of their own in place of `max_agent`.

    """

    volume_weight: Floats
    overnight: bool
    agents: tuple[str, ...]
    agent_share: Floats
    agent_budgets: Mapping[str, float] = field(default_factory=dict[str, float])


def agent_shares(contributions: Floats) -> Floats:
    """Return what share each agent has in each weight, from signed contributions, both of shape (n_agents, n)."""
    sizes = np.abs(contributions)
    total = np.add.reduce(sizes, axis=0)
    return np.divide(sizes, total, out=np.zeros_like(sizes), where=total > 0)


def members(labels: Sequence[str | None]) -> tuple[tuple[str, ...], Floats]:
    """Return the distinct labels in order of appearance, and who bears each: 0 or 1, shape (n_labels, n)."""
    names = tuple(dict.fromkeys(label for label in labels if label is not None))
    return names, np.array([[float(label == name) for label in labels] for name in names]).reshape(-1, len(labels))


def limits_of(
    bounds: Bounds,
    sectors: tuple[tuple[str, ...], Floats],
    now: Round,
    proposal: Proposal,
    *,
    missing: tuple[str, ...] = (),
    unknown: tuple[tuple[str, Bools], ...] = (),
    bands: tuple[HedgeBand, ...] = (),
    groups: tuple[Groups, ...] = (),
    linear: tuple[Linear, ...] = (),
    joint: tuple[Joint, ...] = (),
) -> Limits:
    """Return the limits of a round.

    Parameters
    ----------
    bounds : Bounds
        The configured numbers.
    sectors : tuple of (tuple of str, ndarray of shape (n_sectors, n))
        Names of the sectors, and who is in each, as of `members`; who is in none is alone in a sector of its own.
    now : Round
        What the round knows.
    proposal : Proposal
        Current and decided weights.
    missing : tuple of str
        Limits that are not configured, whatever they limit.
    unknown : tuple of (str, ndarray of bool of shape (n,))
        Other limits for which something is not known, and of which instruments.
    bands : tuple of HedgeBand
        Limits together with what is held beside the firm.
    groups : tuple of Groups
        Other groups, after sectors and agents.
    linear : tuple of Linear
        Other numbers that are linear in the weights.
    joint : tuple of Joint
        Other measures.

    """
    floor = proposal.floor
    none, ones = np.zeros_like(floor), np.ones_like(floor)
    budgets = [now.agent_budgets.get(agent, bounds.max_agent) for agent in now.agents]
    volume_known = now.volume_weight > 0
    return Limits(
        missing=missing,
        unknown=(("max_participation", ~volume_known), *unknown),
        boxes=(
            Box(rule="max_position", limit=bounds.max_position, anchor=none, unit=ones, trims=True),
            Box(
                rule="max_participation",
                limit=bounds.max_participation,
                anchor=proposal.current,
                unit=np.where(volume_known, now.volume_weight, np.inf),
            ),
            *_alone(bounds.max_sector, sectors[1]),
        ),
        bands=bands,
        trim=bounds.max_overnight if now.overnight else None,
        groups=(
            Groups(
                rule="max_sector",
                subjects=sectors[0],
                limits=np.full(len(sectors[0]), bounds.max_sector),
                share=sectors[1],
                floor=floor,
            ),
            Groups(
                rule="max_agent",
                subjects=now.agents,
                limits=np.array(budgets, dtype=np.float64),
                share=now.agent_share,
                floor=none,
            ),
            *groups,
        ),
        linear=(
            Linear(rule="max_gross", limit=bounds.max_gross, value=gross),
            Linear(rule="max_net", limit=bounds.max_net, value=net),
            Linear(rule="max_turnover", limit=bounds.max_turnover, value=partial(turnover, proposal.current)),
            *linear,
        ),
        joint=(
            Joint(rule="max_leverage", limit=bounds.max_leverage, measure=partial(worst_gross, floor)),
            Joint(
                rule="max_concentration",
                limit=bounds.max_concentration,
                measure=partial(concentration, bounds.max_gross),
            ),
            *joint,
        ),
    )


def _alone(max_sector: float, sectors: Floats) -> tuple[Box, ...]:
    """Return the limit of those who are in no sector, where there is any."""
    alone = ~np.any(sectors > 0, axis=0)
    if not bool(np.any(alone)):
        return ()
    nothing = np.zeros(len(alone))
    return (Box(rule="max_sector", limit=max_sector, anchor=nothing, unit=np.where(alone, 1.0, np.inf)),)


def gross(weights: Floats) -> float:
    """Return the sum of sizes."""
    return float(np.sum(np.abs(weights)))


def net(weights: Floats) -> float:
    """Return the sum, signed."""
    return float(np.sum(weights))


def turnover(current: Floats, weights: Floats) -> float:
    """Return the sum of the sizes of the trades."""
    return float(np.sum(np.abs(weights - current)))


def worst_gross(floor: Floats, weights: Floats) -> float:
    """Return the sum of sizes when every order fills as badly as it can, from sizes that nothing falls below."""
    return float(np.sum(np.maximum(np.abs(weights), floor)))


def concentration(max_gross: float, weights: Floats) -> float:
    """Return the Herfindahl-Hirschman index of a book of which the gross that is allowed and not used is in no name."""
    return float(np.sum((weights / max_gross) ** 2))

"""Decided weights become weights within every limit, with a record of what was hit."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.messages import Bools, Breach, Floats
from nautilus_ai_firm.models.risk.exposure import working_floor
from nautilus_ai_firm.models.risk.halt import reducing_part
from nautilus_ai_firm.models.risk.limit_kinds import Box, Groups, HedgeBand, Joint, Limits, Linear
from nautilus_ai_firm.models.risk.scaling import joint_factor, keeps, largest_factor, passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the CIO wants, from where.

    Attributes
    ----------
    positions : ndarray of shape (n,)
        Weights of what is filled, fractions of equity, signed, finite.
    current : ndarray of shape (n,)
        Current weights, working orders included, finite.
    decided : ndarray of shape (n,)
        Decided weights; one that is not finite holds the current one.
    fresh : ndarray of shape (n,)
        Whether the instrument has a bar in this round.
    instrument_ids : tuple of str
        Names for the breaches.

    Raises
    ------
    ValueError
        A position or a current weight that is not finite, or arrays of different lengths.

    """

    positions: Floats
    current: Floats
    decided: Floats
    fresh: Bools
    instrument_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be a portfolio."""
        lengths = {len(one) for one in (self.positions, self.current, self.decided, self.fresh, self.instrument_ids)}
        if len(lengths) > 1:
            raise ValueError("positions, current, decided, fresh and instrument_ids have different lengths")
        for name, values in (("positions", self.positions), ("current weights", self.current)):
            if not bool(np.all(np.isfinite(values))):
                raise ValueError(f"{name} are {values.tolist()}, allowed are finite numbers")

    @property
    def wanted(self) -> Floats:
        """Decided weights, current ones where nothing is decided."""
        return np.where(np.isfinite(self.decided), self.decided, self.current)

    @property
    def floor(self) -> Floats:
        """Sizes that orders which work already can reach, whatever is decided."""
        return working_floor(self.positions, self.current)


def apply_limits(proposal: Proposal, limits: Limits) -> tuple[Floats, tuple[Breach, ...]]:
    """Shrink decided weights until they keep the limits.

    1. While a limit is missing, and of instruments that are stale or of which something is not known, only the reducing
       part of a trade passes: growth is held at the current weight, a flip ends at 0.
    2. Each weight is brought into its boxes, then into the bands around what is held beside the firm.
    3. If the sum of sizes is above `trim`, all weights are scaled down to it, old ones included.
    4. A group that is too large scales its own increases: base + k ** share (weight - base), where base is the reducing
       part of the trade (current for growth, 0 for a flip, the weight itself for a reduction).
    5. If a measure of all weights is too large, all increases are scaled by one factor k, the largest in [0, 1] that
       meets every one of them: in closed form for what is linear in k, by a search for the rest.

    In 4 and 5 nothing is added where the bases alone break the limit already, unless the whole trade heals it, or the
    limit is one that eases: then what brings it nearer passes.

    So each result lies between current and decided or between decided and 0, is never larger in size than both, and a
    reduction is never blocked. Applied to its own result with the same current weights, nothing changes but what a
    search leaves, 2^-40 of the trades.

    Parameters
    ----------
    proposal : Proposal
        Current and decided weights.
    limits : Limits
        What is allowed.

    Returns
    -------
    weights : ndarray of shape (n,)
        Weights to hand on.
    breaches : tuple of Breach
        What was hit, in the order of the steps and of the instruments. A missing limit counts as 0.

    """
    breaches: list[Breach] = []
    weights = _without_the_unlimited(proposal, limits, breaches)
    current = proposal.current
    for box in limits.boxes:
        weights = _in_box(box, reducing_part(current, weights), weights, proposal.instrument_ids, breaches)
    if limits.bands:
        weights = _in_bands(limits.bands, current, weights, proposal.instrument_ids, breaches)
    if limits.trim is not None:
        weights = _trimmed(weights, limits.trim, breaches)
    for groups in limits.groups:
        weights = _within_groups(groups, current, weights, breaches)
    return _within_joint_limits(limits, current, weights, breaches) + 0.0, tuple(breaches)  # + 0.0: no -0.0


def _without_the_unlimited(proposal: Proposal, limits: Limits, breaches: list[Breach]) -> Floats:
    weights, names = proposal.wanted, proposal.instrument_ids
    held = reducing_part(proposal.current, weights)
    grows = held != weights
    free = proposal.fresh & (not limits.missing)
    for i in np.flatnonzero(grows).tolist():
        breaches.extend(
            breach(f"limit_missing:{name}", names[i], weights[i], 0.0, "reducing part only") for name in limits.missing
        )
        if not limits.missing and not proposal.fresh[i]:
            breaches.append(breach("stale", names[i], weights[i], abs(proposal.current[i]), "reducing part only"))
    for rule, unknown in limits.unknown:
        breaches.extend(
            breach(f"unknown:{rule}", names[i], weights[i], 0.0, "reducing part only")
            for i in np.flatnonzero(grows & free & unknown).tolist()
        )
        free = free & ~unknown
    return np.where(free, weights, held)


def _in_box(box: Box, base: Floats, weights: Floats, instrument_ids: tuple[str, ...], breaches: list[Breach]) -> Floats:
    inside = box.clipped(base, weights)
    changed = np.flatnonzero(inside != weights)
    if changed.size:
        values = box.values(weights)
        breaches.extend(breach(box.rule, instrument_ids[i], values[i], box.limit, "clipped") for i in changed.tolist())
    return inside


def _in_bands(
    bands: tuple[HedgeBand, ...],
    current: Floats,
    weights: Floats,
    instrument_ids: tuple[str, ...],
    breaches: list[Breach],
) -> Floats:
    base, inside = reducing_part(current, weights), weights.copy()
    for band in bands:
        wanted = float(inside[band.place])
        kept = band.clipped(float(base[band.place]), wanted)
        if kept != wanted:
            inside[band.place] = kept
            breaches.append(
                Breach(
                    rule=band.rule,
                    instrument_id=instrument_ids[band.place],
                    observed=abs(band.value(wanted)),
                    limit=band.limit,
                    action="clipped" if band.width else "hedges and reductions only",
                    group=band.group,
                )
            )
    return inside


def _trimmed(weights: Floats, limit: float, breaches: list[Breach]) -> Floats:
    gross = float(np.sum(np.abs(weights)))
    if keeps(gross, limit):
        return weights
    breaches.append(breach("max_overnight", None, gross, limit, f"all weights scaled by {limit / gross:.6g}"))
    return weights * (limit / gross)


def _within_groups(groups: Groups, current: Floats, weights: Floats, breaches: list[Breach]) -> Floats:
    for group, value in enumerate(groups.values(weights).tolist()):
        limit = float(groups.limits[group])
        if keeps(value, limit):
            continue
        base = reducing_part(current, weights)  # an earlier group may have changed the weights
        steps = weights - base
        factor = largest_factor(
            lambda k, group=group, base=base, steps=steps, limit=limit: (
                groups.value(group, groups.scaled(group, base, steps, k)) <= limit
            )
        )
        breaches.append(
            Breach(
                rule=groups.rule,
                instrument_id=None,
                observed=value,
                limit=limit,
                action=f"its increases scaled by {factor:.6g}",
                group=groups.subjects[group],
            )
        )
        weights = _between(base, weights, groups.scaled(group, base, steps, factor))
    return weights


def _within_joint_limits(limits: Limits, current: Floats, weights: Floats, breaches: list[Breach]) -> Floats:
    values: list[tuple[Linear | Joint, float]] = [(one, abs(one.value(weights))) for one in limits.linear]
    values += [(one, one.measure(weights)) for one in limits.joint]
    over = [(one, value) for one, value in values if not keeps(value, one.limit)]
    if not over:
        return weights
    base = reducing_part(current, weights)
    broken = [(one, value) for one, value in over if not (one.eases and passes(one, base, weights))]
    if not broken:
        return weights
    k = joint_factor(limits.linear, limits.joint, base, weights)
    for one, value in broken:
        rule = one.rule
        if np.isfinite(value):
            breaches.append(breach(rule, None, value, one.limit, f"increases scaled by {k:.6g}"))
        elif not np.array_equal(base, weights):
            size = float(np.sum(np.abs(weights)))
            breaches.append(breach(f"unknown:{rule}", None, size, 0.0, "reducing part only"))
    return _between(base, weights, base + k * (weights - base))


def _between(base: Floats, weights: Floats, scaled: Floats) -> Floats:
    # rounding must not carry a scaled trade past either end
    return np.clip(scaled, np.minimum(base, weights), np.maximum(base, weights))


def breach(rule: str, instrument_id: str | None, observed: float, limit: float, action: str) -> Breach:
    """Describe a limit that was hit; an observed size counts without its sign."""
    return Breach(
        rule=rule, instrument_id=instrument_id, observed=abs(float(observed)), limit=float(limit), action=action
    )

"""Exposures of options that are held beside the firm become limits of its weights, and the use of those limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite

import numpy as np

from nautilus_ai_firm.messages import Bools, Breach, Floats
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS, GreekExposures
from nautilus_ai_firm.models.risk.limit_kinds import HedgeBand, Linear
from nautilus_ai_firm.models.risk.scaling import keeps
from nautilus_ai_firm.models.risk.usage import Use

PERCENT = 0.01
"""Delta of a weight of 1: what it gains, in fractions of equity, when its instrument moves by 1 %."""

UNKNOWN = "greeks"
TOLD = "told: the firm does not trade options"
TOLD_OF_DELTA = "told: hedges and reductions only"


@dataclass(frozen=True, slots=True, kw_only=True)
class GreekLimits:
    """Largest sizes of exposures, fractions of equity; None limits nothing.

    Attributes
    ----------
    max_delta : float or None
        Per 1 % move of the underlying.
    max_gamma : float or None
        Change of delta per 1 % move of the underlying.
    max_vega : float or None
        Per volatility point.
    max_theta : float or None
        Per calendar day.

    Raises
    ------
    ValueError
        A limit that is negative or not finite.

    """

    max_delta: float | None
    max_gamma: float | None
    max_vega: float | None
    max_theta: float | None

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing."""
        for name, value in zip(GREEKS, self.in_order, strict=True):
            if value is not None and not 0 <= value < inf:
                raise ValueError(f"max_{name} is {value}, allowed is a finite number from 0")

    @property
    def in_order(self) -> tuple[float | None, ...]:
        """The limits in the order of `GREEKS`."""
        return (self.max_delta, self.max_gamma, self.max_vega, self.max_theta)


@dataclass(frozen=True, slots=True, kw_only=True)
class GreekBounds:
    """The limits of a round, for the exposures of that round.

    Delta is a hundredth of the weight and the delta of the options: in an underlying of which options are held, and
    summed over all instruments. A trade changes it, so it is limited: it may bring it into its limit or nearer to it,
    and not out of it or further away. Gamma, vega and theta are those of the options alone, and no trade changes them:
    while one is over its limit in an underlying, or summed in all that have options, trades in that underlying, or in
    those, may only bring delta nearer to 0. What only reduces a weight passes in any case. Where exposures of an
    underlying are not known nothing but reductions passes in it; nor does it anywhere while a limit of the summed delta
    is stated, for that is not known either.

    Attributes
    ----------
    instrument_ids : tuple of str
        The universe.
    optioned : ndarray of shape (n,)
        Whether options on an instrument are held.
    options : GreekExposures
        Exposures of the options, summed by underlying, shape (n,); NaN is not known.
    each, together : GreekLimits
        What is allowed in one underlying, and for the sums over all.

    """

    instrument_ids: tuple[str, ...]
    optioned: Bools
    options: GreekExposures
    each: GreekLimits
    together: GreekLimits

    @property
    def unknown(self) -> Bools:
        """Instruments that have exposures which are not known, shape (n,); none where nothing is limited."""
        if all(limit is None for limit in (*self.each.in_order, *self.together.in_order)):
            return np.zeros_like(self.optioned)
        return np.isnan(self.options.rows).any(axis=0)

    def delta(self, weights: Floats) -> float:
        """Return the delta of weights and options, signed; NaN where it is not known."""
        return PERCENT * float(np.sum(weights)) + float(np.sum(self.options.delta))

    def linear(self) -> tuple[Linear, ...]:
        """Return the limit of the summed delta, where there is one."""
        limit = self.together.max_delta
        return () if limit is None else (Linear(rule="max_delta", limit=limit, value=self.delta, eases=True),)

    def bands(self) -> tuple[HedgeBand, ...]:
        """Return what holds in each underlying of which options are held."""
        known = np.flatnonzero(self.optioned & ~np.isnan(self.options.delta)).tolist()
        return tuple(band for place in known for band in self._bands_of(place))

    def uses(self, weights: Floats) -> list[Use]:
        """Return how far the limits are used by weights: of each underlying, then the sums but that of delta."""
        held = np.flatnonzero(self.optioned).tolist()
        rows = self.options.rows
        uses = [
            Use(
                rule=f"max_position_{greek}",
                subject=self.instrument_ids[place],
                value=abs(float(rows[row, place]) + (PERCENT * float(weights[place]) if greek == "delta" else 0.0)),
                limit=limit,
            )
            for place in held
            for row, greek, limit in _stated(self.each)
        ]
        sums: Floats = np.sum(rows, axis=1)
        return uses + [
            Use(rule=f"max_{greek}", subject="", value=abs(float(sums[row])), limit=limit)
            for row, greek, limit in _stated(self.together)
            if greek != "delta"
        ]

    def told(self, weights: Floats) -> tuple[Breach, ...]:
        """Return what is over its limit whatever the firm trades, and what is not known: both are told."""
        over = [use for use in self.uses(weights) if use.value > use.limit and not keeps(use.value, use.limit)]
        total = abs(self.delta(weights))
        if self.together.max_delta is not None and isfinite(total) and not keeps(total, self.together.max_delta):
            over.append(Use(rule="max_delta", subject="", value=total, limit=self.together.max_delta))
        of_delta = {"max_position_delta", "max_delta"}
        return (
            *(
                Breach(
                    rule=use.rule,
                    instrument_id=None,
                    observed=use.value,
                    limit=use.limit,
                    action=TOLD_OF_DELTA if use.rule in of_delta else TOLD,
                    group=use.subject or None,
                )
                for use in over
            ),
            *(
                Breach(
                    rule=f"unknown:{UNKNOWN}",
                    instrument_id=None,
                    observed=abs(float(weights[place])),
                    limit=0.0,
                    action="told: reductions only",
                    group=self.instrument_ids[place],
                )
                for place in np.flatnonzero(self.unknown).tolist()
            ),
        )

    def _bands_of(self, place: int) -> Iterator[HedgeBand]:
        beside = float(self.options.delta[place])
        name = self.instrument_ids[place]
        make = partial(HedgeBand, place=place, hedge=-beside / PERCENT)
        if self.each.max_delta is not None:
            limit = self.each.max_delta
            yield make(
                rule="max_position_delta",
                limit=limit,
                width=limit / PERCENT,
                value=lambda weight: PERCENT * weight + beside,
                group=name,
            )
        rows = self.options.rows
        sums = np.nansum(rows, axis=1)  # what is known may be over already
        for rule, limits, values, group in (
            ("max_position", self.each, rows[:, place], name),
            ("max", self.together, sums, None),
        ):
            for row, greek, limit in _stated(limits):
                value = abs(float(values[row]))
                if greek != "delta" and value > limit and not keeps(value, limit):
                    yield make(
                        rule=f"{rule}_{greek}", limit=limit, width=0.0, value=lambda _, value=value: value, group=group
                    )


def _stated(limits: GreekLimits) -> list[tuple[int, str, float]]:
    """Rows of the exposures that are limited, with the Greek and the limit."""
    pairs = zip(GREEKS, limits.in_order, strict=True)
    return [(row, greek, limit) for row, (greek, limit) in enumerate(pairs) if limit is not None]

"""Weights and limits become how far each limit is used, and the alerts that this gives rise to."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from nautilus_ai_firm.messages import Breach, Floats, RiskAlertEvent, Severity
from nautilus_ai_firm.models.risk.limit_kinds import Limits

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How far a limit is used; an empty subject is the whole portfolio, a value that is not known NaN."""

    rule: str
    subject: str
    value: float
    limit: float
    each: bool = False  # of a limit of every instrument the one that uses most

    @property
    def share(self) -> float:
        """Return value / limit; what is used of a limit of 0 counts whole."""
        if self.limit > 0:
            return self.value / self.limit
        return 0.0 if self.value <= 0 else 1.0


def uses_of(weights: Floats, limits: Limits, instrument_ids: tuple[str, ...]) -> list[Use]:
    """Return how far each limit is used by weights, in the order in which the limits are applied.

    Limits that are not configured have no use; of a limit of every instrument it is the one that uses most.
    """
    uses: list[Use] = []
    for box in limits.boxes:
        values = box.values(weights)
        most = int(np.argmax(values))
        uses.append(
            Use(rule=box.rule, subject=instrument_ids[most], value=float(values[most]), limit=box.limit, each=True)
        )
    if limits.trim is not None:
        uses.append(Use(rule="max_overnight", subject="", value=float(np.sum(np.abs(weights))), limit=limits.trim))
    for groups in limits.groups:
        rows = zip(groups.subjects, groups.values(weights).tolist(), groups.limits.tolist(), strict=True)
        uses += [Use(rule=groups.rule, subject=name, value=value, limit=limit) for name, value, limit in rows]
    uses += [Use(rule=one.rule, subject="", value=abs(one.value(weights)), limit=one.limit) for one in limits.linear]
    uses += [Use(rule=one.rule, subject="", value=one.measure(weights), limit=one.limit) for one in limits.joint]
    return [use for use in uses if use.rule not in limits.missing]


class Alerts:
    """Tells once what gets worse: a limit that is nearly used, then one that is broken, and again after it was better.

    Parameters
    ----------
    warn_share : float
        Use from which a limit is nearly used, in (0, 1].

    """

    __slots__ = ("_told", "_warn_share")

    def __init__(self, warn_share: float) -> None:
        self._warn_share = warn_share
        self._told: dict[tuple[str, str], Severity] = {}

    def update(
        self, round_: int, ts_event: int, uses: Iterable[Use], breaches: Iterable[Breach], halting: frozenset[str]
    ) -> tuple[RiskAlertEvent, ...]:
        """Take the uses and breaches of a round, and return what is worse than the round before.

        Parameters
        ----------
        round_, ts_event : int
            The round and its close, nanoseconds UTC.
        uses : iterable of Use
            How far each limit is used.
        breaches : iterable of Breach
            What was hit.
        halting : frozenset of str
            Rules whose breach is critical.

        """
        now: dict[tuple[str, str], RiskAlertEvent] = {}
        for breach in breaches:
            now.setdefault(
                (breach.rule, breach.group or ""),
                RiskAlertEvent(
                    round=round_,
                    ts_event=ts_event,
                    rule=breach.rule,
                    subject=breach.instrument_id or breach.group,
                    value=breach.observed,
                    limit=breach.limit,
                    use=breach.observed / breach.limit if breach.limit > 0 else 1.0,
                    action=breach.action,
                    severity=Severity.CRITICAL if breach.rule in halting else Severity.BREACH,
                ),
            )
        for use in uses:
            if isfinite(use.value) and use.share >= self._warn_share:
                now.setdefault(
                    (use.rule, "" if use.each else use.subject),
                    RiskAlertEvent(
                        round=round_,
                        ts_event=ts_event,
                        rule=use.rule,
                        subject=use.subject or None,
                        value=use.value,
                        limit=use.limit,
                        use=use.share,
                        action="none",
                        severity=Severity.WARNING,
                    ),
                )
        told, self._told = self._told, {key: alert.severity for key, alert in now.items()}
        return tuple(alert for key, alert in now.items() if key not in told or _RANK[alert.severity] > _RANK[told[key]])

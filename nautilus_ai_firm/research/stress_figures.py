"""The scenarios that a run was held against -> what each would have cost."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from nautilus_ai_firm.research.risk_rows import RiskRows


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRow:
    """What the portfolio would have lost in a scenario: at the end, and at the most."""

    scenario: str
    last: float
    worst: float
    ts: int


def stress_rows(rows: RiskRows) -> tuple[StressRow, ...]:
    """Find the end and the worst of each scenario, the worst scenario first."""
    found: list[StressRow] = []
    for name in dict.fromkeys(rows.subject.tolist()):
        own = rows.take(rows.subject == name)
        most = int(np.argmax(np.where(np.isnan(own.value), -np.inf, own.value)))
        found.append(
            StressRow(scenario=name, last=float(own.value[-1]), worst=float(own.value[most]), ts=int(own.ts[most]))
        )
    return tuple(sorted(found, key=lambda row: (-row.worst if isfinite(row.worst) else 0.0, row.scenario)))

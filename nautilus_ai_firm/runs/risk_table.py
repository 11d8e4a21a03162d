"""What the risk desk told of its limits -> one table: a row for each limit, subject and round."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from nautilus_ai_firm.messages import Floats, RiskReport
from nautilus_ai_firm.runs.charges import TIME

STRESS = "stress"
"""Rule of the rows that hold the loss in one scenario; their limit is that of the largest loss, where there is one."""
STRESS_LIMIT = "max_stress_loss"


def risk_table(reports: Sequence[RiskReport]) -> pa.Table:
    """Make the table.

    Parameters
    ----------
    reports : sequence of RiskReport
        One for each round, in order.

    Returns
    -------
    Table
        `ts` (nanoseconds UTC), `round`, `rule`, `subject` (empty is the whole portfolio), `value` and `limit`, null
        where not known; rows in the order of rounds, and within one of the limits, then of the scenarios.

    """
    sizes = [len(one.rules) + (0 if one.stress is None else len(one.stress.scenarios)) for one in reports]
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.table(
        {
            "ts": pa.array(np.repeat(np.array([one.ts_event for one in reports], np.int64), sizes), TIME),
            "round": pa.array(np.repeat(np.array([one.round for one in reports], np.int64), sizes)),
            "rule": pa.array([name for one in reports for name in _rules(one)], text),
            "subject": pa.array([name for one in reports for name in _subjects(one)], text),
            "value": _numbers([_values(one) for one in reports]),
            "limit": _numbers([_limits(one) for one in reports]),
        }
    )


def _rules(report: RiskReport) -> tuple[str, ...]:
    return report.rules if report.stress is None else (*report.rules, *[STRESS] * len(report.stress.scenarios))


def _subjects(report: RiskReport) -> tuple[str, ...]:
    return report.subjects if report.stress is None else (*report.subjects, *report.stress.scenarios)


def _values(report: RiskReport) -> Floats:
    return report.value if report.stress is None else np.concatenate([report.value, report.stress.losses])


def _limits(report: RiskReport) -> Floats:
    if report.stress is None:
        return report.limit
    found = [limit for rule, limit in zip(report.rules, report.limit.tolist(), strict=True) if rule == STRESS_LIMIT]
    return np.concatenate([report.limit, np.full(len(report.stress.scenarios), found[0] if found else np.nan)])


def _numbers(parts: list[Floats]) -> pa.Array:
    return pa.array(np.concatenate(parts) if parts else np.empty(0), pa.float64(), from_pandas=True)

"""What the risk desk told of its limits -> one table: a row for each limit, subject and round."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from nautilus_ai_firm.messages import Floats, OptionGreeks, RiskReport, StressResult, TailSplit
from nautilus_ai_firm.models.risk.greek_exposures import GREEKS
from nautilus_ai_firm.runs.charges import TIME

STRESS = "stress"
"""Rule of the rows that hold the loss in one scenario; their limit is that of the largest loss, where there is one."""
STRESS_LIMIT = "max_stress_loss"
MARGINAL, COMPONENT, LIQUIDITY_ADJUSTED = "marginal_var", "component_var", "liquidity_adjusted_var"
"""Rules of the rows that say whose the value at risk is, and what it is with the way out; they have no limit."""
OPTION_GREEKS = {greek: f"option_{greek}" for greek in GREEKS}
"""Rules of the rows with the exposures of options that are held beside the firm, by Greek; they have no limit."""
FIGURES = frozenset({STRESS, MARGINAL, COMPONENT, LIQUIDITY_ADJUSTED, *OPTION_GREEKS.values()})
"""Rules of all rows that are no limits."""


class _Rows(NamedTuple):
    """Columns of some rows of one report."""

    rules: tuple[str, ...]
    subjects: tuple[str, ...]
    value: Floats
    limit: Floats


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
        where not known; rows in the order of rounds, and within one of the limits, then of the scenarios, then of whose
        the value at risk is, where that was told, then of the options that are held beside the firm.

    """
    parts = [_parts(report) for report in reports]
    rows = [part for of_round in parts for part in of_round]
    sizes = [sum(len(part.rules) for part in of_round) for of_round in parts]
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.table(
        {
            "ts": pa.array(np.repeat(np.array([one.ts_event for one in reports], np.int64), sizes), TIME),
            "round": pa.array(np.repeat(np.array([one.round for one in reports], np.int64), sizes)),
            "rule": pa.array([name for part in rows for name in part.rules], text),
            "subject": pa.array([name for part in rows for name in part.subjects], text),
            "value": _numbers([part.value for part in rows]),
            "limit": _numbers([part.limit for part in rows]),
        }
    )


def _parts(report: RiskReport) -> list[_Rows]:
    parts = [_Rows(report.rules, report.subjects, report.value, report.limit)]
    if report.stress is not None:
        parts.append(_of_stress(report, report.stress))
    if report.split is not None:
        parts.append(_of_split(report.split))
    if report.options is not None:
        parts.append(_of_options(report.options))
    return parts


def _of_stress(report: RiskReport, stress: StressResult) -> _Rows:
    n = len(stress.scenarios)
    found = [limit for rule, limit in zip(report.rules, report.limit.tolist(), strict=True) if rule == STRESS_LIMIT]
    return _Rows((STRESS,) * n, stress.scenarios, stress.losses, np.full(n, found[0] if found else np.nan))


def _of_split(split: TailSplit) -> _Rows:
    n = len(split.instruments)
    return _Rows(
        (MARGINAL,) * n + (COMPONENT,) * n + (LIQUIDITY_ADJUSTED,),
        (*split.instruments, *split.instruments, ""),
        np.concatenate([split.marginal, split.component, [split.liquidity_adjusted]]),
        np.full(2 * n + 1, np.nan),
    )


def _of_options(options: OptionGreeks) -> _Rows:
    n = len(options.contracts)
    return _Rows(
        tuple(rule for rule in OPTION_GREEKS.values() for _ in range(n)),
        options.contracts * len(OPTION_GREEKS),
        np.concatenate([getattr(options, greek) for greek in OPTION_GREEKS]),
        np.full(n * len(OPTION_GREEKS), np.nan),
    )


def _numbers(parts: list[Floats]) -> pa.Array:
    return pa.array(np.concatenate(parts) if parts else np.empty(0), pa.float64(), from_pandas=True)

"""Options held beside the firm -> the Greeks of each contract and of all, at the end and at their largest."""

from dataclasses import dataclass

import numpy as np

from nautilus_ai_firm.research.risk_rows import RiskRows


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """One Greek of one option held beside the firm, or of all: at the end and at its largest, signed.

    Attributes
    ----------
    contract : str
        The contract; empty is the sum of all.
    greek : str
        Which, of `GREEKS`.
    last, peak : float
        Fractions of equity; NaN where not known, at the peak where it never was.
    ts : int
        Close of the round of the peak, nanoseconds UTC.

    """

    contract: str
    greek: str
    last: float
    peak: float
    ts: int


def option_rows(greek: str, rows: RiskRows) -> tuple[OptionRow, ...]:
    """Find the end and the peak of one Greek of each contract, and of all of them together."""
    names = tuple(dict.fromkeys(rows.subject.tolist()))
    if not names:
        return ()
    values, ts = rows.value.reshape(-1, len(names)).T, rows.ts[:: len(names)]  # every round tells all of them
    columns = {**dict(zip(names, values, strict=True)), "": values.sum(axis=0)}
    found: list[OptionRow] = []
    for name, column in columns.items():
        most = int(np.argmax(np.where(np.isnan(column), -1.0, np.abs(column))))
        found.append(
            OptionRow(contract=name, greek=greek, last=float(column[-1]), peak=float(column[most]), ts=int(ts[most]))
        )
    return tuple(found)

"""Turns LEAN's file of the Federal Reserve's primary credit rate into a macro series with publication times."""

import hashlib
from pathlib import Path

import numpy as np

from nautilus_ai_firm.data.columns import ObservationColumns
from nautilus_ai_firm.data.errors import DataError
from nautilus_ai_firm.data.manifest import Provenance
from nautilus_ai_firm.data.publication import RELEASE_HOUR, new_york_ns
from nautilus_ai_firm.data.series_faults import check_observations
from nautilus_ai_firm.data.writing import Update

SERIES = "us_primary_credit_rate"

_HEADER = "DATE,PCREDIT8"
_SOURCE = "LEAN alternative/interest-rate (Federal Reserve Board, primary credit rate, PCREDIT8 of release H.15)"


def add_interest_rate(update: Update, path: Path) -> bool:
    """Add the rate as a fraction a year.

    The Board announces a change by a press release before the day on which it takes effect, which is the date in the
    file. It counts as known at 17:00 in New York on that day: later than anyone knew it.

    Returns
    -------
    bool
        False if the catalog holds exactly this.

    Raises
    ------
    DataError
        Naming file and line of the first bad row.

    """
    content = path.read_bytes()
    header, *lines = content.decode(errors="replace").splitlines() or [""]
    if header != _HEADER:
        raise DataError(f"{path}:1: header {header!r} (allowed: {_HEADER})")
    dates = np.empty(len(lines), dtype="datetime64[D]")
    percent = np.empty(len(lines))
    for at, line in enumerate(lines):
        day, _, value = line.partition(",")
        try:
            dates[at], percent[at] = np.datetime64(day, "D"), float(value)
        except ValueError as error:
            raise DataError(f"{path}:{at + 2}: {line!r} (allowed: YYYY-MM-DD,percent)") from error
    observations = ObservationColumns(
        ts_event_ns=new_york_ns(dates, 0),
        ts_init_ns=new_york_ns(dates, RELEASE_HOUR),
        value=percent / 100,
        source="Federal Reserve; by rule, announced in the afternoon of its day",
    )
    check_observations(observations, str(path), np.arange(2, len(lines) + 2))
    provenance = Provenance(
        source=_SOURCE,
        licence="public domain (Federal Reserve)",
        source_sha256=hashlib.sha256(content).hexdigest(),
        adjustment="raw",
        as_of=str(dates[-1]) if len(dates) else "",
        actions=(),
    )
    return update.add_observations(SERIES, "fraction per year", "XNYS", observations, provenance)

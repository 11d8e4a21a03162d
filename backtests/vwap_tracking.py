"""Holds out each day of LEAN's minutes and trades it along the volume curve of the others, and evenly.

Make the catalog with: firm catalog add lean DIR --symbols SPY,BAC,AAPL,ES --adjustment raw
"""

import argparse
import sys
from pathlib import Path

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.research.command_line import exit_status
from nautilus_ai_firm.research.vwap_report import tracking_report
from nautilus_ai_firm.research.vwap_tracking import front_sessions, leave_one_out, synthetic_tape

SERIES = {
    "SPY": ("SPY.USA-1-MINUTE-LAST-EXTERNAL",),
    "BAC": ("BAC.USA-1-MINUTE-LAST-EXTERNAL",),
    "AAPL": ("AAPL.USA-1-MINUTE-LAST-EXTERNAL",),
    "ES": ("ESZ13.CME-1-MINUTE-LAST-EXTERNAL", "ESH14.CME-1-MINUTE-LAST-EXTERNAL"),
}
CALENDAR = "XNYS"  # of all: most of a day in the future is traded while New York is open
SYNTHETIC = {"drawn, U-shaped": 4.0, "drawn, even": 1.0}  # volume at both ends over that of the middle
SEED = 1


def main() -> None:
    """Print the days and the table: real series, and drawn ones, where the truth is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--catalog", type=Path, default=DEFAULT_CATALOG, help="folder of market data")
    parser.add_argument("--bin-minutes", type=int, default=5, help="length of a slice")
    parser.add_argument("--participation", type=float, default=0.02, help="order over the day's volume")
    parser.add_argument("--impact-coefficient", type=float, default=1.0, help="Y of the square-root law")
    given = parser.parse_args()
    size = {"participation": given.participation, "impact_coefficient": given.impact_coefficient}
    catalog = Catalog(given.catalog)
    tapes = {name: front_sessions(catalog, series, CALENDAR, given.bin_minutes) for name, series in SERIES.items()}
    for name, tape in tapes.items():
        print(f"{name}: {', '.join(map(str, tape.dates))}", *(f"  left out {line}" for line in tape.left_out), sep="\n")
    drawn = {name: synthetic_tape(60, 78, edge, SEED) for name, edge in SYNTHETIC.items()}
    real, known = ([leave_one_out(name, tape, **size) for name, tape in which.items()] for which in (tapes, drawn))
    print(tracking_report(real, known, seed=SEED))


if __name__ == "__main__":
    sys.exit(exit_status(main))

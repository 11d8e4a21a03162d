"""Measures the historical stress scenarios again on LEAN's sample data; exits 1 where a written move differs.

Make the catalog with: firm catalog add lean DIR --symbols SPY,QQQ,IWM,EEM,AAPL,IBM,BAC,AIG,GOOG,USO,VXX
"""

import argparse
import sys
from pathlib import Path

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.research.command_line import FAILED, OK, exit_status
from nautilus_ai_firm.research.stress_history import stress_report
from nautilus_ai_firm.settings.stress_files import load_scenarios


def main() -> int:
    """Print every scenario with its moves, as written and as measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--scenarios", type=Path, default=Path("configs/stress"), help="folder of scenarios")
    parser.add_argument("--catalog", type=Path, default=DEFAULT_CATALOG, help="folder of market data")
    given = parser.parse_args()
    agree: list[bool] = []

    def measure() -> None:
        text, same = stress_report(load_scenarios(given.scenarios), Catalog(given.catalog))
        print(text)
        agree.append(same)

    status = exit_status(measure)
    return status or (OK if all(agree) else FAILED)


if __name__ == "__main__":
    sys.exit(main())

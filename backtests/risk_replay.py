"""Replays 2008, 2010 and 2020 by the hour: when tiers of drawdown speak to a fixed, fully invested book, and velocity.

Make the catalog with: firm catalog add lean DIR --symbols SPY,AAPL,IBM,BAC,AIG
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.commands import DEFAULT_CATALOG
from nautilus_ai_firm.models.risk.crash_velocity import VelocityLimits
from nautilus_ai_firm.models.risk.drawdown_tiers import Tier, TierAction
from nautilus_ai_firm.research.command_line import day, exit_status
from nautilus_ai_firm.research.risk_replay import ReplayRules, replay, replay_report

SPANS = (("2008-08-01", "2009-03-31"), ("2010-04-01", "2010-07-31"), ("2020-01-02", "2020-06-30"))
RULES = ReplayRules(
    tiers=(
        Tier(action=TierAction.WARN, drawdown=0.03, recovery=0.02),
        Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03),
        Tier(action=TierAction.NO_NEW_RISK, drawdown=0.07, recovery=0.05),
        Tier(action=TierAction.FLATTEN, drawdown=0.10, recovery=None),
    ),
    # a week of minutes; a night moves the index fund about as 240 minutes of a session do
    velocity=VelocityLimits(span=1_950, warm_up=390, fast=6.0, crash=12.0, floor=5e-5, longest_minutes=240),
    half_spread_bps=1.0,
    seed=1,
)


def main() -> None:
    """Replay each span, or the one that the command line gives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--catalog", type=Path, default=DEFAULT_CATALOG, help="folder of market data")
    parser.add_argument("--symbols", default="SPY", help="held in equal parts, by comma")
    parser.add_argument("--start", type=day, metavar="YYYY-MM-DD", help="first day, UTC; three spans when absent")
    parser.add_argument("--end", type=day, metavar="YYYY-MM-DD", help="last day, UTC")
    given = parser.parse_args()
    spans = SPANS if given.start is None else ((str(given.start), str(given.end or given.start)),)
    catalog = Catalog(given.catalog)
    for first, last in spans:
        start = datetime.fromisoformat(first).replace(tzinfo=UTC)
        end = datetime.fromisoformat(last).replace(tzinfo=UTC) + timedelta(days=1)
        start_ns, end_ns = (int(one.timestamp()) * 1_000_000_000 for one in (start, end))
        names = {symbol: f"{symbol}.USA-1-HOUR-LAST-EXTERNAL" for symbol in given.symbols.split(",")}
        series = {symbol: catalog.bar_columns(name, start_ns, end_ns) for symbol, name in names.items()}
        print(replay_report(f"{given.symbols}, {first} to {last}", replay(series, RULES)))


if __name__ == "__main__":
    sys.exit(exit_status(main))

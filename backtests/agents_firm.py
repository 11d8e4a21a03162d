"""Runs the firm of all ten agents by the hour, and each of them alone, on LEAN's sample data."""

import sys

from nautilus_ai_firm.research.agents_study import agents_study

COMMANDS = (
    "firm catalog add lean DIR --symbols SPY,AAPL,IBM,BAC,AIG",
    "firm catalog add lean DIR --symbols SPY,AAPL --adjustment raw --venue RAW",
    "firm catalog add events events/fomc.csv",
    "firm catalog add events events/cpi.csv",
    "firm catalog add events events/payrolls.csv",
)

if __name__ == "__main__":
    sys.exit(agents_study(__doc__ or "", config="configs/firm.toml", catalog_commands=COMMANDS))

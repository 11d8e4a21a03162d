"""Runs nine agents by the minute on SPY and three stocks with quotes, together and alone."""

import sys

from nautilus_ai_firm.research.agents_study import agents_study

COMMANDS = (
    "firm catalog add lean DIR --symbols SPY,IBM,BAC,AIG",
    "firm catalog add lean DIR --symbols SPY --adjustment raw --venue RAW",
    "firm catalog add events events/fomc.csv",
    "firm catalog add events events/cpi.csv",
    "firm catalog add events events/payrolls.csv",
)

if __name__ == "__main__":
    sys.exit(agents_study(__doc__ or "", config="configs/studies/quotes_minute.toml", catalog_commands=COMMANDS))

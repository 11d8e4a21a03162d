"""Hears nine agents on two E-mini S&P 500 futures by the minute, together and alone; nothing is traded."""

import sys

from nautilus_ai_firm.research.agents_study import agents_study

COMMANDS = (
    "firm catalog add lean DIR --symbols ES",
    "firm catalog add lean DIR --symbols SPY --adjustment raw --venue RAW",
    "firm catalog add events events/fomc.csv",
    "firm catalog add events events/cpi.csv",
    "firm catalog add events events/payrolls.csv",
)

if __name__ == "__main__":
    sys.exit(agents_study(__doc__ or "", config="configs/studies/es_minute.toml", catalog_commands=COMMANDS))

"""Runs nine agents by the hour around the options on AAPL of 6 and 9 June 2014, together and alone."""

import sys

from nautilus_ai_firm.research.agents_study import agents_study

COMMANDS = (
    "firm catalog add lean DIR --symbols AAPL,SPY",
    "firm catalog add lean DIR --symbols SPY,AAPL --adjustment raw --venue RAW",
    "firm catalog add events events/fomc.csv",
    "firm catalog add events events/cpi.csv",
    "firm catalog add events events/payrolls.csv",
)

if __name__ == "__main__":
    sys.exit(agents_study(__doc__ or "", config="configs/studies/aapl_options_hourly.toml", catalog_commands=COMMANDS))

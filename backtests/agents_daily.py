"""Runs eight agents by the day, together and alone: three index funds and four stocks of LEAN's sample data."""

import sys

from nautilus_ai_firm.research.agents_study import agents_study

COMMANDS = (
    "firm catalog add lean DIR --symbols SPY,QQQ,IWM,AAPL,IBM,BAC,AIG,USO",
    "firm catalog add lean DIR --symbols SPY --adjustment raw --venue RAW",
    "firm catalog add events events/fomc.csv",
    "firm catalog add events events/cpi.csv",
    "firm catalog add events events/payrolls.csv",
)

if __name__ == "__main__":
    sys.exit(agents_study(__doc__ or "", config="configs/studies/daily.toml", catalog_commands=COMMANDS))

"""Runs five instruments by the hour, entered at once and in layers, and compares trending with choppy years."""

import sys

from nautilus_ai_firm.research.pyramiding_study import pyramiding_study

if __name__ == "__main__":
    command = "firm catalog add lean DIR --symbols SPY,AAPL,IBM,BAC,AIG"
    sys.exit(pyramiding_study(__doc__ or "", config="configs/studies/pyramiding.toml", catalog_command=command))

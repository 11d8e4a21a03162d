"""Runs the demonstration firm on real prices (make the catalog with: firm catalog demo)."""

import sys

from nautilus_ai_firm.research.command_line import backtest

if __name__ == "__main__":
    sys.exit(backtest(__doc__ or "", config="configs/demo.toml", catalog_command="firm catalog demo"))

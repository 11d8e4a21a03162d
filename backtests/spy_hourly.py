"""Runs the firm on hourly bars of SPY (make the catalog with: firm catalog add lean DIR --symbols SPY)."""

import sys

from nautilus_ai_firm.research.command_line import backtest

if __name__ == "__main__":
    command = "firm catalog add lean DIR --symbols SPY"
    sys.exit(backtest(__doc__ or "", config="configs/spy_hourly.toml", catalog_command=command))

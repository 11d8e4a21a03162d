"""The run folder: what a backtest or a session leaves behind."""

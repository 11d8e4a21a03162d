"""A trading firm as a bundle of NautilusTrader components; start reading at `firm.py`."""

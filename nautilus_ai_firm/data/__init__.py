"""Market data in: the only writer of the catalog."""

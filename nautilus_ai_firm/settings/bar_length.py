"""The bar of a configuration, `1-HOUR` -> how long it is."""

LENGTHS_NS = {"MINUTE": 60_000_000_000, "HOUR": 3_600_000_000_000, "DAY": 86_400_000_000_000}


def bar_length_ns(bar: str) -> int:
    """Return the length of decision bars, nanoseconds; a day is 24 hours here, whatever the session."""
    step, unit = bar.split("-")
    return int(step) * LENGTHS_NS[unit]

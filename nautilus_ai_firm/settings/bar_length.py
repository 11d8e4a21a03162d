"""The bar of a configuration, `1-HOUR` -> how long it is."""

from nautilus_ai_firm.durations import DAY_NS, HOUR_NS, MINUTE_NS

LENGTHS_NS = {"MINUTE": MINUTE_NS, "HOUR": HOUR_NS, "DAY": DAY_NS}


def bar_length_ns(bar: str) -> int:
    """Return the length of decision bars, nanoseconds; a day is 24 hours here, whatever the session."""
    step, unit = bar.split("-")
    return int(step) * LENGTHS_NS[unit]

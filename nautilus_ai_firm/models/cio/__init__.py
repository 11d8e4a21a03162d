"""From signals to weights."""

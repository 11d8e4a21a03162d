"""A name that nobody knows -> the known one that it resembles."""

import difflib
from collections.abc import Iterable


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Say which known name was probably meant; nothing where none is near."""
    close = difflib.get_close_matches(name, list(allowed), n=1)
    return f" (did you mean {close[0]}?)" if close else ""

"""Paths and values of a sweep -> the words by which reports call them."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from nautilus_ai_firm.research.sweeps.search import Tried
from nautilus_ai_firm.settings import Firm


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Shorten dotted paths from the left as far as they stay apart, so that an agent's name goes with its parameter."""
    names: dict[str, str] = {}
    for path in paths:
        parts = [part for part in path.split(".") if part not in {"signals", "agents", "params"}]
        kept = next(
            (".".join(parts[-count:]) for count in range(1, len(parts)) if _is_alone(parts[-count:], path, paths)),
            ".".join(parts),
        )
        names[path] = kept if "." in kept or len(parts) == 1 else ".".join(parts[-2:])
    return names


def value_text(value: Any) -> str:
    """Write a value as a person would."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value) if isinstance(value, str | date) else json.dumps(value, default=str)
    return f"{value:.6g}"


def warm_up_text(firm: Firm) -> str:
    """Say what the desks knew when the window began."""
    rounds = firm.market.warm_up_rounds
    if rounds:
        return f"In each trial the desks learn from {rounds:,} rounds before the window."
    return (
        "No warm-up (market.warm_up_rounds = 0): in each trial the desks begin with nothing, and the rounds in which "
        "they only learn are part of the window and of its figures."
    )


def idle_text(tried: Iterable[Tried | None]) -> str:
    """Say where no run that was made traded at all: its figures are those of cash. Otherwise nothing is said."""
    fills = [one.outcome.figures["fills"] for one in tried if one is not None and not one.outcome.error]
    return "*** NOTHING WAS TRADED: every figure is that of cash ***" if fills and not any(fills) else ""


def _is_alone(end: Sequence[str], path: str, paths: Sequence[str]) -> bool:
    tail = ".".join(end)
    return sum(other == tail or other.endswith(f".{tail}") for other in paths) == int(path.endswith(tail))

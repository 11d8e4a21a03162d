"""What a test has planted: rejections, errors, silence, delays and partial fills, used up in the order they came."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(slots=True)
class Faults:
    """Empty, it changes nothing."""

    rejections: deque[tuple[int, str]] = field(default_factory=deque[tuple[int, str]])
    """Code and reason for the next orders."""

    errors: dict[str, deque[tuple[int, str]]] = field(default_factory=dict[str, deque[tuple[int, str]]])
    """Code and text that the next requests of a name get for an answer."""

    fill_limits: deque[Decimal] = field(default_factory=deque[Decimal])
    """Most shares of each of the next fills; what is left waits for the next quote or trade."""

    refused_changes: set[int] = field(default_factory=set[int])
    """Numbers of orders that stay as they are, whatever their client asks for."""

    silent: bool = False
    """Requests are recorded, and nothing is sent any more."""

    ignored: set[str] = field(default_factory=set[str])
    """Names of requests that get no answer."""

    delays_s: dict[str, float] = field(default_factory=dict[str, float])
    """How long requests of a name wait before they are looked at."""

    withheld: set[str] = field(default_factory=set[str])
    """Symbols whose market data the account has not subscribed to."""

    paced: bool = False
    """Whether historical requests are counted as the broker does: 60 in ten minutes, 15 s between equal ones."""

    def error_for(self, request: str) -> tuple[int, str] | None:
        planted = self.errors.get(request)
        return planted.popleft() if planted else None

    def most_to_fill(self, shares: Decimal) -> Decimal:
        return min(shares, self.fill_limits.popleft()) if self.fill_limits else shares

"""What can be wrong with an outside service.

`GatewayError` and what derives from it is a refusal: one line for the user, and nobody tries again. `NotThere` and
`Paced` are met on the way and retried; they become a refusal when the tries are over.
"""


class GatewayError(ValueError):
    """A service that cannot be used as configured: names where it is, what was found and what is allowed."""


class GatewayAbsentError(GatewayError):
    """Nobody answered in the time that was given: final at a start, and one more failure once a session has run."""


class ClientIdError(GatewayError):
    """Another program has the client id: final at a start, and one more failure once a session has run."""


class HistoryError(GatewayError):
    """Bars of the past that cannot be had, or that no firm may learn from."""


class HistoryUnavailableError(HistoryError):
    """Bars of the past that the service does not give now: says nothing against those that are known already."""


class NotThere(Exception):  # noqa: N818 - what is waited out, and becomes a refusal when the wait is over
    """Nobody answers yet: says what was met."""


class Paced(Exception):  # noqa: N818 - as above
    """The service says that it was asked too often: not the same as that it has no data."""

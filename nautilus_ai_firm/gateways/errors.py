"""What can be wrong with an outside service."""


class GatewayError(ValueError):
    """A service that cannot be used as configured: names where it is, what was found and what is allowed."""

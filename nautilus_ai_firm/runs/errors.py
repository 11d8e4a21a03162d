"""What can be wrong with the records of a run."""


class RunError(ValueError):
    """A run folder that cannot be written or read: names the path and what is wrong."""

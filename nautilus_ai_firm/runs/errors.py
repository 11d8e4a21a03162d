"""What can be wrong with the records of a run."""


class RunError(ValueError):
    """A run folder that cannot be written or read: names the path and what is wrong."""


class JournalError(RunError):
    """A journal that was damaged, or that cannot be written: names the file, the record and what is wrong."""

"""What can be wrong with market data: each error is one line that names file, value and what is allowed."""


class DataError(ValueError):
    """A value in market data that no series may hold; names the file, the row, the value and what is allowed."""


class CatalogError(ValueError):
    """A catalog that cannot give what was asked, or may not take what was offered; names the path and what exists."""

"""Figures of performance -> the words and digits in which every report writes them."""

PERFORMANCE = {
    "total_return": ("total return", "{:.2%}"),
    "cagr": ("CAGR", "{:.2%}"),
    "volatility": ("volatility a year", "{:.2%}"),
    "sharpe": ("Sharpe ratio", "{:.2f}"),
    "sortino": ("Sortino ratio", "{:.2f}"),
    "max_drawdown": ("max drawdown", "{:.2%}"),
}
"""Label and form of each, in the order in which they are read."""


def figure_text(value: float | None, form: str) -> str:
    """Write a figure; one that is not defined is `n/a`."""
    return "n/a" if value is None else form.format(value)

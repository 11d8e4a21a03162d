"""Windows of prices become their place between Bollinger's bands."""

import numpy as np

from nautilus_ai_firm.messages import Floats
from nautilus_ai_firm.models.estimators.window import total

WIDTH = 2.0
"""Half-width of the bands, population standard deviations (Bollinger 2001)."""


def percent_b(window: Floats) -> Floats:
    """Return %b = (price - lower band) / (upper band - lower band) (Bollinger 2001, Bollinger on Bollinger Bands).

    The bands are the simple mean of the window plus and less 2 population standard deviations.

    Parameters
    ----------
    window : ndarray of shape (length, n)
        Prices or their logarithms, oldest first, the present one last; Bollinger's length is 20.

    Returns
    -------
    ndarray of shape (n,)
        0 on the lower band, 0.5 on the mean, 1 on the upper band; so 4 %b - 2 is the distance from the mean in
        standard deviations. NaN where a price is missing or none differs from the others.

    """
    moves = window - window[0]  # a window that never moved has a deviation of exactly 0
    distance = moves - total(moves) / len(window)
    deviation = np.sqrt(total(distance**2) / len(window))
    return 0.5 + distance[-1] / (2 * WIDTH * np.where(deviation > 0, deviation, np.nan))

"""A view that is over becomes a last one of zero."""

import numpy as np

from nautilus_ai_firm.messages import Bools, Floats


class ViewEnd:
    """Says once that a view is over: a score of 0, with the confidence of the last view.

    Who follows one model alone would take no view (NaN) for "hold", and hold for ever what the view had asked for.

    Parameters
    ----------
    n : int
        Number of instruments.

    Notes
    -----
    A stale instrument has no view, and hears that its view is over at its next bar. A view of exactly 0 needs no end.

    """

    def __init__(self, n: int) -> None:
        self._confidence: Floats = np.full(n, np.nan)  # of the last view; NaN where it needs no end

    def update(self, score: Floats, confidence: Floats, fresh: Bools) -> tuple[Floats, Floats]:
        """Take scores and confidences, shape (n,), NaN without a view, and return them with the ends filled in."""
        viewed = fresh & np.isfinite(score)
        ended = fresh & ~viewed & np.isfinite(self._confidence)
        stated = np.where(ended, 0.0, np.where(viewed, score, np.nan))
        surety = np.where(ended, self._confidence, np.where(viewed, confidence, np.nan))
        self._confidence = np.where(fresh, np.where(viewed & (score != 0), confidence, np.nan), self._confidence)
        return stated, surety

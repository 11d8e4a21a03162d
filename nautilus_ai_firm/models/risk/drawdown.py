"""Equity becomes the drawdown from its high-water mark."""

from math import isfinite


class Drawdown:
    """Drawdown of equity from its high-water mark, net of external cash flows.

    Parameters
    ----------
    mark : float or None
        High-water mark to go on from, account currency, above 0; None starts with the first equity.

    Attributes
    ----------
    mark : float or None
        The high-water mark, in units of present capital: save it to go on after a restart.

    Raises
    ------
    ValueError
        A mark that is not finite and above 0.

    """

    def __init__(self, mark: float | None = None) -> None:
        if mark is not None and not (isfinite(mark) and mark > 0):
            raise ValueError(f"mark is {mark}, allowed is a finite number above 0")
        self.mark = mark

    def update(self, equity: float, external_flow: float = 0.0) -> float:
        """Take the equity of a round and return how far it is below the mark.

        Parameters
        ----------
        equity : float
            Account equity, account currency, external flow included.
        external_flow : float
            Cash paid in (positive) or out (negative) since the update before. The mark is rescaled by
            equity / (equity - flow), as a fund unit's price would be, so a flow alone changes no drawdown.

        Returns
        -------
        float
            (mark - equity) / mark, a fraction, at least 0; above 1 when equity is negative.

        Raises
        ------
        ValueError
            Equity that is not finite, a first equity that is not above 0, or a flow larger than the equity explains.

        """
        if not isfinite(equity) or not isfinite(external_flow):
            raise ValueError(f"equity is {equity} and external_flow {external_flow}, allowed are finite numbers")
        if self.mark is None:
            if equity <= 0:
                raise ValueError(f"the first equity is {equity}, allowed is a number above 0")
            self.mark = equity
        elif external_flow:
            if equity - external_flow <= 0 or equity <= 0:
                raise ValueError(f"equity {equity} does not allow for an external_flow of {external_flow}")
            self.mark *= equity / (equity - external_flow)
        self.mark = max(self.mark, equity)
        return (self.mark - equity) / self.mark

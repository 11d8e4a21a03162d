"""Option chains, and options that are held beside the firm, become limits of every decision."""

from collections.abc import Sequence

import numpy as np

from nautilus_ai_firm.messages import MarketSnapshot, OptionGreeks
from nautilus_ai_firm.models.risk.greeks_limits import GreekBounds, GreekLimits
from nautilus_ai_firm.models.risk.held_options import HeldContract, HeldOptions, QuoteReading


class OptionRisk:
    """What is held beside the firm, and what is allowed of it.

    Parameters
    ----------
    held : sequence of HeldContract
        Positions in options, at least one.
    reading : QuoteReading
        How their quotes are read.
    each, together : GreekLimits
        What is allowed in one underlying, and for the sums over all.
    instrument_ids : tuple of str
        The universe.

    """

    __slots__ = ("_each", "_held", "_instrument_ids", "_optioned", "_places", "_together", "bounds", "greeks")

    bounds: GreekBounds  # of this moment, as of `measure`
    greeks: OptionGreeks  # of each contract, as above

    def __init__(
        self,
        held: Sequence[HeldContract],
        reading: QuoteReading,
        each: GreekLimits,
        together: GreekLimits,
        instrument_ids: tuple[str, ...],
    ) -> None:
        self._held = HeldOptions(held, reading)
        self._places = np.array([one.underlying for one in held], dtype=np.intp)
        self._optioned = np.isin(np.arange(len(instrument_ids)), self._places)
        self._each, self._together = each, together
        self._instrument_ids = instrument_ids

    def update(self, snapshot: MarketSnapshot) -> None:
        """Take the chains of a round."""
        self._held.update(snapshot)

    def measure(self, equity: float) -> None:
        """Take the exposures of this moment: before a decision, not in rounds that are only learnt from."""
        by_contract = self._held.exposures(equity)
        self.bounds = GreekBounds(
            instrument_ids=self._instrument_ids,
            optioned=self._optioned,
            options=by_contract.by_underlying(self._places, len(self._instrument_ids)),
            each=self._each,
            together=self._together,
        )
        self.greeks = OptionGreeks(
            contracts=tuple(one.name for one in self._held.contracts),
            delta=by_contract.delta,
            gamma=by_contract.gamma,
            vega=by_contract.vega,
            theta=by_contract.theta,
        )

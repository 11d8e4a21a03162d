"""The stop and the take profit of one slice of a position -> the one step that brings the two closer to the plan.

Both may fill, and only one of them should: the venue takes from one what the other fills. It can do so for orders that
it knew before either could fill, and as they stand, not for a change that is on its way. So a take profit rests only
where it came with its stop, and the two are never resized: a simulated venue, at which no time passes, gets a new pair;
at a broker the take profit goes first, then the stop is changed, and the firm watches the price from then on.
"""

from dataclasses import dataclass
from enum import StrEnum

from nautilus_ai_firm.models.execution.stop_order import StopOrder, StopStep, next_step


class ExitStep(StrEnum):
    """What is to be done with a pair."""

    SUBMIT_STOP = "submit_stop"
    SUBMIT_PAIR = "submit_pair"
    MODIFY = "modify"
    CANCEL = "cancel"  # of the stop; in a list the take profit goes with it
    CANCEL_TAKE = "cancel_take"


STOP_STEPS = {
    StopStep.SUBMIT: ExitStep.SUBMIT_STOP,
    StopStep.MODIFY: ExitStep.MODIFY,
    StopStep.CANCEL: ExitStep.CANCEL,
}


@dataclass(slots=True)
class ExitPair:
    """The stop of a slice and the take profit beside it, where there are any."""

    stop: StopOrder | None = None
    take: StopOrder | None = None

    @property
    def most(self) -> int:
        """What the two may still fill: the venue lets them fill no more than the larger one."""
        return max((order.most for order in (self.stop, self.take) if order is not None), default=0)

    @property
    def pending(self) -> bool:
        """Whether the venue still owes an answer."""
        return any(order is not None and order.pending for order in (self.stop, self.take))

    @property
    def closes(self) -> bool:
        """Whether a market order is on its way: it fills, and nothing is done with it any more."""
        return any(order is not None and order.is_market for order in (self.stop, self.take))

    @property
    def waits(self) -> bool:
        """Whether no step is possible, whatever is wanted."""
        stop, take = self.stop, self.take
        if take is None:
            return stop is not None and (stop.pending or stop.is_market)
        return self.closes or self.pending

    @property
    def is_empty(self) -> bool:
        """Whether there is no order."""
        return self.stop is None and self.take is None


def pair_step(
    pair: ExitPair, position: int, wanted: int, trigger: float | None, take: float | None, *, linked: bool
) -> tuple[ExitStep, int] | None:
    """Say the next step of a pair.

    Parameters
    ----------
    pair : ExitPair
        The orders that there are.
    position : int
        Filled quantity of the instrument, signed.
    wanted : int
        Of it, what this slice is to cover, unsigned.
    trigger : float or None
        Wanted trigger price of the stop; None where none is to rest at the venue.
    take : float or None
        Wanted limit of the take profit; None where none is to rest. It rests beside a stop only.
    linked : bool
        Whether stop and take profit are sent as one list of which each order reduces the other, as the simulated venues
        take it; at a broker a pair can only come with its entry.

    Returns
    -------
    tuple of ExitStep and int, or None
        The step and the whole quantity of the order after it; None where nothing is to be done, or the venue has not
        answered the last step.

    """
    if pair.closes:
        return None
    plain = next_step(pair.stop, position, abs(position) - wanted, trigger)
    step = None if plain is None else (STOP_STEPS[plain[0]], plain[1])
    if pair.take is None:
        return _linked_again(pair, step, wanted) if linked and take is not None and trigger is not None else step
    if pair.pending:
        return None
    return _linked(pair, wanted, trigger, take) if linked else _grouped(pair.take, step, wanted, take)


def _linked_again(pair: ExitPair, step: tuple[ExitStep, int] | None, wanted: int) -> tuple[ExitStep, int] | None:
    """Replace a stop without a take profit by a pair."""
    if pair.stop is None:
        return None if step is None else (ExitStep.SUBMIT_PAIR, wanted)
    return None if pair.stop.pending else (ExitStep.CANCEL, 0)


def _linked(pair: ExitPair, wanted: int, trigger: float | None, take: float | None) -> tuple[ExitStep, int] | None:
    stop, there = pair.stop, pair.take
    if stop is None or there is None:
        return ExitStep.CANCEL_TAKE, 0
    if trigger is None or stop.filled or there.filled or stop.left != wanted or there.trigger != take:
        return ExitStep.CANCEL, 0
    return None if stop.trigger == trigger else (ExitStep.MODIFY, stop.quantity)


def _grouped(
    there: StopOrder, step: tuple[ExitStep, int] | None, wanted: int, take: float | None
) -> tuple[ExitStep, int] | None:
    stale = step is not None or there.left != wanted or there.trigger != take
    return (ExitStep.CANCEL_TAKE, 0) if stale else None

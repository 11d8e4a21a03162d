"""The stop and the take profit of one slice of a position -> the one step that brings the two closer to the plan.

Both may fill, and only one of them should: the venue takes from one what the other fills. It can do so for orders that
it knows as they stand, not for a change that is on its way. So where changes take time, the take profit goes before
its stop is changed and comes back when that has been answered; and where the venue knows the two as one list, the list
is never resized but replaced.
"""

from dataclasses import dataclass
from enum import StrEnum

from nautilus_ai_firm.models.execution.stop_order import StopOrder, StopStep, next_step


class ExitStep(StrEnum):
    """What is to be done with a pair."""

    SUBMIT_STOP = "submit_stop"
    SUBMIT_PAIR = "submit_pair"
    SUBMIT_TAKE = "submit_take"
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
        Whether the venue takes the two as one list of which each order reduces the other (the simulated venues), or
        through a group that later orders can join (the broker).

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
        return step if take is None or trigger is None else _without_take(pair.stop, step, wanted, linked=linked)
    if pair.pending:
        return None
    return _linked(pair, wanted, trigger, take) if linked else _grouped(pair.take, step, wanted, take)


def _without_take(
    stop: StopOrder | None, step: tuple[ExitStep, int] | None, wanted: int, *, linked: bool
) -> tuple[ExitStep, int] | None:
    if step is not None:
        return (ExitStep.SUBMIT_PAIR, wanted) if linked and stop is None else step
    if stop is None or stop.pending:
        return None
    return (ExitStep.CANCEL, 0) if linked else (ExitStep.SUBMIT_TAKE, wanted)


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

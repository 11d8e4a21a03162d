"""The stop and the take profit of one slice of a position -> the one step that brings the two closer to the plan.

Both may fill, and only one of them should: the venue takes from one what the other fills. It can do so for orders as it
has them, not for what is on its way. A simulated venue, at which no time passes, takes the two as a list and gets a new
one where anything changes. At a broker the take profit joins the group of a stop that is there already, and from then
on each is changed in place, one at a time: to cancel one of a group may cancel the other. What is on its way while the
stop fills may arrive with more than is left: so a take profit that is, is canceled at once.
"""

from dataclasses import dataclass
from enum import StrEnum

from nautilus_ai_firm.models.execution.stop_order import StopOrder, StopStep, next_step


class ExitStep(StrEnum):
    """What is to be done with a pair."""

    SUBMIT_STOP = "submit_stop"
    SUBMIT_PAIR = "submit_pair"
    SUBMIT_TAKE = "submit_take"  # into the group of the stop
    MODIFY = "modify"
    MODIFY_TAKE = "modify_take"
    CANCEL = "cancel"  # of the stop; in a list the take profit goes with it
    CANCEL_TAKE = "cancel_take"


STOP_STEPS = {
    StopStep.SUBMIT: ExitStep.SUBMIT_STOP,
    StopStep.MODIFY: ExitStep.MODIFY,
    StopStep.CANCEL: ExitStep.CANCEL,
}
TAKE_STEPS = {ExitStep.SUBMIT_TAKE, ExitStep.MODIFY_TAKE, ExitStep.CANCEL_TAKE}
"""Steps of the take profit alone."""

type Step = tuple[ExitStep, int] | None


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
        """Whether the venue still owes an answer, or a fill of which it said already what it took from the other."""
        return any(order is not None and (order.pending or order.told) for order in (self.stop, self.take))

    @property
    def closes(self) -> bool:
        """Whether a market order is on its way: it fills, and nothing is done with it any more."""
        return any(order is not None and order.is_market for order in (self.stop, self.take))

    @property
    def is_torn(self) -> bool:
        """Whether the take profit has to go at once: its stop is gone, or fills while it is on its way itself."""
        stop, take = self.stop, self.take
        if take is None or take.leaving or take.is_market:
            return False
        if stop is None:
            return take.is_unsure or take.left > 0
        return stop.filled > 0 and take.is_unsure

    @property
    def waits(self) -> bool:
        """Whether no step is possible, whatever is wanted."""
        stop, take = self.stop, self.take
        if take is None:
            return stop is not None and (stop.pending or stop.is_market)
        return self.closes or (self.pending and not self.is_torn)

    @property
    def is_empty(self) -> bool:
        """Whether there is no order."""
        return self.stop is None and self.take is None


def is_clear(quote: tuple[float, float] | None, sign: int, trigger: float | None) -> bool:
    """Say whether the market was not at the stop of a position of a sign when its bid and ask were last seen."""
    if quote is None or trigger is None:
        return True
    return sign * (quote[0 if sign > 0 else 1] - trigger) > 0


def pair_step(
    pair: ExitPair,
    position: int,
    wanted: int,
    trigger: float | None,
    take: float | None,
    *,
    linked: bool,
    may_join: bool = True,
) -> Step:
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
        take it; at a broker they are a group.
    may_join : bool
        Whether a take profit may be sent to a broker: not while the market is at the stop.

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
    limit = None if trigger is None else take
    if pair.take is None:
        if linked:
            return step if limit is None else _linked_again(pair, step, wanted)
        return _joined(pair.stop, step, wanted, wants_take=limit is not None and may_join)
    if not linked and pair.is_torn:
        return ExitStep.CANCEL_TAKE, 0
    if pair.pending:
        return None
    return _linked(pair, wanted, trigger, take) if linked else _grouped(pair, step, wanted, limit)


def _linked_again(pair: ExitPair, step: Step, wanted: int) -> Step:
    """Replace a stop without a take profit by a pair."""
    if pair.stop is None:
        return None if step is None else (ExitStep.SUBMIT_PAIR, wanted)
    return None if pair.stop.pending else (ExitStep.CANCEL, 0)


def _linked(pair: ExitPair, wanted: int, trigger: float | None, take: float | None) -> Step:
    stop, there = pair.stop, pair.take
    if stop is None or there is None:
        return ExitStep.CANCEL_TAKE, 0
    if trigger is None or stop.filled or there.filled or stop.left != wanted or there.trigger != take:
        return ExitStep.CANCEL, 0
    return None if stop.trigger == trigger else (ExitStep.MODIFY, stop.quantity)


def _joined(stop: StopOrder | None, step: Step, wanted: int, *, wants_take: bool) -> Step:
    """Bring a stop to the plan, and then a take profit into its group."""
    if step is not None:
        is_refused = stop is not None and stop.fixed and step[0] is ExitStep.MODIFY
        return (ExitStep.CANCEL, 0) if is_refused else step
    if stop is None or not wants_take or not stop.group or stop.pending or stop.filled:
        return None
    return ExitStep.SUBMIT_TAKE, wanted


def _grouped(pair: ExitPair, step: Step, wanted: int, take: float | None) -> Step:
    """Change first the stop and then the take profit; where one of them cannot be changed both are replaced."""
    stop, there = pair.stop, pair.take
    if stop is None or there is None:
        return None
    is_stale = there.left != wanted or there.trigger != take
    if step is None and not is_stale:
        return None
    if take is None or not wanted or stop.fixed or stop.filled or (is_stale and there.fixed):
        return ExitStep.CANCEL_TAKE, 0
    return step or (ExitStep.MODIFY_TAKE, there.filled + wanted)

"""What a close says about a pyramid: whether the next layer is confirmed, from which price on, and what ends it all."""

from enum import StrEnum
from math import isfinite, nan

from nautilus_ai_firm.models.execution.pyramid_market import PyramidMeasures
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules


class PyramidStep(StrEnum):
    """What the last step of a plan was, or why there was none."""

    OPENED = "opened with the first layer"
    TAKEN_OVER = "taken over with its position"
    UNLOCKED = "layer unlocked"
    COMPLETE = "all layers are unlocked"
    UNFILLED = "waits for a fill"
    STALE = "waits for a bar"
    NO_VIEW = "waits for a view"
    LOSING = "holds: the close is on the losing side of the average entry price"
    BELOW_TRIGGER = "holds: the trigger is not reached"
    NO_BREAKOUT = "holds: no breakout"
    NO_VOLUME = "holds: volume does not rise"
    NO_TREND = "holds: the trend is not strong enough"
    NO_ROOM = "holds: the intended weight has no room for a layer"
    SHRUNK = "shrinks with the intended weight"
    PROFIT_TAKEN = "a layer's profit is taken"
    LAYER_STOPPED = "a layer's stop was crossed at the close"
    INTENT_OVER = "closes: the intended weight is zero or has turned"
    TREND_EXHAUSTED = "closes: the trend is exhausted"
    OPPOSITE_EXTREME = "closes: beyond the opposite extreme"
    TOO_VOLATILE = "closes: volatility is far above its average"
    TIME_OVER = "closes: held for as many rounds as it may be"
    ALL_CLOSED = "closes: no layer is left"
    STOPPED_OUT = "ended: the position was closed by others"
    MISSED = "ended: the first layer's stop was crossed before anything was held at a close"


OWN_EXITS = frozenset({PyramidStep.INTENT_OVER})
"""Ends that are no reason to wait before a new plan: nothing went wrong."""


def trigger_price(rules: PyramidRules, measures: PyramidMeasures, place: int, side: int, next_layer: int,
                  average: float) -> float:  # fmt: skip
    """Return the price beyond which a close unlocks a layer, all else agreeing; NaN where it is not known.

    With E the average entry price, s the side and A the average true range it is E (1 + s threshold) or
    E + s multiple A, and no less far than the extreme of a breakout.

    Parameters
    ----------
    rules : PyramidRules
        What applies.
    measures : PyramidMeasures
        The round.
    place, side : int
        Instrument, and 1 for long or -1 for short.
    next_layer : int
        Number of the layer, 2 or more.
    average : float
        Average entry price.

    """
    if rules.confirm == "profit":
        price = average * (1.0 + side * rules.profit_thresholds[next_layer - 2])
    else:
        price = average + side * rules.atr_multiples[next_layer - 2] * float(measures.atr[place])
    if rules.breakout_rounds is not None:
        extreme = float((measures.highest if side > 0 else measures.lowest)[place])
        price = side * max(side * price, side * extreme) if isfinite(extreme) else nan
    return price


def confirmation(rules: PyramidRules, measures: PyramidMeasures, place: int, side: int, next_layer: int,
                 average: float, close: float) -> PyramidStep:  # fmt: skip
    """Say whether a close confirms the next layer (`UNLOCKED`), or what speaks against it.

    What is not known confirms nothing. A position whose close is not beyond its average entry price gets no layer.
    """
    if not side * (close - average) > 0:
        return PyramidStep.LOSING
    at = trigger_price(rules, measures, place, side, next_layer, average)
    if rules.breakout_rounds is not None:
        extreme = float((measures.highest if side > 0 else measures.lowest)[place])
        if not side * (close - extreme) > 0:
            return PyramidStep.NO_BREAKOUT
    if not side * (close - at) >= 0:
        return PyramidStep.BELOW_TRIGGER
    if rules.volume_factor is not None and not measures.volume_ratio[place] > rules.volume_factor:
        return PyramidStep.NO_VOLUME
    if rules.min_adx is not None and not measures.adx[place] >= rules.min_adx:
        return PyramidStep.NO_TREND
    return PyramidStep.UNLOCKED


def full_exit(rules: PyramidRules, measures: PyramidMeasures, place: int, side: int, close: float, age: int,
              *, had_trend: bool) -> PyramidStep | None:  # fmt: skip
    """Return why the whole position is to be closed after a round with a bar; None where nothing says so.

    Parameters
    ----------
    rules : PyramidRules
        What applies.
    measures : PyramidMeasures
        The round.
    place, side : int
        Instrument, and 1 for long or -1 for short.
    close : float
        Its close.
    age : int
        Rounds with a bar in which there was a position.
    had_trend : bool
        Whether the directional index was at `exit_adx` or above since the plan began.

    """
    if rules.max_atr_ratio is not None and measures.atr_ratio[place] > rules.max_atr_ratio:
        return PyramidStep.TOO_VOLATILE
    if rules.exit_rounds is not None:
        extreme = float((measures.exit_lowest if side > 0 else measures.exit_highest)[place])
        if side * (close - extreme) < 0:
            return PyramidStep.OPPOSITE_EXTREME
    if rules.exit_adx is not None and had_trend and measures.adx[place] < rules.exit_adx:
        return PyramidStep.TREND_EXHAUSTED
    if rules.max_rounds is not None and age >= rules.max_rounds:
        return PyramidStep.TIME_OVER
    return None

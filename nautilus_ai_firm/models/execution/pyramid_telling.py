"""A plan's state after a round becomes the message that others hear."""

from math import isfinite, nan

from nautilus_ai_firm.messages import PyramidPlan
from nautilus_ai_firm.models.execution.pyramid_facts import Facts
from nautilus_ai_firm.models.execution.pyramid_market import PyramidMeasures
from nautilus_ai_firm.models.execution.pyramid_position import PyramidPosition
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules
from nautilus_ai_firm.models.execution.pyramid_triggers import trigger_price


def told(
    position: PyramidPosition, rules: PyramidRules, facts: Facts, measures: PyramidMeasures, weight: float
) -> PyramidPlan:
    """Return what others are told of a plan after its round; see `PyramidPlan`.

    Parameters
    ----------
    position : PyramidPosition
        The plan.
    rules : PyramidRules
        What applies.
    facts : Facts
        Its instrument in the round.
    measures : PyramidMeasures
        The round.
    weight : float
        What was decided.

    """
    owner, layers = position.owner, position.layers
    average, trigger = layers.average if layers.quantity else nan, nan
    if not position.closes and layers.quantity and layers.unlocked < rules.max_layers:
        trigger = trigger_price(rules, measures, owner.place, owner.side, layers.unlocked + 1, average)
    return PyramidPlan(
        plan_id=owner.plan_id,
        place=owner.place,
        instrument_id=owner.name,
        side=owner.side,
        layers=tuple(layer.message(owner.side) for layer in layers.open),
        unlocked=layers.unlocked,
        total_layers=rules.max_layers,
        intended_weight=facts.intended if isfinite(facts.intended) else weight,
        weight=weight,
        average_entry_price=average if isfinite(average) else None,
        close=facts.close,
        next_trigger=trigger if isfinite(trigger) else None,
        volume_confirms=rules.volume_factor is not None,
        floor_price=average if position.adds and isfinite(average) else None,
        cause=str(position.step),
        ended=position.ended,
    )

"""A position that is there already becomes layers, as if it had been built in them."""

from itertools import accumulate
from math import nan

from nautilus_ai_firm.models.execution.pyramid_facts import Facts, Owner
from nautilus_ai_firm.models.execution.pyramid_layers import Layer, Layers
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules


def taken_over(rules: PyramidRules, owner: Owner, facts: Facts) -> Layers:
    """Divide a position into as few layers as hold it, in proportion to their sizes, all at its average entry price.

    A position that is larger than all layers fills them all.

    Parameters
    ----------
    rules : PyramidRules
        Sizes.
    owner : Owner
        Whose position it is.
    facts : Facts
        The position, and the intended weight that layers are shares of.

    """
    size, layers = abs(facts.intended), Layers(owner.side)
    sums = list(accumulate(rules.fractions))
    enough = (number for number, share in enumerate(sums, 1) if share * size >= abs(facts.current) * (1.0 - owner.band))
    layers.unlocked = next(enough, rules.max_layers)
    layers.average = facts.average
    given, quantity = 0, abs(facts.position)
    for number, share in enumerate(sums[: layers.unlocked], start=1):
        upto = round(quantity * share / sums[layers.unlocked - 1])
        weight = owner.side * (upto - given) * facts.close / facts.equity
        if upto > given:
            gain = rules.take_profit[number - 1] if rules.take_profit else nan
            layer = Layer(number=number, weight=weight, intended=size, gain=gain)
            layer.quantity, layer.entry_price, layer.was_filled = upto - given, facts.average, True
            layers.open.append(layer)
        given = upto
    return layers

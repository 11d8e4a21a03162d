"""Plans of layered positions and fills -> stops and take profits of each layer, where they are new."""

from dataclasses import dataclass

from nautilus_ai_firm.messages import PyramidPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerExit:
    """Where a layer is closed: its number, what of the position it is (unsigned), and its prices."""

    layer: int
    quantity: int
    stop: float
    take_profit: float | None


class LayerStops:
    """Remembers the plan of each instrument and says what of its exits changed.

    A plan says of a layer that is on the way where its stop will stand. Whatever a fill adds is that layer's: the
    newest one of the plan.
    """

    def __init__(self) -> None:
        self._plans: dict[int, PyramidPlan] = {}
        self._said: dict[int, dict[int, LayerExit]] = {}

    def plan(self, plan: PyramidPlan, position: int) -> list[LayerExit]:
        """Take the plan of a round and the position that there is, signed; a layer that is over has quantity 0."""
        self._plans[plan.place] = plan
        return self._news(plan, position)

    def fill(self, place: int, position: int) -> list[LayerExit]:
        """Take a position after a fill, signed."""
        plan = self._plans.get(place)
        return [] if plan is None else self._news(plan, position)

    def _news(self, plan: PyramidPlan, position: int) -> list[LayerExit]:
        wanted = {} if plan.ended or position * plan.side <= 0 else _exits(plan, abs(position))
        said = self._said.get(plan.place, {})
        if position:
            over = [
                LayerExit(layer=one.layer, quantity=0, stop=one.stop, take_profit=None)
                for one in said.values()
                if one.layer not in wanted
            ]
        else:
            over = []  # everything is over with the position
        self._said[plan.place] = wanted
        return over + [one for one in wanted.values() if said.get(one.layer) != one]


def _exits(plan: PyramidPlan, held: int) -> dict[int, LayerExit]:
    found: dict[int, LayerExit] = {}
    left = held
    for place, layer in enumerate(plan.layers):
        is_newest = place == len(plan.layers) - 1
        quantity = left if is_newest else min(left, abs(layer.quantity))
        left -= quantity
        if quantity and layer.stop is not None:
            found[layer.number] = LayerExit(
                layer=layer.number, quantity=quantity, stop=layer.stop, take_profit=layer.take_profit
            )
    return found

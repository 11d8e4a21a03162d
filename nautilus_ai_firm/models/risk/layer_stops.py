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
    newest one of the plan. What an exit of a layer closes is that layer's; of what another order closes the newest
    gives way first.
    """

    def __init__(self) -> None:
        self._plans: dict[int, PyramidPlan] = {}
        self._said: dict[int, dict[int, LayerExit]] = {}
        self._gone: dict[int, dict[int, int]] = {}  # by place and layer: what its own exits closed since the plan

    def plan(self, plan: PyramidPlan, position: int) -> list[LayerExit]:
        """Take the plan of a round and the position that there is, signed; a layer that is over has quantity 0."""
        self._plans[plan.place] = plan
        self._gone[plan.place] = {}
        return self._news(plan, position)

    def fill(self, place: int, position: int, exited: tuple[int, int] | None = None) -> list[LayerExit]:
        """Take a position after a fill, signed; `exited` is the layer whose exit filled, and how much, unsigned."""
        plan = self._plans.get(place)
        if plan is None:
            return []
        if exited is not None:
            layer, quantity = exited
            gone = self._gone[place]
            gone[layer] = gone.get(layer, 0) + quantity
        return self._news(plan, position)

    def _news(self, plan: PyramidPlan, position: int) -> list[LayerExit]:
        is_over = plan.ended or position * plan.side <= 0
        wanted = {} if is_over else _exits(plan, abs(position), self._gone[plan.place])
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


def _exits(plan: PyramidPlan, held: int, gone: dict[int, int]) -> dict[int, LayerExit]:
    found: dict[int, LayerExit] = {}
    left = held
    for place, layer in enumerate(plan.layers):
        is_newest = place == len(plan.layers) - 1
        quantity = left if is_newest else min(left, max(abs(layer.quantity) - gone.get(layer.number, 0), 0))
        left -= quantity
        if quantity and layer.stop is not None:
            found[layer.number] = LayerExit(
                layer=layer.number, quantity=quantity, stop=layer.stop, take_profit=layer.take_profit
            )
    return found

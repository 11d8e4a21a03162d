"""One instrument's plan from its first layer to its end: a state that every closed round moves by one step."""

from math import inf, isfinite, nan

from nautilus_ai_firm.models.execution.pyramid_facts import Facts, Owner
from nautilus_ai_firm.models.execution.pyramid_layers import Layer, Layers
from nautilus_ai_firm.models.execution.pyramid_market import PyramidMeasures
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules
from nautilus_ai_firm.models.execution.pyramid_takeover import taken_over
from nautilus_ai_firm.models.execution.pyramid_triggers import PyramidStep, confirmation, full_exit


class PyramidPosition:
    """A plan. See `Pyramid` for what it promises.

    Parameters
    ----------
    rules : PyramidRules
        What applies.
    owner : Owner
        Whose it is.

    Attributes
    ----------
    layers : Layers
        What is held or on the way.
    step : PyramidStep
        The last one.
    ended : bool
        Whether nothing is left.
    adds : bool
        Whether the last round decided to add to what is held.

    """

    def __init__(self, rules: PyramidRules, owner: Owner) -> None:
        self.owner = owner
        self.layers = Layers(owner.side)
        self.step = PyramidStep.OPENED
        self.ended = self.adds = False
        self._rules, self._place, self._side = rules, owner.place, owner.side
        self._goal, self._filled = 0.0, False  # quantity that the layers mean; once it was reached, what is held
        self._exit: PyramidStep | None = None
        self._had_trend, self._age, self._close = False, 0, nan

    @property
    def closes(self) -> bool:
        """Whether everything is to be closed, or is."""
        return self._exit is not None or self.ended

    def open(self, facts: Facts, measures: PyramidMeasures) -> float:
        """Unlock the first layer and return its weight."""
        weight = self._rules.fractions[0] * facts.intended
        self.layers.add(Layer(number=1, weight=weight, intended=abs(facts.intended), gain=self._gain(1)))
        self._goal, self._close = abs(weight) * facts.equity / facts.close, facts.close
        self.layers.tighten_all(facts.close - self._side * self._distance(measures))
        return weight

    def take_over(self, facts: Facts, measures: PyramidMeasures) -> float:
        """Begin with a position that is there already, and return its weight."""
        self.layers = taken_over(self._rules, self.owner, facts)
        self._goal, self._filled, self._close = float(abs(facts.position)), True, facts.close
        self.layers.protect(facts.close, self._distance(measures), frozenset(), break_even=self._rules.break_even)
        self.step = PyramidStep.TAKEN_OVER
        return self._weight(facts)

    def update(self, facts: Facts, measures: PyramidMeasures) -> float:
        """Take a closed round and return the weight to hold: one step at most."""
        held = self._side * facts.position
        self.adds = False
        was_filled = any(layer.was_filled for layer in self.layers.open)
        if held < 0 or (held == 0 and (was_filled or self._exit)):
            self.ended = True
            self.step = self._exit or PyramidStep.STOPPED_OUT
            self.layers.open.clear()
            return 0.0
        missed = facts.fresh and not was_filled and not held and self.layers.is_stopped(facts.low, facts.high)
        self._settle(facts, measures, held)
        if self._exit is None and missed:
            self._exit = PyramidStep.MISSED
        if self._exit is None:
            self._exit = self._reason(facts, measures, held)
        if self._exit is None:
            self._advance(facts, measures, held)
        if self._exit is not None:
            self.step, self.ended = self._exit, held == 0
            if self.ended:
                self.layers.open.clear()
            return 0.0
        return self._weight(facts)

    def _settle(self, facts: Facts, measures: PyramidMeasures, held: int) -> None:
        """Take what was filled since, and set the stops of what was."""
        waited = frozenset(layer.number for layer in self.layers.open if not layer.was_filled)
        low, high = (facts.low, facts.high) if facts.fresh else (nan, nan)
        self._goal = max(self._goal - self.layers.exited, 0.0)  # what an exit closed does not come back
        self.layers.settle(held, facts.average, min(low, self._close), max(high, self._close))
        self._close = facts.close
        if held:
            self.layers.protect(facts.close, self._distance(measures), waited, break_even=self._rules.break_even)

    def _reason(self, facts: Facts, measures: PyramidMeasures, held: int) -> PyramidStep | None:
        if isfinite(facts.intended) and facts.intended * self._side <= 0:
            return PyramidStep.INTENT_OVER
        if not facts.fresh or not held:
            return None
        self._age += 1
        if self._rules.exit_adx is not None:
            self._had_trend |= bool(measures.adx[self._place] >= self._rules.exit_adx)
        where = self._place, self._side
        return full_exit(self._rules, measures, *where, facts.close, self._age, had_trend=self._had_trend)

    def _advance(self, facts: Facts, measures: PyramidMeasures, held: int) -> None:
        """Close layers, unlock one, or stay; says which in `step`."""
        layers = self.layers
        if not held:  # the first layer is still to be filled, on the terms of this round
            self.step = PyramidStep.UNFILLED
            if isfinite(facts.intended):
                layers.open[0].intended = abs(facts.intended)
                layers.open[0].weight = self._rules.fractions[0] * facts.intended
                self._goal = abs(layers.open[0].weight) * facts.equity / facts.close
            return
        if facts.fresh and self._close_layers(facts):
            return
        near = held >= self._goal - max(self.owner.lot, self.owner.band * self._goal)
        self._filled |= near and layers.open[-1].quantity > 0
        if self._filled:
            self._goal = float(held)
        if not facts.fresh:
            self.step = PyramidStep.STALE
        elif not isfinite(facts.intended):
            self.step = PyramidStep.NO_VIEW
        elif not self._filled:
            self.step = PyramidStep.UNFILLED
        elif layers.unlocked == self._rules.max_layers:
            self.step = PyramidStep.COMPLETE
        else:
            number = layers.unlocked + 1
            where = self._place, self._side
            self.step = confirmation(self._rules, measures, *where, number, layers.average, facts.close)
            if self.step is PyramidStep.UNLOCKED:
                self._unlock(number, facts, measures, held)

    def _close_layers(self, facts: Facts) -> bool:
        """Mark layers whose profit or stop the close has reached; say whether there are any."""
        side, marked = self._side, 0
        for layer in self.layers.open:
            profit = side * (facts.close - layer.take_profit(side)) >= 0
            stopped = layer.quantity > 0 and side * (facts.close - layer.stop) <= 0
            if not layer.closing and (profit or stopped):
                layer.closing = True
                marked += layer.quantity
                self.step = PyramidStep.PROFIT_TAKEN if profit else PyramidStep.LAYER_STOPPED
        waiting = any(layer.closing for layer in self.layers.open)
        if waiting:  # a layer on the way is given up
            self.layers.open = [layer for layer in self.layers.open if layer.was_filled]
            self._goal = float(sum(layer.quantity for layer in self.layers.open if not layer.closing))
            if not self._goal:
                self._exit = self.step if marked else PyramidStep.ALL_CLOSED
        return waiting

    def _unlock(self, number: int, facts: Facts, measures: PyramidMeasures, held: int) -> None:
        fraction, unit = self._rules.fractions[number - 1], facts.close / facts.equity
        size = abs(facts.intended)
        goal = min(self.layers.shrunk(size) * held * unit + fraction * size, size) / unit
        if goal - held < max(self.owner.lot, self.owner.band * goal):
            self.step = PyramidStep.NO_ROOM
            return
        weight = self._side * (goal - held) * unit
        self.layers.fall_to(size)  # what fell with the intended weight is in the goal
        self.layers.add(Layer(number=number, weight=weight, intended=size, gain=self._gain(number)))
        self._goal = goal
        self._filled = False
        self.layers.tighten_all(facts.close - self._side * self._distance(measures))

    def _distance(self, measures: PyramidMeasures) -> float:
        return self._rules.stop_atr * float(measures.atr[self._place])

    def _weight(self, facts: Facts) -> float:
        """Return the weight of the goal, less what fell with the intended weight, and never more than that.

        It grows from what is held and on the way only with a bar, a view, and a close beyond the average entry price.
        """
        side, held = self._side, self._side * facts.current
        size = abs(facts.intended) if isfinite(facts.intended) else inf
        kept = self.layers.shrunk(size)
        target = min(kept * self._goal * facts.close / facts.equity, size)
        winning = not facts.position or side * (facts.close - self.layers.average) > 0
        if target > held and not (facts.fresh and size < inf and winning):
            target = min(held, size)
        if self._goal == abs(facts.position) and kept == 1.0:  # a hold, to the last bit
            target = min(held, size)
        self.adds = target > held and facts.position != 0
        lost = (held - target) * facts.equity / facts.close
        if lost > max(self.owner.lot, self.owner.band * abs(facts.position)) and (kept < 1.0 or target == size):
            self.step = PyramidStep.SHRUNK
        return side * max(target, 0.0)

    def _gain(self, number: int) -> float:
        return self._rules.take_profit[number - 1] if self._rules.take_profit else nan

"""Intended weights become the weights of positions that are built in layers, and a plan for each of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nautilus_ai_firm.messages import Floats, MarketSnapshot, PyramidPlan
from nautilus_ai_firm.models.execution.pyramid_facts import Facts, Owner
from nautilus_ai_firm.models.execution.pyramid_market import PyramidMarket
from nautilus_ai_firm.models.execution.pyramid_position import PyramidPosition
from nautilus_ai_firm.models.execution.pyramid_rules import PyramidRules
from nautilus_ai_firm.models.execution.pyramid_telling import told
from nautilus_ai_firm.models.execution.pyramid_triggers import OWN_EXITS


class Pyramid:
    """Layers of every instrument, long and short alike.

    A plan begins with the first layer where something is wanted and nothing is held. At each later close it moves by
    one step at most: a layer is closed, or one is unlocked, or all is closed, or nothing happens. Whatever comes:

    - |weight| is at most |intended weight|, and falls with it, all layers alike;
    - |weight| exceeds what is held only with a bar, a view, and a close on the winning side of the average entry price,
      or where nothing is held;
    - a layer is unlocked only after the one before was filled, to a lot or to what is not worth an order;
    - closed layers do not come back in a plan, nor does what risk, compliance or a stop took away;
    - a plan that is to be closed has weight 0 until nothing is held.

    Parameters
    ----------
    rules : PyramidRules
        What applies.
    names : sequence of str
        Instruments, in the order of every array.
    lot_sizes : ndarray of shape (n,)
        Smallest step of a quantity.
    no_trade_band : float
        Share of a target within which a difference is not traded.

    Raises
    ------
    ValueError
        The smallest layer would lie within the band, and never be traded.

    """

    def __init__(
        self, rules: PyramidRules, names: Sequence[str], lot_sizes: NDArray[np.int64], no_trade_band: float
    ) -> None:
        refuse_hidden_layers(rules, no_trade_band)
        self._rules, self._names = rules, tuple(names)
        self._lots, self._band = [float(lot) for lot in lot_sizes], no_trade_band
        self._market = PyramidMarket(rules, len(self._names))
        self._plans: dict[int, PyramidPosition] = {}
        self._rests: dict[int, tuple[int, int]] = {}  # side that a plan ended on, and rounds until the next one

    def observe(self, snapshot: MarketSnapshot) -> None:
        """Take a closed round, history included, before `decide` is asked about it."""
        self._measures = self._market.update(snapshot)

    def exited(self, place: int, layer: int, quantity: int) -> None:
        """Take note that the exit of a layer filled so much of it, unsigned, since the last round."""
        plan = self._plans.get(place)
        if plan is not None:
            plan.layers.exit(layer, quantity)

    def decide(
        self,
        snapshot: MarketSnapshot,
        intended: Floats,
        current: Floats,
        positions: NDArray[np.int64],
        average_prices: Floats,
        equity: float,
    ) -> tuple[Floats, tuple[PyramidPlan, ...]]:
        """Turn intended weights to layered ones.

        Parameters
        ----------
        snapshot : MarketSnapshot
            The round that was observed last.
        intended : ndarray of shape (n,)
            What would be held at once, fractions of equity, signed; NaN is no view.
        current : ndarray of shape (n,)
            What is held and on the way, fractions of equity, signed.
        positions : ndarray of shape (n,)
            Filled quantities, signed.
        average_prices : ndarray of shape (n,)
            Average entry prices; anything where there is no position.
        equity : float
            Of the account, above 0.

        Returns
        -------
        weights : ndarray of shape (n,)
            Fractions of equity, signed; NaN where nothing is held and there is no view.
        plans : tuple of PyramidPlan
            By place, those that ended in this round among them.

        """
        weights, plans = np.zeros(len(self._names)), list[PyramidPlan]()
        arrays = (intended, current, positions, average_prices, snapshot.high, snapshot.low, snapshot.close)
        for place, row in enumerate(zip(*(array.tolist() for array in arrays), snapshot.fresh.tolist(), strict=True)):
            facts = Facts(
                intended=row[0], current=row[1], position=row[2], average=row[3],
                high=row[4], low=row[5], close=row[6], fresh=row[7], equity=equity,
            )  # fmt: skip
            weights[place] = weight = self._weight(place, facts, snapshot.round)
            if (plan := self._plans.get(place)) is not None:
                plans.append(told(plan, self._rules, facts, self._measures, weight))
                if plan.ended:
                    rest = 0 if plan.step in OWN_EXITS else self._rules.cool_down_rounds
                    self._rests[place] = (plan.owner.side, rest)
                    del self._plans[place]
        return weights, tuple(plans)

    def _weight(self, place: int, facts: Facts, round_: int) -> float:
        if (plan := self._plans.get(place)) is not None:
            return plan.update(facts, self._measures)
        rests = self._rests_on(place, facts)
        if np.isnan(facts.intended):
            return facts.current if facts.position else np.nan
        side = 1 if facts.intended > 0 else -1
        if not facts.intended or facts.position * side < 0 or (not facts.position and (rests or not facts.fresh)):
            return 0.0
        lot, name = self._lots[place], self._names[place]
        owner = Owner(plan_id=f"P{round_:06d}-{place}", place=place, name=name, side=side, lot=lot, band=self._band)
        plan = self._plans[place] = PyramidPosition(self._rules, owner)
        return (plan.take_over if facts.position else plan.open)(facts, self._measures)

    def _rests_on(self, place: int, facts: Facts) -> bool:
        """Whether no plan begins yet, after one that was ended by a stop or a rule; a turn of the view is no such end.

        Counts rounds with a bar.
        """
        side, rounds = self._rests.get(place, (0, 0))
        if not rounds or facts.intended * side <= 0:
            self._rests.pop(place, None)
            return False
        self._rests[place] = (side, rounds - facts.fresh)
        return True


def refuse_hidden_layers(rules: PyramidRules, no_trade_band: float) -> None:
    """Refuse layers so small beside the ones before that no order would be sent for them.

    Raises
    ------
    ValueError
        Names the layer, its share of the position, and the band.

    """
    total = 0.0
    for number, fraction in enumerate(rules.fractions, start=1):
        total += fraction
        if number > 1 and fraction / total <= no_trade_band:
            raise ValueError(
                f"layer {number} would be {fraction / total:.4g} of the position, within execution.no_trade_band "
                f"{no_trade_band}; allowed are fewer layers, larger ones, or a narrower band"
            )

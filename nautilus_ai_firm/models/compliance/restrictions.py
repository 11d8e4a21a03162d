"""Risked weights become weights that may be traded, with a record of what was refused or reduced."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf, isnan, nan

import numpy as np

from nautilus_ai_firm.messages import Bools, Breach, Floats

_WHOLE = 1e-9
"""Distance in lots at which a cap counts as a whole number of lots."""


def apply_restrictions(
    current: Floats,
    weights: Floats,
    equity: float,
    price: Floats,
    *,
    restricted: Bools,
    market_open: Bools,
    max_order_value: Floats,
    max_order_volume: Floats,
    instrument_ids: Sequence[str],
    restricted_may_reduce: bool,
    lot_size: Floats | float = 1.0,
) -> tuple[Floats, tuple[Breach, ...]]:
    """Hold or shrink trades that are not allowed.

    A trade is refused, which means that the current weight is held, if the market is closed at the execution time, if
    no order value or no order volume is configured, or if price or equity are not above 0. A restricted instrument is
    held too or, with `restricted_may_reduce`, limited to the reducing part of the trade. What remains is shrunk towards
    the current weight until the order keeps both maxima in whole lots. So every result lies between current and input.

    Parameters
    ----------
    current : ndarray of shape (n,)
        Current weights, working orders included, fractions of equity, signed, finite.
    weights : ndarray of shape (n,)
        Risked weights; one that is not finite holds the current one.
    equity : float
        Account equity, account currency.
    price : ndarray of shape (n,)
        Value of one unit, account currency (times the contract multiplier, if any).
    restricted, market_open : ndarray of shape (n,)
        Whether the instrument is on the restricted list; whether its market is open at the execution time.
    max_order_value : ndarray of shape (n,)
        Largest order, account currency; NaN is not configured.
    max_order_volume : ndarray of shape (n,)
        Largest order, units; NaN is not configured.
    instrument_ids : sequence of str
        Names for the breaches, n of them.
    restricted_may_reduce : bool
        Whether a position in a restricted instrument may shrink.
    lot_size : float or ndarray of shape (n,)
        Smallest order, units, above 0. A capped order is a whole number of lots, so that rounding later on cannot push
        it over the maximum.

    Returns
    -------
    weights : ndarray of shape (n,)
        Weights to hand on, between current and input.
    breaches : tuple of Breach
        At most one refusal per instrument, or one per maximum that was hit, in the order of the instruments.

    Raises
    ------
    ValueError
        A current weight that is not finite, or arrays of different lengths.

    """
    if not len(current) == len(weights) == len(price) == len(instrument_ids):
        raise ValueError("current, weights, price and instrument_ids have different lengths")
    if not bool(np.all(np.isfinite(current))):
        raise ValueError(f"current weights are {current.tolist()}, allowed are finite numbers")
    lots = np.broadcast_to(np.asarray(lot_size, dtype=np.float64), current.shape)
    cleared = np.where(np.isfinite(weights), weights, current)
    breaches: list[Breach] = []
    with np.errstate(all="ignore"):  # what is missing or not a number is not plain, and looked at below
        value_of_lot = lots * price
        orders = (
            np.abs(cleared - current) / (value_of_lot / equity) + 1
        )  # in lots, at most: rounding adds less than one
        plain = (orders <= max_order_value / value_of_lot) & (orders <= max_order_volume / lots)
        plain &= market_open & ~restricted & (price > 0) & (price < inf) & bool(0 < equity < inf)
    for i in np.flatnonzero((cleared != current) & ~plain).tolist():
        trade = _Trade(
            instrument_id=instrument_ids[i],
            current=float(current[i]),
            weight=float(cleared[i]),
            lot_weight=float(lots[i] * price[i] / equity) if equity > 0 else nan,
        )
        absent = {
            "market_closed": not market_open[i],
            "max_order_value_missing": isnan(max_order_value[i]),
            "max_order_volume_missing": isnan(max_order_volume[i]),
            "price_missing": not 0 < price[i] < inf,
            "equity_not_positive": not 0 < equity < inf,
        }
        refusal = next((rule for rule, hit in absent.items() if hit), None)
        if refusal is None and restricted[i] and not restricted_may_reduce:
            refusal = "restricted"
        if refusal is not None:
            cleared[i] = current[i]
            breaches.append(trade.breach(refusal, abs(trade.weight), abs(trade.current), "refused"))
            continue
        if restricted[i] and not _reduces(trade.current, trade.weight):
            breaches.append(trade.breach("restricted", abs(trade.weight), abs(trade.current), "reducing part only"))
            trade = replace(trade, weight=0.0 if trade.current * trade.weight < 0 else trade.current)
        caps = {
            "max_order_value": (float(max_order_value[i]), float(lots[i] * price[i])),
            "max_order_volume": (float(max_order_volume[i]), float(lots[i])),
        }
        cleared[i] = trade.within(caps, breaches)
    return cleared, tuple(breaches)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trade:
    instrument_id: str
    current: float
    weight: float
    lot_weight: float

    @property
    def order(self) -> float:
        # The order in whole lots: targets are cut towards zero, which makes an order that reduces larger.
        lots = abs(self.weight - self.current) / self.lot_weight
        return ceil(lots - _WHOLE) if _reduces(self.current, self.weight) else floor(lots + _WHOLE)

    def within(self, caps: dict[str, tuple[float, float]], breaches: list[Breach]) -> float:
        # The weight at which the order keeps every cap; a cap is the maximum and what one lot counts towards it.
        smallest = inf
        for rule, (maximum, per_lot) in caps.items():
            if self.order > maximum / per_lot + _WHOLE:
                smallest = min(smallest, floor(maximum / per_lot + _WHOLE))
                breaches.append(self.breach(rule, self.order * per_lot, maximum, "reduced"))
        if smallest == inf:
            return self.weight
        step = smallest * self.lot_weight
        low, high = sorted((self.current, self.weight))
        return min(max(self.current + (step if self.weight > self.current else -step), low), high)

    def breach(self, rule: str, observed: float, limit: float, action: str) -> Breach:
        return Breach(rule=rule, instrument_id=self.instrument_id, observed=observed, limit=limit, action=action)


def _reduces(current: float, weight: float) -> bool:
    return min(current, 0.0) <= weight <= max(current, 0.0)

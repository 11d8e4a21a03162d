"""Bars of a crash and the rules on losses -> what the rules would have said to a fixed book, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from nautilus_ai_firm.data.columns import BarColumns, Floats, Times, utc
from nautilus_ai_firm.durations import DAY_NS, MINUTE_NS
from nautilus_ai_firm.models.risk.crash_velocity import CrashVelocity, Speed, Velocity, VelocityLimits
from nautilus_ai_firm.models.risk.drawdown import Drawdown
from nautilus_ai_firm.models.risk.drawdown_tiers import DrawdownTiers, Tier, TierAction, TierChange, within_tier
from nautilus_ai_firm.research.minute_paths import minute_path
from nautilus_ai_firm.research.outline import aligned


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayRules:
    """What a replay applies.

    Attributes
    ----------
    tiers : sequence of Tier
        Tiers of drawdown, asked at the close of every bar.
    velocity : VelocityLimits
        What is fast, asked every minute.
    half_spread_bps : float
        Cost of a trade, of its notional.
    seed : int
        Of the paths inside of bars.

    """

    tiers: Sequence[Tier]
    velocity: VelocityLimits
    half_spread_bps: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Minutes of one day at one speed that is not normal: when the first was, how many, and the fastest of them."""

    ts_ns: int
    minutes: int
    fastest: Velocity


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What happened to a fixed book.

    Attributes
    ----------
    ts_ns : ndarray of int64 of shape (n_bars,)
        Closes of the bars.
    equity, held : ndarray of shape (n_bars,)
        At each close: equity, 1 at the first; and the sum of sizes of weights that were decided under the rules.
    unruled : ndarray of shape (n_bars,)
        Equity of the same book without rules, 1 at the first.
    changes : tuple of (int, TierChange)
        Each step into and out of a tier with the time of its close, in order.
    bursts : tuple of Burst
        Fast minutes and crashes by session, in order.

    """

    ts_ns: Times
    equity: Floats
    held: Floats
    unruled: Floats
    changes: tuple[tuple[int, TierChange], ...]
    bursts: tuple[Burst, ...]


def replay(series: Mapping[str, BarColumns], rules: ReplayRules) -> Replayed:
    """Hold equal weights of all series, fully invested, and let the rules speak.

    At each close the drawdown moves the tiers, the tier shrinks the decision, which is always the same equal weights,
    and where it is another than before it is traded at the next open, half the spread paid. Between trades quantities
    stay. The velocity is asked at every minute of paths that the bars do not tell and `minute_path` draws.

    Parameters
    ----------
    series : mapping of str to BarColumns
        Bars by instrument; those that close at times at which all have one are used.
    rules : ReplayRules
        What is applied.

    Raises
    ------
    ValueError
        Series without two bars at common times.

    """
    columns = _common(series)
    n = len(columns)
    equal = np.full(n, 1 / n)
    unruled = np.stack([bars.close / bars.close[0] for bars in columns]).mean(axis=0)
    tiers, drawdown = DrawdownTiers(rules.tiers), Drawdown()
    watch = _Watch(rules)
    units, cash, target = np.zeros(n), 1.0, np.zeros(n)
    equity, held = np.ones((2, len(columns[0])))
    changes: list[tuple[int, TierChange]] = []
    for i in range(len(columns[0])):
        opens, closes = (np.array([getattr(bars, price)[i] for bars in columns]) for price in ("open", "close"))
        if i:
            trade = target - units
            cash -= float(np.add.reduce(trade * opens + np.abs(trade) * opens * rules.half_spread_bps / 10_000))
            units = target
            watch.see(columns, i, units, cash)
        ts_ns = int(columns[0].ts_close_ns[i])
        equity[i] = cash + np.add.reduce(units * closes)
        changes += [(ts_ns, change) for change in tiers.update(drawdown.update(float(equity[i])))]
        action = None if tiers.tier is None else tiers.tier.action
        current = units * closes / equity[i]
        weights = within_tier(action, current, equal)
        moved = i == 0 or action is TierAction.FLATTEN or bool(changes and changes[-1][0] == ts_ns)
        target = np.where(moved, weights * equity[i] / closes, units)
        held[i] = np.add.reduce(np.abs(weights))
    return Replayed(
        ts_ns=columns[0].ts_close_ns,
        equity=equity,
        held=held,
        unruled=unruled,
        changes=tuple(changes),
        bursts=tuple(watch.bursts.values()),
    )


class _Watch:
    """Asks the velocity at every minute, and keeps by day what was not normal."""

    def __init__(self, rules: ReplayRules) -> None:
        self._velocity = CrashVelocity(rules.velocity)
        self._generator = np.random.default_rng(rules.seed)
        self.bursts: dict[tuple[int, Speed], Burst] = {}

    def see(self, columns: Sequence[BarColumns], i: int, units: Floats, cash: float) -> None:
        start, stop = int(columns[0].ts_open_ns[i]), int(columns[0].ts_close_ns[i])
        n = round((stop - start) / MINUTE_NS)
        pace = self._generator.uniform(0.5, 2.0, size=3)  # of all series: what falls together is the worst case
        bars = [np.array([bars.open[i], bars.high[i], bars.low[i], bars.close[i]]) for bars in columns]
        paths = np.stack([minute_path(bar, pace, self._generator.standard_normal(n)) for bar in bars])
        equities = cash + np.add.reduce(paths * units[:, np.newaxis], axis=0)
        for minute, equity in enumerate(equities.tolist(), 1):
            ts_ns = start + minute * MINUTE_NS
            said = self._velocity.update(ts_ns, equity)
            if said.speed is not Speed.NORMAL:
                self._keep(ts_ns, said)

    def _keep(self, ts_ns: int, said: Velocity) -> None:
        key = (ts_ns // DAY_NS, said.speed)
        before = self.bursts.get(key, Burst(ts_ns=ts_ns, minutes=0, fastest=said))
        fastest = max(before.fastest, said, key=lambda one: one.multiple)
        self.bursts[key] = replace(before, minutes=before.minutes + 1, fastest=fastest)


def _common(series: Mapping[str, BarColumns]) -> list[BarColumns]:
    times = reduce(np.intersect1d, [bars.ts_close_ns for bars in series.values()]) if series else np.empty(0)
    if len(times) < 2:  # noqa: PLR2004 - the book is bought with the first and valued at the second
        raise ValueError(
            f"{', '.join(series) or 'no series'}: {len(times)} bars at common times, allowed are 2 or more"
        )
    return [bars.take(np.isin(bars.ts_close_ns, times)) for bars in series.values()]


def replay_report(title: str, replayed: Replayed) -> str:
    """Write what the rules said, each tier with its time, and what became of the equity."""
    curves = (replayed.equity, replayed.unruled)
    falls = [1 - curve / np.maximum.accumulate(curve) for curve in curves]
    rows = [
        (
            f"  {utc(ts_ns)}",
            f"{'enters' if change.entered else 'leaves'} {change.tier.action}",
            f"drawdown {change.drawdown:.2%}",
        )
        for ts_ns, change in replayed.changes
    ]
    bursts = [
        (
            f"  {utc(burst.ts_ns)}",
            burst.fastest.speed.value,
            f"{burst.minutes} min",
            f"{burst.fastest.multiple:.1f} times the usual, {burst.fastest.loss_per_minute * 10_000:.0f} bps a minute",
        )
        for burst in replayed.bursts
    ]
    told = [
        f"{curve[-1] - 1:+.1%}, largest drawdown {fall.max():.1%}" for curve, fall in zip(curves, falls, strict=True)
    ]
    lines = [title, f"  equity {told[0]}; without rules {told[1]}", "TIERS (closes of hours, UTC)"]
    lines += aligned(rows) if rows else ["  none"]
    lines.append(
        "VELOCITY (minutes drawn: Brownian bridges through each hour's open, high, low and close, not recorded)"
    )
    lines += aligned(bursts, right=(2,)) if bursts else ["  none"]
    return "\n".join(lines)

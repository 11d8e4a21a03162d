"""What the rules on losses say to a fixed book, on falls that are drawn and on those that were."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.columns import BarColumns
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.models.risk.crash_velocity import Speed, VelocityLimits
from nautilus_ai_firm.models.risk.drawdown_tiers import Tier, TierAction
from nautilus_ai_firm.research.risk_replay import ReplayRules, replay, replay_report
from tests.firm_runs import ROOT, synthetic_market
from tests.research.test_stress_history import lean_bars

DOWN = [TierAction.WARN, TierAction.HALVE, TierAction.NO_NEW_RISK, TierAction.FLATTEN]
RULES = ReplayRules(
    tiers=(
        Tier(action=TierAction.WARN, drawdown=0.03, recovery=0.02),
        Tier(action=TierAction.HALVE, drawdown=0.05, recovery=0.03),
        Tier(action=TierAction.NO_NEW_RISK, drawdown=0.07, recovery=0.05),
        Tier(action=TierAction.FLATTEN, drawdown=0.10, recovery=None),
    ),
    velocity=VelocityLimits(span=1_950, warm_up=390, fast=6.0, crash=12.0, floor=5e-5, longest_minutes=240),
    half_spread_bps=1.0,
    seed=1,
)
NO_RULES = replace(RULES, tiers=())


def falling(per_bar: float, n: int = 60, start: int = 20) -> BarColumns:
    """Hours that stand still and then fall by so much each."""
    bars = synthetic_market(["A"], n // 6, "1-HOUR").bars["A"].take(slice(0, n))
    close = 100 * (1 - per_bar) ** np.maximum(np.arange(n) - start, 0)
    opened = np.concatenate([[100.0], close[:-1]])
    return replace(bars, open=opened, high=np.maximum(opened, close), low=np.minimum(opened, close), close=close)


def entered(replayed):
    return [change.tier.action for _, change in replayed.changes if change.entered]


def test_a_slow_fall_goes_through_every_tier_in_order():
    replayed = replay({"A": falling(0.005)}, RULES)
    assert entered(replayed) == DOWN
    times = [ts for ts, _ in replayed.changes]
    assert times == sorted(times)
    assert set(times) <= set(replayed.ts_ns.tolist())


def test_the_book_after_each_tier_by_hand():
    replayed = replay({"A": falling(0.005)}, replace(RULES, half_spread_bps=0.0))
    fall = 0.995
    full = fall ** np.arange(12)  # down to 5 % below the mark, and traded at the open after it
    first = int(np.flatnonzero(1 - full >= 0.05)[0])
    np.testing.assert_allclose(replayed.equity[20 : 21 + first], full[: first + 1], rtol=1e-12)
    half = full[first] * (0.5 + 0.5 * fall ** np.arange(1, 5))
    np.testing.assert_allclose(replayed.equity[21 + first : 25 + first], half, rtol=1e-12)
    flat = replayed.equity[replayed.held == 0]
    assert len(flat) > 3
    assert (flat[1:] == flat[1]).all()  # out at the next open, which is the last close here
    assert replayed.equity[-1] > replayed.unruled[-1]


def test_without_rules_it_is_the_market():
    """The control: what the tiers change is what they are for."""
    series = synthetic_market(["A", "B"], 60).bars
    replayed = replay(series, replace(NO_RULES, half_spread_bps=0.0))
    bought = np.stack([bars.close / bars.open[1] for bars in series.values()])
    sized = np.array([bars.open[1] / bars.close[0] for bars in series.values()])
    expected = 1 + (0.5 * sized[:, np.newaxis] * (bought - 1)).sum(axis=0)
    np.testing.assert_allclose(replayed.equity[1:], expected[1:], rtol=1e-12)
    assert replayed.changes == ()
    assert (replayed.held == 1).all()


def test_a_trade_costs_half_the_spread():
    costly = replay({"A": falling(0.0)}, replace(RULES, half_spread_bps=50.0))
    assert costly.equity[-1] == pytest.approx(1 - 0.005)


def test_a_sudden_hour_is_a_crash_and_a_slow_fall_is_none():
    generator = np.random.default_rng(4)
    calm = falling(0.0, n=300, start=299)
    walk = 100 * np.exp(generator.normal(0, 0.002, 300).cumsum())
    opened = np.concatenate([[100.0], walk[:-1]])
    bars = replace(
        calm, close=walk, open=opened, high=np.maximum(opened, walk) * 1.001, low=np.minimum(opened, walk) * 0.999
    )
    assert Speed.CRASH not in {one.fastest.speed for one in replay({"A": bars}, RULES).bursts}
    sudden = bars.low.copy()
    sudden[250] *= 0.92
    crashed = replay({"A": replace(bars, low=sudden)}, RULES)
    days = {one.ts_ns // DAY_NS for one in crashed.bursts if one.fastest.speed is Speed.CRASH}
    assert days == {int(bars.ts_close_ns[250]) // DAY_NS}


def test_the_same_seed_draws_the_same_minutes():
    bars = {"A": falling(0.02)}
    one, other, another = (replay(bars, replace(RULES, seed=seed)).bursts for seed in (1, 1, 2))
    assert repr(one) == repr(other)
    assert repr(one) != repr(another)


def test_the_future_never_changes_what_was_said():
    bars = falling(0.005)
    whole = replay({"A": bars}, RULES)
    cut = int(bars.ts_close_ns[40])
    part = replay({"A": bars.take(bars.ts_close_ns <= cut)}, RULES)
    assert part.changes == tuple(one for one in whole.changes if one[0] <= cut)
    np.testing.assert_array_equal(part.equity, whole.equity[:41])


def test_series_without_common_bars_are_refused():
    bars = falling(0.0)
    with pytest.raises(ValueError, match="A, B: 0 bars at common times, allowed are 2 or more"):
        replay({"A": bars.take(slice(0, 20)), "B": bars.take(slice(20, 60))}, RULES)
    with pytest.raises(ValueError, match="no series"):
        replay({}, RULES)


def test_the_report_names_each_tier_with_its_time_and_says_that_minutes_are_drawn():
    text = replay_report("A", replay({"A": falling(0.005)}, RULES)).splitlines()
    steps = [line for line in text if "enters" in line]
    assert [line.split()[2] for line in steps] == [str(action) for action in DOWN]
    assert all(line.split()[0].startswith("2012-01-") for line in steps)
    assert any("Brownian bridges" in line and "not recorded" in line for line in text)
    assert replay_report("A", replay({"A": falling(0.0)}, RULES)).count("none") == 2


# --- The crashes that were ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spy(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("crashes")
    catalog = Catalog(folder / "catalog")
    add_lean(catalog, lean_bars(shared_data, folder / "lean"), ["SPY"])
    return catalog


def crash(catalog: Catalog, first: date, last: date):
    times = [int(np.datetime64(day, "ns").astype(np.int64)) for day in (first, last)]
    return replay({"SPY": catalog.bar_columns("SPY.USA-1-HOUR-LAST-EXTERNAL", *times)}, RULES)


def first_entries(replayed):
    return list(dict.fromkeys(entered(replayed)))


def day_of(ts_ns: int) -> str:
    return str(np.datetime64(ts_ns, "ns"))[:10]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("first", "last", "flat"),
    [
        (date(2008, 8, 1), date(2008, 11, 1), "2008-10-02"),
        (date(2010, 4, 1), date(2010, 8, 1), "2010-06-30"),
        (date(2020, 1, 2), date(2020, 4, 1), "2020-02-28"),
    ],
)
def test_every_tier_speaks_in_order_and_the_book_is_out_before_the_worst(spy, first, last, flat):
    replayed = crash(spy, first, last)
    assert first_entries(replayed) == DOWN
    ts_ns, final = replayed.changes[-1]
    assert (final.tier.action, day_of(ts_ns)) == (TierAction.FLATTEN, flat)
    assert replayed.unruled.min() < replayed.equity.min() - 0.02  # the control: without rules it is worse
    assert (1 - replayed.equity / np.maximum.accumulate(replayed.equity)).max() < 0.13


@pytest.mark.shared_data
def test_the_flash_crash_is_the_fastest_fall_of_its_spring(spy):
    bursts = crash(spy, date(2010, 3, 1), date(2010, 8, 1)).bursts
    worst = max(bursts, key=lambda one: one.fastest.multiple)
    assert day_of(worst.ts_ns) == "2010-05-06"
    assert worst.fastest.speed is Speed.CRASH
    days = {day_of(one.ts_ns) for one in bursts if one.fastest.speed is Speed.CRASH}
    assert len(days) < 6  # of 105 sessions


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_script_prints_the_three_crashes(spy):
    command = [sys.executable, "backtests/risk_replay.py", "--catalog", str(spy.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("enters flatten") == 3
    assert done.stdout.count("TIERS") == 3

"""A walk tests each choice on days that it did not know, and begins and ends each test without positions."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from nautilus_ai_firm.data.errors import CatalogError
from nautilus_ai_firm.data.utc_days import day_ns, day_of
from nautilus_ai_firm.durations import DAY_NS
from nautilus_ai_firm.research.sweeps import walking
from nautilus_ai_firm.research.sweeps.plan import plan_sweep
from nautilus_ai_firm.research.sweeps.stitching import BPS, closed_at_end
from nautilus_ai_firm.research.sweeps.walked import WalkedForward
from nautilus_ai_firm.research.sweeps.walking import run_walk
from nautilus_ai_firm.research.sweeps.windows import windows_of
from nautilus_ai_firm.settings import ConfigError
from nautilus_ai_firm.settings.paths import with_values
from tests.firm_runs import run, synthetic_market
from tests.research.sweeps.conftest import ROUNDS, SPAN, SYMBOLS, sweep_file

WARM_UP = 45  # what the slowest model of the firm needs
FIRM = {"market.warm_up_rounds": WARM_UP}
WALK = {
    "walk_forward": {"train_days": 30, "test_days": 14, "purge_days": 2, "embargo_days": 1},
    "space": {SPAN: {"values": [10, 20]}},
}

type WriteSweep = Callable[..., Path]


@pytest.fixture(scope="module")
def walked(market: Path, tmp_path_factory: pytest.TempPathFactory) -> WalkedForward:
    folder = tmp_path_factory.mktemp("walk")
    plan = plan_sweep(sweep_file(folder, WALK, FIRM), market)
    return run_walk(plan, folder / "out", 1)


def test_windows_begin_after_the_warm_up_and_tests_follow_each_other(walked: WalkedForward) -> None:
    days = [day_of(int(number) * DAY_NS) for number in np.unique(walked.plan.rounds_ns // DAY_NS)]
    found = [one.dates for one in walked.windows]
    assert len(found) == 2
    assert found[0].train_start == days[WARM_UP + 1]  # the first day gave rounds to the warm-up
    place = {day: at for at, day in enumerate(days)}
    for one in found:
        assert place[one.train_end] - place[one.train_start] + 1 == 30 - 2
        assert place[one.test_start] - place[one.train_end] - 1 == 2 + 1
    for before, after in pairwise(found):
        assert place[after.test_start] == place[before.test_end] + 1


def test_every_test_is_a_backtest_of_its_choice_that_knows_enough_from_its_first_round(
    walked: WalkedForward, market: Path, tmp_path: Path
) -> None:
    one = walked.windows[1]
    assert one.chosen is not None
    assert one.test is not None
    base = walked.plan.loaded.base
    loaded = with_values(base, one.chosen.parameters, base.source)
    folder = run(loaded, market, tmp_path / "run", start=one.dates.test_start, end=one.dates.test_end)
    assert one.test.outcome.result_sha256 == folder.summary["result_sha256"]
    signals = folder.table("signals")
    first = signals[(signals["ts"] == signals["ts"].min()) & (signals["agent"] == "momentum")]
    assert np.isfinite(np.asarray(first["score"], np.float64)).all()
    assert len(folder.table("equity")) == len(one.test.outcome.daily_returns) == 9


def test_the_best_of_a_training_is_tested(walked: WalkedForward) -> None:
    for one in walked.windows:
        assert one.chosen is not None
        assert one.test is not None
        scores = [tried.outcome.figures["sharpe"] for tried in one.tried]
        assert one.chosen.outcome.figures["sharpe"] == max(score for score in scores if score is not None)
        assert one.test.parameters == one.chosen.parameters


def test_tests_begin_flat_and_pay_for_closing(walked: WalkedForward) -> None:
    stitched, costs = walked.stitched, walked.plan.loaded.base.firm.costs
    for place, one in enumerate(walked.windows):
        assert one.test is not None
        outcome, made = one.test.outcome, stitched.returns[stitched.windows == place]
        assert made[0] == 0.0  # decided at the first close, traded at the next open
        assert np.array_equal(made[:-1], outcome.daily_returns[:-1])
        assert outcome.gross_at_end > 0
        closing = outcome.gross_at_end * (costs.commission_bps + costs.half_spread_bps) / BPS
        assert made[-1] == pytest.approx((1 + outcome.daily_returns[-1]) * (1 - closing) - 1, abs=1e-15)
        assert made[-1] < outcome.daily_returns[-1]
    table = pq.read_table(walked.folder / "out_of_sample.parquet")
    assert table["equity"].to_numpy()[-1] == pytest.approx(1 + (walked.stitched.figures["total_return"] or 0))
    assert np.array_equal(np.unique(table["window"]), np.arange(len(walked.windows)) + 1)
    assert (np.diff(stitched.ends_ns) > 0).all()


def test_closing_nothing_costs_nothing(walked: WalkedForward) -> None:
    made = np.array([0.01, -0.02])
    assert closed_at_end(made, 0.0, walked.plan.loaded.base.firm.costs) == pytest.approx(made, abs=1e-15)


def first_window(folder: Path, market: Path) -> tuple[Any, ...]:
    folder.mkdir()
    one = run_walk(plan_sweep(sweep_file(folder, WALK, FIRM), market), folder / "out", 1).windows[0]
    assert one.test is not None
    return [tried.outcome.result_sha256 for tried in one.tried], one.test.parameters, one.test.outcome.result_sha256


def cut_after_first(walked: WalkedForward) -> int:
    rounds_ns = walked.plan.rounds_ns
    return int(rounds_ns[rounds_ns < day_ns(walked.windows[0].dates.test_end) + DAY_NS][-1])


def test_what_comes_after_a_window_changes_nothing_in_it(walked: WalkedForward, tmp_path: Path) -> None:
    cut = synthetic_market(SYMBOLS, ROUNDS).cut(cut_after_first(walked)).write(tmp_path / "cut")
    one = walked.windows[0]
    assert one.test is not None
    expected = [tried.outcome.result_sha256 for tried in one.tried], one.test.parameters, one.test.outcome.result_sha256
    assert first_window(tmp_path / "walk", cut) == expected


def test_a_training_that_sees_beyond_its_window_shows(
    walked: WalkedForward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = walking.windows_of
    monkeypatch.setattr(
        walking, "windows_of", lambda plan: [replace(dates, train_end=plan.end) for dates in honest(plan)]
    )
    cut = synthetic_market(SYMBOLS, ROUNDS).cut(cut_after_first(walked)).write(tmp_path / "cut")
    expected = [tried.outcome.result_sha256 for tried in walked.windows[0].tried]
    assert first_window(tmp_path / "walk", cut)[0] != expected


@pytest.mark.slow
def test_a_walk_goes_on_and_two_workers_show_what_one_shows(
    walked: WalkedForward, market: Path, tmp_path: Path, killed_after: Callable[[int, Callable[[], object]], None]
) -> None:
    plan = plan_sweep(sweep_file(tmp_path, WALK, FIRM), market)
    killed_after(3, lambda: run_walk(plan, tmp_path / "out", 1))
    again = run_walk(plan, tmp_path / "out", 2)
    assert again.resumed == 3
    assert again.result_sha256 == walked.result_sha256
    assert np.array_equal(again.stitched.returns, walked.stitched.returns)


@pytest.mark.parametrize(
    ("changes", "firm", "line"),
    [
        ({"walk_forward": WALK["walk_forward"]}, {"market.warm_up_rounds": 0}, "market.warm_up_rounds = 0"),
        ({"walk_forward": {"train_days": 90, "test_days": 14}}, {}, "69 days are too few"),
        (
            {"walk_forward": {"train_days": 30, "test_days": 5, "purge_days": 30}},
            {},
            "a training longer than its purge",
        ),
        ({}, {}, "walk_forward is missing"),
    ],
)
def test_windows_that_cannot_be_are_one_line(
    changes: dict[str, Any], firm: dict[str, Any], line: str, write_sweep: WriteSweep, market: Path
) -> None:
    with pytest.raises(ConfigError, match=line) as refused:
        windows_of(plan_sweep(write_sweep(changes, firm), market))
    assert "\n" not in str(refused.value)


def test_an_instrument_without_data_in_a_window_is_refused_before_anything_runs(tmp_path: Path) -> None:
    market = synthetic_market(SYMBOLS, ROUNDS)
    market.bars["B"] = market.bars["B"].take(slice(0, 60))
    plan = plan_sweep(sweep_file(tmp_path, WALK, FIRM), market.write(tmp_path / "market"))
    with pytest.raises(CatalogError, match=r"B\.US-1-DAY-LAST-EXTERNAL has no data from"):
        windows_of(plan)

"""Does the curve of other days meet a held-out day's VWAP: by hand, on drawn tapes, on real minutes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nautilus_ai_firm.data.session_volume import SessionVolume
from nautilus_ai_firm.research.vwap_report import tracking_report, verdict
from nautilus_ai_firm.research.vwap_tracking import day_interval, leave_one_out, synthetic_tape
from tests.firm_runs import ROOT

VWAP, CURVE, EVEN = range(3)
SIZE = {"participation": 0.02, "impact_coefficient": 1.0}


def tape(volume, price):
    volume, price = (np.asarray(values, dtype=np.float64) for values in (volume, price))
    dates = np.datetime64("2020-01-01", "D") + np.arange(len(volume))
    return SessionVolume(bin_minutes=195, dates=dates, volume=volume, value=volume * price, left_out=())


def volume_rows(report):
    """The second table of a report: shares and savings by series."""
    _, _, table = report.partition("volume error")
    lines = [line for line in table.splitlines()[1:] if "  " in line]
    return {line.split("  ")[0]: line.split("  ", 1)[1].split() for line in lines}


def mean_difference(found):
    sizes = np.abs(found.error_bps)
    return (sizes[:, CURVE] - sizes[:, EVEN]).mean()


def test_three_days_by_hand():
    """The others of the last day trade 3/4 of their volume first, and so does it: the curve meets its VWAP, 102.5.

    With two bins the algorithm has nothing to correct: what is left at the last one is all sent.
    """
    found = leave_one_out("A", tape([[3, 1], [6, 2], [3, 1]], [[100, 100], [100, 100], [100, 110]]), **SIZE)
    assert found.error_bps[:2] == pytest.approx(np.zeros((2, 3)))
    assert found.error_bps[2] == pytest.approx([0, 0, 1e4 * (105 / 102.5 - 1)])
    assert found.volume_error == pytest.approx(np.tile([0, 0, 0.25], (3, 1)))


def test_the_algorithm_corrects_the_curve_by_hand():
    """The others trade 10, 10, 20. Of 100 and 10, 10 the day has 100 in its first bin, and 40 are usual in all.

    Due in the first bin: a quarter. Known at the second: 100 of an expected (0.1 x 40 + 100) / (0.1 + 0.25) = 297.1, so
    that 100 + 297.1 / 4 of 100 + 297.1 x 3 / 4 are due, 0.5402.
    """
    day = tape([[10, 10, 20], [10, 10, 20], [100, 10, 10]], [[100, 100, 100], [100, 100, 100], [100, 110, 130]])
    found = leave_one_out("A", day, **SIZE)
    due = (100 + 104 / 0.35 / 4) / (100 + 104 / 0.35 * 3 / 4)
    paid = 0.25 * 100 + (due - 0.25) * 110 + (1 - due) * 130
    vwap = (100 * 100 + 10 * 110 + 10 * 130) / 120
    assert found.error_bps[2, VWAP] == pytest.approx(1e4 * (paid / vwap - 1), abs=1e-2)


def test_the_algorithm_knows_no_bin_that_is_not_over():
    """The volume of the last bin changes when nothing is sent any more by it: the schedule is the same."""
    usual = synthetic_tape(6, 13, 4.0, 3)
    price = usual.value / usual.volume
    shares = []
    for factor in (1.0, 50.0):
        volume = usual.volume.copy()
        volume[2, -1] *= factor
        one = leave_one_out("A", replace(usual, volume=volume, value=volume * price), **SIZE)
        shares.append((volume[2] * price[2]).sum() / volume[2].sum() * (1 + one.error_bps[2] / 1e4))
    assert shares[0] == pytest.approx(shares[1], rel=1e-12)


def test_impact_by_hand():
    """2 % of 400: slices of 6 and 2 on 300 and 100; evenly 4 and 4. Other days' bins move by 10 %, and by nothing."""
    found = leave_one_out("A", tape([[300, 100]] * 3, [[100, 100], [100, 100 * np.exp(0.1)], [100, 100]]), **SIZE)
    volatility = (0.1**2 / 2) ** 0.5
    assert found.impact_bps[1] == pytest.approx([0, 0, 0])
    even = (0.5 * (4 / 300) ** 0.5 + 0.5 * (4 / 100) ** 0.5) * volatility
    assert found.impact_bps[0] / 1e4 == pytest.approx([0.02**0.5 * volatility, 0.02**0.5 * volatility, even])


def test_where_volume_is_a_u_the_curve_is_better():
    found = leave_one_out("U", synthetic_tape(60, 78, 4.0, 1), **SIZE)
    sizes = np.abs(found.error_bps)
    for place in (VWAP, CURVE):
        _, high = day_interval(sizes[:, place] - sizes[:, EVEN], 1)
        assert high < 0
        assert (found.volume_error[:, place] < found.volume_error[:, EVEN]).mean() > 0.9


@pytest.mark.parametrize("seed", range(5))
def test_where_volume_is_even_the_curve_is_no_better(seed):
    """The control of the test above."""
    found = leave_one_out("flat", synthetic_tape(60, 78, 1.0, seed), **SIZE)
    assert abs(mean_difference(found)) < 0.2


def test_with_impact_coefficient_0_the_report_shows_no_impact_saving():
    shaped = synthetic_tape(20, 78, 4.0, 1)
    without = leave_one_out("U", shaped, participation=0.5, impact_coefficient=0.0)
    assert (without.impact_bps == 0).all()
    saved = [
        volume_rows(tracking_report([one], seed=1))["U"][-2:] for one in (without, leave_one_out("U", shaped, **SIZE))
    ]
    assert saved[0] == ["0.000", "0.000"]
    assert all(float(one) > 0.05 for one in saved[1])  # the control


def test_the_held_out_day_is_not_in_its_own_curve():
    """Another volume on one day leaves the price that its schedule gets as it was, and changes those of other days."""
    usual = synthetic_tape(6, 13, 4.0, 3)
    price = usual.value / usual.volume
    volume = usual.volume.copy()
    volume[2] = volume[2][::-1] ** 2
    other = replace(usual, volume=volume, value=volume * price)
    paid = [
        one.value.sum(axis=1) / one.volume.sum(axis=1) * (1 + leave_one_out("A", one, **SIZE).error_bps[:, CURVE] / 1e4)
        for one in (usual, other)
    ]
    assert paid[0][2] == pytest.approx(paid[1][2], rel=1e-12)
    assert (np.abs(np.delete(paid[0] - paid[1], 2)) > 1e-6).all()  # the control


def test_a_bin_without_volume_has_the_price_before():
    found = leave_one_out("A", tape([[4, 0, 4]] * 3, [[100, 0, 110]] * 3), **SIZE)
    assert found.error_bps[0, EVEN] == pytest.approx(1e4 * ((100 + 100 + 110) / 3 / 105 - 1))


def test_two_days_are_refused():
    with pytest.raises(ValueError, match="A: 2 sessions, allowed are 3 or more"):
        leave_one_out("A", tape([[1, 1]] * 2, [[1, 1]] * 2), **SIZE)


def test_the_interval_is_that_of_the_mean():
    differences = np.random.default_rng(1).normal(1, 2, 400)
    low, high = day_interval(differences, 1)
    error = differences.std() / 20
    assert (low, high) == pytest.approx(differences.mean() + 1.96 * error * np.array([-1, 1]), abs=0.1 * error)
    assert day_interval(np.full(7, 2.5), 1).tolist() == [2.5, 2.5]
    assert (day_interval(differences, 1) == (low, high)).all()


@pytest.mark.parametrize(
    ("days", "low", "high", "expected"),
    [(6, -2, -1, "better"), (6, -2, 1, "no better"), (6, 1, 2, "worse"), (5, -2, -1, "too few days")],
)
def test_a_verdict_needs_an_interval_on_one_side_and_days_enough(days, low, high, expected):
    assert verdict(days, low, high) == expected


def test_series_of_one_day_are_one_observation_of_all():
    shaped = leave_one_out("A", synthetic_tape(8, 13, 4.0, 1), **SIZE)
    rows = tracking_report([shaped, replace(shaped, name="B")], [replace(shaped, name="C")], seed=1).splitlines()
    assert [row.split()[:2] for row in rows[1:5]] == [["A", "8"], ["B", "8"], ["all", "8"], ["C", "8"]]
    assert len({tuple(row.split()[2:]) for row in rows[1:5]}) == 1


def lean_minutes(shared_data: Path, folder: Path) -> Path:
    """Trades by the minute alone: options and quotes of the same tickers take minutes to read."""
    lean = shared_data / "lean"
    usa = folder / "equity" / "usa"
    usa.mkdir(parents=True)
    (usa / "factor_files").symlink_to(lean / "equity" / "usa" / "factor_files")
    for place in ("equity/usa/minute/spy", "equity/usa/minute/bac", "equity/usa/minute/aapl", "future/cme/minute/es"):
        (folder / place).mkdir(parents=True)
        for path in (lean / place).glob("*_trade.zip"):
            (folder / place / path.name).symlink_to(path)
    return folder


@pytest.mark.slow
@pytest.mark.shared_data
def test_real_days_are_met_better_along_the_curve(shared_data: Path, tmp_path: Path):
    catalog, folder = str(tmp_path / "catalog"), lean_minutes(shared_data, tmp_path / "lean")
    firm = Path(sys.executable).with_name("firm")
    command = [str(firm), "catalog", "add", "lean", str(folder), "--symbols", "SPY,BAC,AAPL,ES", "--adjustment", "raw"]
    subprocess.run([*command, "--catalog", catalog], cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(
        [sys.executable, "backtests/vwap_tracking.py", "--catalog", catalog, "--impact-coefficient", "0"],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONHASHSEED": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    prices, _, volumes = done.stdout.partition("volume error")
    rows = {line.split("  ")[0]: line.split() for line in prices.splitlines()}
    days = {name: int(rows[name][1]) for name in ("SPY", "BAC", "AAPL", "ES", "all")}
    assert days == {"SPY": 6, "BAC": 6, "AAPL": 3, "ES": 13, "all": 17}
    assert "too few days" in " ".join(rows["AAPL"])
    shares = volume_rows(f"volume error{volumes}")
    for name in days:
        of_algorithm, of_curve, of_even, *saved = shares[name]
        assert max(float(of_algorithm), float(of_curve)) < float(of_even)
        assert saved == ["0.000", "0.000"]
    assert rows["all"].count("better") == 2
    assert "no" not in rows["all"]

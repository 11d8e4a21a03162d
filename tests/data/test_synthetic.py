"""Synthetic markets are reproducible, look like bars on sessions, and say that they are synthetic."""

from datetime import date

import numpy as np
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.series_faults import check_bars
from nautilus_ai_firm.data.synthetic import Kind, synthetic_bars, write_synthetic

KINDS: tuple[Kind, ...] = ("random_walk", "trending", "mean_reverting", "jump")


@pytest.mark.parametrize(("bar", "per_session"), [("1-DAY", 1), ("1-HOUR", 7), ("1-MINUTE", 390)])
def test_bars_fill_the_sessions(bar, per_session):
    series = synthetic_bars(("AAA",), 3, bar, seed=3)["AAA"]
    assert len(series) == 3 * per_session
    check_bars(series, "synthetic")


def test_half_days_are_shorter():
    series = synthetic_bars(("AAA",), 1, "1-HOUR", start=date(2013, 11, 29))["AAA"]
    assert len(series) == 4  # 9:30, 10, 11, 12
    assert str(series.ts_close_ns[-1].astype("datetime64[ns]"))[:16] == "2013-11-29T18:00"
    assert len(synthetic_bars(("AAA",), 1, "1-MINUTE", start=date(2013, 11, 29))["AAA"]) == 210


def test_bars_of_a_session_are_contiguous():
    series = synthetic_bars(("AAA",), 1, "1-MINUTE")["AAA"]
    assert (series.ts_open_ns[1:] == series.ts_close_ns[:-1]).all()


def test_a_symbol_does_not_depend_on_its_neighbours():
    alone, beside = synthetic_bars(("BBB",), 20, seed=5), synthetic_bars(("AAA", "BBB"), 20, seed=5)
    assert np.array_equal(alone["BBB"].close, beside["BBB"].close)
    assert not np.array_equal(beside["AAA"].close, beside["BBB"].close)
    assert not np.array_equal(synthetic_bars(("BBB",), 20, seed=6)["BBB"].close, alone["BBB"].close)


def test_moments_look_like_a_stock():
    series = synthetic_bars([f"S{i}" for i in range(20)], 1000, seed=7)
    returns = np.array([np.diff(np.log(columns.close)) for columns in series.values()])
    assert 0.2 < returns.std() * np.sqrt(252) < 0.3
    assert 0.1 < np.corrcoef(returns)[np.triu_indices(20, 1)].mean() < 0.3
    gaps = np.concatenate([np.log(columns.open[1:] / columns.close[:-1]) for columns in series.values()])
    assert 0.005 < gaps.std() < 0.015


def test_the_manifest_says_synthetic(tmp_path):
    catalog = Catalog(tmp_path)
    names = write_synthetic(catalog, synthetic_bars(("AAA", "BBB"), 5), venue="XNAS")
    assert list(names) == ["AAA.XNAS-1-DAY-LAST-EXTERNAL", "BBB.XNAS-1-DAY-LAST-EXTERNAL"]
    assert {catalog.record(name).provenance.source for name in names} == {"synthetic"}


def variance_ratio(kind: Kind, sessions: int = 20) -> float:
    """Variance of returns over some sessions in those of one, by kind: 1 without memory (Lo and MacKinlay, 1988)."""
    series = synthetic_bars([f"S{i}" for i in range(40)], 1000, seed=11, kind=kind)
    closes = np.log([columns.close for columns in series.values()])
    return float((closes[:, sessions:] - closes[:, :-sessions]).var() / np.diff(closes).var() / sessions)


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("random_walk", 0.8, 1.2), ("trending", 1.25, 4), ("mean_reverting", 0.0, 0.5)]
)
def test_each_kind_has_its_memory(kind, low, high):
    assert low < variance_ratio(kind) < high


def test_jumps_have_fat_tails():
    def kurtosis(kind: Kind) -> float:
        series = synthetic_bars([f"S{i}" for i in range(40)], 1000, seed=11, kind=kind)
        returns = np.concatenate([np.diff(np.log(columns.close)) for columns in series.values()])
        return float(((returns - returns.mean()) ** 4).mean() / returns.var() ** 2)

    assert kurtosis("random_walk") < 3.5
    assert kurtosis("jump") > 10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bar", ["1-DAY", "1-MINUTE"])
def test_every_kind_is_a_market_and_repeats_with_its_seed(kind, bar):
    first, again, other = (synthetic_bars(("AAA",), 5, bar, seed, kind=kind)["AAA"] for seed in (3, 3, 4))
    check_bars(first, kind)
    assert np.array_equal(first.close, again.close)
    assert not np.array_equal(first.close, other.close)

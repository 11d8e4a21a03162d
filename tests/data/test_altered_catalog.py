"""Another future: the past is the same to the bit, however it is read, and everything after it is gone or changed."""

from dataclasses import fields

import numpy as np
import pytest

from nautilus_ai_firm.data import reading
from nautilus_ai_firm.data.altered_catalog import AlteredCatalog, Future
from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import MacroRecord
from nautilus_ai_firm.data.series_faults import check_bars, check_observations
from tests.firm_runs import INDEX, synthetic_market

BARS = ("A.US-1-DAY-LAST-EXTERNAL", "B.US-1-DAY-LAST-EXTERNAL", f"{INDEX}-1-DAY-LAST-EXTERNAL")


@pytest.fixture(scope="module")
def market():
    return synthetic_market(("A", "B"), 80)


@pytest.fixture(scope="module")
def catalog(market, tmp_path_factory):
    return Catalog(market.write(tmp_path_factory.mktemp("market")))


@pytest.fixture(scope="module")
def after_ns(market):
    return int(market.closes()[50])


def altered(catalog, after_ns, seed: int | None = 1):
    return AlteredCatalog(catalog.path, Future(after_ns=after_ns, seed=seed))


def same(ours, theirs):
    return all(np.array_equal(getattr(ours, one.name), getattr(theirs, one.name)) for one in fields(ours))


@pytest.mark.parametrize("name", BARS)
@pytest.mark.parametrize("seed", [None, 1])
def test_bars_that_had_closed_stay_as_they_were(catalog, after_ns, name, seed):
    other = altered(catalog, after_ns, seed)
    assert same(other.bar_columns(name, 0, after_ns), catalog.bar_columns(name, 0, after_ns))
    assert len(other.bar_columns(name, 0, after_ns)) == 51
    assert len(other.bar_columns(name, after_ns + 1)) == (0 if seed is None else 29)


def test_later_bars_are_others_and_still_possible(catalog, after_ns):
    for name in BARS:
        ours, theirs = (one.bar_columns(name, after_ns + 1) for one in (catalog, altered(catalog, after_ns)))
        assert (ours.close != theirs.close).all()
        assert (ours.volume != theirs.volume).mean() > 0.9
        assert np.abs(np.log(theirs.close / ours.close)).max() < 0.07
        assert np.array_equal(ours.ts_close_ns, theirs.ts_close_ns)
        check_bars(theirs, name)


def test_another_seed_is_another_future_and_instruments_differ(catalog, after_ns):
    moves = [
        altered(catalog, after_ns, seed).bar_columns(name, after_ns + 1).close
        / catalog.bar_columns(name, after_ns + 1).close
        for seed, name in ((1, BARS[0]), (2, BARS[0]), (1, BARS[1]))
    ]
    assert not np.allclose(moves[0], moves[1])
    assert not np.allclose(moves[0], moves[2])


@pytest.mark.parametrize("name", ["wti", "credit_spread"])
def test_figures_are_known_from_their_publication(catalog, after_ns, name):
    ours = catalog.observation_columns(name)
    cut, other = (altered(catalog, after_ns, seed).observation_columns(name) for seed in (None, 1))
    known = ours.ts_init_ns <= after_ns
    assert 0 < known.sum() < len(known)
    assert same(cut, ours.take(known))
    assert same(other.take(known), ours.take(known))
    assert (other.value[~known] != ours.value[~known]).all()
    check_observations(other, name)


def test_a_future_does_not_depend_on_how_it_is_read(catalog, after_ns, monkeypatch):
    whole = altered(catalog, after_ns).bar_columns(BARS[0])
    closes = whole.ts_close_ns.tolist()
    monkeypatch.setattr(reading, "_KEPT_PARTS", 0)
    pieces = altered(catalog, after_ns)
    assert [pieces.bar_columns(BARS[0], one, one).close[0] for one in closes] == whole.close.tolist()
    window = pieces.window(BARS[:1], (), closes[60], closes[60])
    assert [bar.close.as_double() for bar in window.bars] == pytest.approx([whole.close[60]])


def test_rounds_end_where_the_future_is_cut(catalog, after_ns):
    assert altered(catalog, after_ns, None).close_times(BARS, 0, 2**62)[-1] == after_ns
    assert len(altered(catalog, after_ns).close_times(BARS, 0, 2**62)) == 80


def test_the_catalog_itself_is_not_touched(catalog, after_ns):
    before = catalog.sha256()
    altered(catalog, after_ns).bar_columns(BARS[0])
    assert Catalog(catalog.path).sha256() == before
    assert sum(Catalog(catalog.path).verify(name) for name in catalog.names()) > 0
    assert isinstance(catalog.record("wti"), MacroRecord)

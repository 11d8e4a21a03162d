"""Quotes of SPY by the minute and options on Apple by the hour, across its split of 9 June 2014, in real data."""

import io
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.definitions import load_definitions
from nautilus_ai_firm.data.lean import add_lean
from nautilus_ai_firm.messages import MarketSnapshot
from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes
from nautilus_ai_firm.runs.session_reading import read_session
from nautilus_ai_firm.settings import Loaded, decode
from tests.firm_runs import ROOT, raw_firm, run
from tests.live_runs import assert_replays

pytestmark = pytest.mark.shared_data

SPLIT = date(2014, 6, 9)
CHAIN = Path("option/usa/hour/aapl_2014_quote_american.zip")
EXPIRIES = ("20140606", "20140621")


def is_near(strike: float) -> bool:
    """Around the money before the split, or after it, where strikes are sevenths of those before."""
    return (600 <= strike <= 700 and strike % 10 == 0) or 86 <= strike <= 100


def firm(name: str, market: dict[str, Any]) -> Loaded:
    raw = raw_firm(("A",), macro=False)
    raw["market"] |= market
    raw["market"]["universe"][0]["id"] = name
    return decode(raw, "test")


def snapshots(loaded: Loaded, catalog: Path, folder: Path) -> list[MarketSnapshot]:
    run(loaded, catalog, folder, journal=True)
    assert_replays(folder)
    return read_session(folder).of("snapshot")


def test_each_minute_has_the_quote_that_the_file_ends_it_with(shared_data: Path, tmp_path: Path) -> None:
    lean, day = shared_data / "lean", date(2013, 10, 7)
    add_lean(Catalog(tmp_path / "catalog"), lean, ["SPY"], "raw")
    market = {"bar": "1-MINUTE", "quotes": True, "start": day, "end": day}
    found = snapshots(firm("SPY.USA", market), tmp_path / "catalog", tmp_path / "run")
    with zipfile.ZipFile(lean / "equity/usa/minute/spy/20131007_quote.zip") as archive:
        rows = pl.read_csv(io.BytesIO(archive.read(archive.namelist()[0])), has_header=False).to_numpy()
    midnight = int(np.datetime64("2013-10-07T04:00", "ns").astype(np.int64))  # in New York
    by_close = {midnight + int(row[0] + 60_000) * 1_000_000: row for row in rows}
    assert len(found) == 390
    for seen in found:
        row, quotes = by_close[seen.ts_event], seen.quotes
        assert quotes is not None
        assert quotes.fresh.all()
        told = [float(one[0]) for one in (quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size)]
        assert told == [row[4] / 10_000, row[5], row[9] / 10_000, row[10]]
        assert seen.session_close_ns - seen.session_open_ns == 390 * 60_000_000_000


@pytest.fixture(scope="module")
def apple(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Adjusted hours of Apple, the same as traded under another name, and the options around the money."""
    folder = tmp_path_factory.mktemp("apple")
    lean = folder / "lean"
    for part in ("equity/usa/hour/aapl.zip", "equity/usa/factor_files/aapl.csv"):
        (lean / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shared_data / "lean" / part, lean / part)
    catalog = Catalog(folder / "catalog")
    add_lean(catalog, lean, ["AAPL"], "raw", "RAW")
    (lean / CHAIN).parent.mkdir(parents=True)
    with zipfile.ZipFile(shared_data / "lean" / CHAIN) as whole, zipfile.ZipFile(lean / CHAIN, "w") as near:
        for name in whole.namelist():
            *_, strike, expiry = name.removesuffix(".csv").split("_")
            if expiry in EXPIRIES and is_near(int(strike) / 10_000):
                near.writestr(name, whole.read(name))
    definitions = load_definitions(ROOT / "nautilus_ai_firm" / "data" / "instruments.toml")
    add_lean(catalog, lean, ["AAPL"], definitions=definitions)
    return catalog.path


def chain_of(apple: Path, folder: Path, **changes: Any) -> list[MarketSnapshot]:
    market = {
        "bar": "1-HOUR",
        "inputs": ["AAPL.RAW"],
        "chains": [{"underlying": "AAPL.USA", "spot": "AAPL.RAW"}],
        "start": date(2014, 6, 6),
        "end": SPLIT,
    }
    return snapshots(firm("AAPL.USA", market | changes), apple, folder)


def test_strikes_before_and_after_the_split_never_stand_together(apple: Path, tmp_path: Path) -> None:
    found = chain_of(apple, tmp_path / "run")
    assert len(found) == 14
    for seen in found:
        (chain,) = seen.chains
        after = np.datetime64(seen.ts_event, "ns").astype("datetime64[D]") == np.datetime64(SPLIT)
        low, high = (86, 100) if after else (600, 700)
        assert low <= chain.strike.min() < chain.strike.max() <= high
        assert low < chain.spot < high
        assert 20 < seen.close[0] < 24, "adjusted prices are of another unit"
        assert len(chain.strike) > 10
        both = np.isfinite(chain.bid) & np.isfinite(chain.ask)
        assert both.mean() > 0.8
        assert (chain.bid[both] <= chain.ask[both]).all()


def test_the_test_above_finds_strikes_that_outlive_their_session(
    apple: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ChainQuotes.close
    monkeypatch.setattr(ChainQuotes, "close", lambda chain, ts, _open_ns, spot: honest(chain, ts, 1, spot))
    last = chain_of(apple, tmp_path / "run")[-1].chains[0]
    assert last.strike.min() < last.spot < 600 <= last.strike.max()


def test_a_call_less_its_put_is_worth_spot_less_strike(apple: Path, tmp_path: Path) -> None:
    """Put-call parity over two weeks without a dividend: spot, strikes and quotes are of one moment and one unit."""
    compared = 0
    for seen in chain_of(apple, tmp_path / "run"):
        (chain,) = seen.chains
        price = {
            key: (bid + ask) / 2
            for *key_parts, bid, ask in zip(
                chain.expiry_ns, chain.strike, chain.is_call, chain.bid, chain.ask, strict=True
            )
            for key in [tuple(key_parts)]
        }
        for (expiry_ns, strike, is_call), call in price.items():
            put = price.get((expiry_ns, strike, False), np.nan)
            if is_call and np.isfinite(call - put):
                assert call - put == pytest.approx(chain.spot - strike, abs=0.005 * chain.spot)
                compared += 1
    assert compared > 100


def test_what_expires_on_a_friday_is_gone_at_its_close(apple: Path, tmp_path: Path) -> None:
    friday = [seen.chains[0] for seen in chain_of(apple, tmp_path / "run", end=date(2014, 6, 6))]
    assert [len(set(chain.expiry_ns.tolist())) for chain in friday] == [2] * 6 + [1]


def test_without_prices_as_traded_the_spot_is_not_known(apple: Path, tmp_path: Path) -> None:
    found = chain_of(apple, tmp_path / "run", chains=[{"underlying": "AAPL.USA"}], inputs=[])
    assert all(np.isnan(seen.chains[0].spot) for seen in found)
    assert all(len(seen.chains[0].strike) for seen in found)

"""Quotes of SPY by the minute and options on Apple by the hour, across its split of 9 June 2014, in real data."""

import io
import shutil
import tomllib
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
from nautilus_ai_firm.messages import DecisionEvent, MarketSnapshot, RiskedDecision, RiskReport
from nautilus_ai_firm.models.market.chain_quotes import ChainQuotes
from nautilus_ai_firm.models.risk import held_options
from nautilus_ai_firm.runs.folder import Run
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


# --- Options held beside the firm -----------------------------------------------------------------------------------

STRESS = {
    "max_loss": 1.0,
    "scenarios": [
        {
            "name": "fall", "kind": "hypothetical", "description": "planned", "horizon_sessions": 1,
            "shocks": [{"instrument": "*", "move": -0.05, "volatility_points": 10.0}],
        },
    ],
}  # fmt: skip


def example() -> dict[str, Any]:
    """The table of options that stands commented out in the study of these options."""
    text = (ROOT / "configs/studies/aapl_options_hourly.toml").read_text(encoding="utf-8")
    block = text[text.index("# [risk.greeks]") :].partition("\n\n")[0]
    return tomllib.loads("\n".join(line.removeprefix("# ") for line in block.splitlines()))["risk"]["greeks"]


def held_run(apple: Path, folder: Path, greeks: Any) -> Run:
    """Apple after two years of history, with stress that limits nothing."""
    raw = raw_firm(("A",), {"risk.stress": STRESS, "risk.greeks": greeks, "risk.max_position": 1.0}, macro=False)
    raw["market"] |= {
        "bar": "1-HOUR",
        "inputs": ["AAPL.RAW"],
        "chains": [{"underlying": "AAPL.USA", "spot": "AAPL.RAW"}],
        "start": date(2014, 6, 6),
        "end": SPLIT,
        "warm_up_rounds": 3_500,
    }
    raw["market"]["universe"][0]["id"] = "AAPL.USA"
    return run(decode(raw, "test"), apple, folder, journal=True)


def reviews(result: Run) -> list[tuple[DecisionEvent, RiskedDecision, RiskReport]]:
    session = read_session(result.folder)
    return list(zip(session.of("decision"), session.of("risked"), session.of("risk_report"), strict=True))


def is_after_the_split(report: RiskReport) -> bool:
    return bool(np.datetime64(report.ts_event, "ns").astype("datetime64[D]") == np.datetime64(SPLIT))


def test_real_options_beside_the_firm_cut_its_decisions_and_change_its_stress(apple: Path, tmp_path: Path) -> None:
    """A hundred calls and fifty puts at the money: they leave the shares a weight of 100 (0.004 - their delta)."""
    bare, held = (reviews(held_run(apple, tmp_path / name, made)) for name, made in (("b", "off"), ("h", example())))
    cut = 0
    for (_, free, without), (decided, risked, report) in zip(bare[:7], held[:7], strict=True):
        options = report.options
        assert options is not None
        call, put = options.delta.tolist()
        assert 0.0025 < call < 0.0035, "0.39 to 0.55 a share of 645 dollars, in ten millions"
        assert -0.0016 < put < -0.0010
        assert (options.gamma > 0).all()
        assert (options.theta < 0).all()
        room = max(100 * (0.004 - call - put), decided.current[0])  # nothing is sold to bring it back
        if decided.weights[0] > room:
            assert risked.weights[0] == pytest.approx(room, rel=1e-9)
            assert [breach.rule for breach in risked.breaches] == ["max_position_delta"]
            assert free.weights[0] > risked.weights[0]
            cut += 1
        else:
            assert risked.weights[0] == decided.weights[0]
        gained = -5 * (call + put) + 12.5 * options.gamma.sum() + 10 * options.vega.sum()
        assert report.stress is not None
        assert without.stress is not None
        assert report.stress.losses[0] == pytest.approx(0.05 * risked.weights[0] - gained, rel=1e-9)
        assert abs(without.stress.losses[0] - 0.05 * free.weights[0]) < 1e-12
    assert cut >= 4


@pytest.mark.slow
def test_after_a_real_split_nothing_is_known_at_once_and_only_reductions_pass(
    apple: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = [one for one in reviews(held_run(apple, tmp_path / "run", example())) if is_after_the_split(one[2])]
    assert len(after) == 7
    for decision, risked, report in after:
        assert report.options is not None
        assert np.isnan(report.options.delta).all()
        assert report.stress is not None
        assert np.isnan(report.stress.losses).all()
        assert (np.abs(risked.weights) <= np.abs(decision.current)).all()
    # the control: where nobody sees the split, a call at 650 is worth nothing at a spot of 92, and that is believed
    monkeypatch.setattr(held_options, "_OTHER_UNIT", np.inf)
    blind = [one for one in reviews(held_run(apple, tmp_path / "blind", example())) if is_after_the_split(one[2])]
    first = blind[0][2].options
    assert first is not None
    assert abs(first.delta[0]) < 1e-9

"""What a configuration watches is found in the catalog, or refused in one line before anything runs."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import Listing
from nautilus_ai_firm.hosts import session
from nautilus_ai_firm.hosts.beginning import start_of
from nautilus_ai_firm.hosts.study import Stage, Study, prepare
from nautilus_ai_firm.runs.errors import RunError
from nautilus_ai_firm.runs.session_facts import Host
from nautilus_ai_firm.settings import ConfigError
from tests.firm_runs import PROVENANCE, settings
from tests.watched_market import SYMBOLS, WATCHES, WatchedMarket, watched_market


@pytest.fixture(scope="module")
def market() -> WatchedMarket:
    return watched_market()


@pytest.fixture(scope="module")
def catalog(market: WatchedMarket, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return market.write(tmp_path_factory.mktemp("watched") / "catalog")


def staged(catalog: Path, changes: dict[str, Any], **study: Any) -> Stage:
    return prepare(Study(loaded=settings(SYMBOLS, WATCHES | changes), catalog=catalog, **study))


def test_what_is_watched_is_found(catalog: Path, market: WatchedMarket) -> None:
    stage = staged(catalog, {})
    quoted = {one.instrument_id: one for one in stage.watching.beside.quotes}
    assert set(quoted) == {"A.US", "B.US", *market.contracts}
    assert quoted["A.US"].bid == "A.US-1-MINUTE-BID-EXTERNAL"
    assert [one.two_sided for one in stage.watching.beside.quotes] == [name in {"A.US", "B.US"} for name in quoted]
    assert stage.watching.spots == {"A.US": "A.US"}
    (terms,) = stage.universe.chains
    assert terms.names[:3] == ("A120109P00090000.US", "A120109C00090000.US", "A120109P00100000.US")
    assert terms.strike.tolist() == [90, 90, 100, 100, 110, 110] * 2
    assert sorted(set(terms.expiry_ns.tolist())) == [1_326_142_800_000_000_000, 1_329_512_400_000_000_000]
    assert [(one.name, one.kind, one.place) for one in stage.universe.events] == [
        ("fomc", "fomc", None),
        ("earnings__A-US", "earnings", 0),
        ("earnings__B-US", "earnings", 1),
    ]


def test_a_firm_that_watches_nothing_is_given_nothing(catalog: Path) -> None:
    stage = prepare(Study(loaded=settings(SYMBOLS, {"market.bar": "1-HOUR"}), catalog=catalog))
    assert stage.watching.names == []
    assert (stage.universe.quotes, stage.universe.events, stage.universe.chains) == (False, (), ())
    assert stage.feed.history == []


def test_the_finest_quotes_that_are_no_coarser_than_the_decision_bar_are_taken(
    market: WatchedMarket, tmp_path: Path
) -> None:
    catalog = Catalog(market.write(tmp_path))
    listing = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
    with catalog.update() as update:
        for side in ("BID", "ASK"):
            for size in ("1-DAY", "1-HOUR"):
                update.add_bars("A.US", size, market.bars["A"], listing, PROVENANCE, side)
        for name in [name for name in update.series if name.startswith("A.US-1-MINUTE")]:
            update.remove(name)
    found = {one.instrument_id: one.ask for one in staged(tmp_path, {}).watching.beside.quotes}
    assert found["A.US"] == "A.US-1-HOUR-ASK-EXTERNAL"
    assert found["B.US"] == "B.US-1-MINUTE-ASK-EXTERNAL"


def test_contracts_that_are_not_quoted_in_the_time_of_the_run_are_left_out(catalog: Path) -> None:
    (terms,) = staged(catalog, {"market.start": date(2012, 1, 11)}).universe.chains
    assert {name[1:7] for name in terms.names} == {"120217"}


def refused(catalog: Path, changes: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        staged(catalog, changes)
    return str(caught.value)


def test_an_instrument_without_quotes_is_refused(market: WatchedMarket, tmp_path: Path) -> None:
    sides = {key: bars for key, bars in market.sides.items() if key != ("B.US", "ASK")}
    catalog = replace(market, sides=sides).write(tmp_path)
    assert refused(catalog, {}) == (
        f"test: market.quotes = true, but {tmp_path} holds no bid and ask bars of B.US, of 1-HOUR or finer, "
        "in the time of the run"
    )
    assert staged(catalog, {"market.quotes": False}).universe.chains[0].names


def test_a_chain_without_contracts_is_refused(catalog: Path) -> None:
    assert refused(catalog, {"market.chains": [{"underlying": "B.US"}]}).startswith(
        f"test: market.chains[0].underlying = 'B.US', but {catalog} holds no bid and ask bars of options on B.US, of 1-"
    )


def test_events_that_the_catalog_does_not_hold_are_refused(catalog: Path) -> None:
    assert refused(catalog, {"market.events": ["fmoc"]}) == (
        f"test: market.events names 'fmoc', of which {catalog} holds no events (did you mean fomc?); "
        "its series of events: earnings__A-US, earnings__B-US, fomc"
    )
    assert "'wti', of which" in refused(catalog, {"market.events": ["wti"]})


LIMITS = dict.fromkeys(("max_delta", "max_gamma", "max_vega", "max_theta"), 0.01)


def holding(contract: str, **changes: Any) -> dict[str, Any]:
    held = [{"contract": contract, "quantity": 5}]
    return {"risk.greeks": {"rate_per_year": 0.0, "held": held, "position": LIMITS, "portfolio": LIMITS}} | changes


def test_an_option_that_is_held_beside_the_firm_is_found_in_its_chain(catalog: Path) -> None:
    stage = staged(catalog, holding("A120217C00100000.US"))
    (terms,) = stage.universe.chains
    assert terms.multiplier.tolist() == [100.0] * len(terms.names)
    assert "A120217C00100000.US" in terms.names


def test_an_option_that_is_held_beside_the_firm_and_that_nobody_can_value_is_refused(
    catalog: Path, market: WatchedMarket, tmp_path: Path
) -> None:
    where = "test: risk.greeks.held[0].contract = "
    allowed = f"(allowed: the 12 options on A.US of which {catalog} holds bid or ask bars in the time of the run)"
    assert refused(catalog, holding("A120217C00105000.US")).startswith(f"{where}'A120217C00105000.US' (did you mean")
    assert refused(catalog, holding("B120217C00100000.XX")).endswith(allowed)
    assert refused(catalog, holding("A.US")).startswith(f"{where}'A.US'")
    later = {"market.start": date(2012, 1, 11)}  # when it has expired
    assert "the 6 options on A.US" in refused(catalog, holding("A120109C00100000.US", **later))
    blind = holding("A120217C00100000.US", **{"market.quotes": False})
    assert refused(with_adjusted_bars(market, tmp_path), blind) == (
        f"{where}'A120217C00100000.US': A.US has no price as traded (allowed: options on an underlying whose prices "
        "are raw, or whose chain in market.chains has a spot)"
    )


def with_adjusted_bars(market: WatchedMarket, path: Path) -> Path:
    """The universe's prices adjusted, and A's as traded once more under another name."""
    catalog = Catalog(market.write(path))
    adjusted = replace_provenance("total_return")
    listing = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
    with catalog.update() as update:
        for name in list(update.series):
            if name.startswith(("A.US", "B.US")):
                update.remove(name)
        for symbol in SYMBOLS:
            update.add_bars(f"{symbol}.US", "1-HOUR", market.bars[symbol], listing, adjusted)
        update.add_bars("A.RAW", "1-HOUR", market.bars["A"], listing, PROVENANCE)
    return path


def replace_provenance(adjustment: Any) -> Any:
    return type(PROVENANCE)(
        source="adjusted", licence="none", source_sha256="0" * 64, adjustment=adjustment, as_of="2012-01-03", actions=()
    )


def test_adjusted_prices_are_no_spot_and_a_series_as_traded_is(market: WatchedMarket, tmp_path: Path) -> None:
    path = with_adjusted_bars(market, tmp_path)
    blind = {"market.quotes": False}
    stage = staged(path, blind)
    assert stage.watching.spots == {}
    assert stage.universe.chains[0].spot_place is None
    inputs = ["SPX.INDEX", "wti", "credit_spread", "A.RAW"]
    named = blind | {"market.inputs": inputs, "market.chains": [{"underlying": "A.US", "spot": "A.RAW"}]}
    (terms,) = staged(path, named).universe.chains
    assert (terms.spot_place, terms.spot_is_input) == (3, True)
    spoilt = blind | {"market.inputs": [*inputs, "B.US"], "market.chains": [{"underlying": "A.US", "spot": "B.US"}]}
    assert refused(path, spoilt) == (
        "test: market.chains[0].spot = 'B.US', whose prices are adjusted (total_return) "
        "(allowed: prices as traded, which strikes are compared with)"
    )


def test_a_session_is_not_resumed_on_other_quotes_or_events(
    market: WatchedMarket, catalog: Path, tmp_path: Path
) -> None:
    begun = start_of(staged(catalog, {}), "run", Host.SANDBOX)
    assert len(begun.contracts) == len(market.contracts)
    session._refuse_other_data(tmp_path, begun, staged(catalog, {}))
    one_less = {name: rows for name, rows in market.events.items() if name != "fomc"}
    other_events = replace(market, events=one_less | {"fomc": market.events["earnings__A-US"]})
    name = "B.US", "ASK"
    other_quotes = replace(market, sides=market.sides | {name: market.sides[name].take(slice(1, None))})
    for number, (other, named) in enumerate([(other_events, "fomc"), (other_quotes, "B.US-1-MINUTE-ASK-EXTERNAL")]):
        stage = staged(other.write(tmp_path / str(number)), {})
        with pytest.raises(RunError, match=f"cannot be resumed, {named} in "):
            session._refuse_other_data(tmp_path, begun, stage)

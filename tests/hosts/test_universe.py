"""What the firm cannot size is refused before anything runs."""

import pytest

from nautilus_ai_firm.data.catalog import Catalog
from nautilus_ai_firm.data.manifest import Contract, Listing, Provenance
from nautilus_ai_firm.data.synthetic import synthetic_bars
from nautilus_ai_firm.hosts.universe import universe_of
from nautilus_ai_firm.settings import ConfigError
from tests.firm_runs import ABSENT, settings

PROVENANCE = Provenance(
    source="test", licence="none", source_sha256="0", adjustment="raw", as_of="2012-03-28", actions=()
)


def test_a_contract_with_a_multiplier_is_refused_unless_no_order_in_it_can_leave(tmp_path):
    catalog = Catalog(tmp_path)
    future = Listing(
        instrument_class="FuturesContract",
        tradable=True,
        calendar="XNYS",
        contract=Contract(underlying="ES", multiplier="50", expiration="2012-12-21T14:30:00Z", asset_class="INDEX"),
    )
    share = Listing(instrument_class="Equity", tradable=True, calendar="XNYS")
    with catalog.update() as update:
        for symbol, listing in (("A", share), ("ESZ2", future)):
            update.add_bars(f"{symbol}.US", "1-DAY", synthetic_bars((symbol,), 20)[symbol], listing, PROVENANCE)
    assert universe_of(settings(("A",), macro=False).firm, catalog, "test").names == ("A.US",)
    with pytest.raises(ConfigError, match=r"^test: market.universe names ESZ2.US-1-DAY.*, 50 units a contract \(allo"):
        universe_of(settings(("ESZ2",), macro=False).firm, catalog, "test")
    one_limit = {"market.universe.max_order_value": ABSENT}
    with pytest.raises(ConfigError, match="50 units a contract"):
        universe_of(settings(("ESZ2",), one_limit, macro=False).firm, catalog, "test")
    no_limit = one_limit | {"market.universe.max_order_volume": ABSENT}
    assert universe_of(settings(("ESZ2",), no_limit, macro=False).firm, catalog, "test").names == ("ESZ2.US",)
